"""How templates and curves grow while softmax regression trains, as an animation."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib import animation

from ..errors import ArgumentError
from ..history import Callback
from ..storage.atomic import replacing
from .images import to_pictures
from .live import MeanSince
from .style import COLOURS, as_text, make_figure

__all__ = ["Frame", "Recorder", "check_path", "save_animation"]

SUFFIXES = (".gif", ".mp4", ".html")
MOST_FRAMES = 60
"""About so many frames, however long the training."""
FRAMES_PER_SECOND = 10


class Frame(NamedTuple):
    """A training after so many epochs, with the means of the batches since the last.

    The weights have the shape (784, classes).
    """

    epoch: float
    loss: float
    acc: float
    weights: np.ndarray


class Recorder(Callback):
    """Keeps `frames` of a training; asks for the weights (784, classes) at each."""

    def __init__(self, weights: Callable[[], np.ndarray]):
        self._weights = weights
        self.frames: list[Frame] = []

    def on_train_begin(self, progress) -> None:
        """Spread the frames over the whole training."""
        self._total = progress.num_epochs * progress.num_batches
        self._every = math.ceil(self._total / MOST_FRAMES)
        self._since = MeanSince()

    def on_batch_end(self, progress) -> None:
        """Keep a frame where it is time for one, and of the last batch."""
        if progress.done % self._every == 0 or progress.done == self._total:
            figures, weights = self._since.read(progress), np.array(self._weights())
            self.frames.append(Frame(*figures, weights))


def check_path(path: str | os.PathLike[str]) -> None:
    """Check, before any training, that an animation could be written to a file."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ArgumentError(
            f"expected an animation's file to end in {', '.join(SUFFIXES)}, found "
            f"{str(path)!r}"
        )
    if suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise ArgumentError(
            f"{path}: ffmpeg, which writes .mp4, is not installed: install it "
            "(Debian: apt-get install ffmpeg), or choose .gif or .html"
        )


def save_animation(
    frames: Sequence[Frame],
    classes: Sequence[str],
    path: str | os.PathLike[str],
    title: str = "",
) -> Path:
    """Write frames as an animation, the templates above the curves; return its path.

    A .gif or .mp4 is a film; .html is a page that holds all frames and has buttons.
    """
    check_path(path)
    stage = _Stage(frames, classes, title)
    film = animation.FuncAnimation(
        stage.figure, stage.draw, len(frames), interval=1000 / FRAMES_PER_SECOND
    )
    with replacing(path) as temporary:
        _write(film, temporary)
    return Path(path)


def _write(film: animation.Animation, path: Path) -> None:
    """Write a page, or let Pillow or ffmpeg write; that one fails by its exit code."""
    if path.suffix.lower() == ".html":
        with matplotlib.rc_context({"animation.embed_limit": 100, "savefig.dpi": 80}):
            page = film.to_jshtml(default_mode="once")
        head = '<!doctype html><meta charset="utf-8"><title>Training</title>'
        path.write_text(f"{head}\n{page}", encoding="utf-8")
        return
    writer = "pillow" if path.suffix.lower() == ".gif" else "ffmpeg"
    options = ["-xerror"] if writer == "ffmpeg" else None  # a full disk is one
    try:
        film.save(path, writer, FRAMES_PER_SECOND, dpi=80, extra_args=options)
    except subprocess.CalledProcessError as error:
        raise OSError(f"{writer} ended with exit code {error.returncode}") from error


class _Stage:
    """The figure that all frames are drawn in."""

    def __init__(self, frames: Sequence[Frame], classes: Sequence[str], title: str):
        self.figure = make_figure(10, 5.6, title)
        self._title = self.figure.get_suptitle()
        above, below = self.figure.subfigures(2, 1, height_ratios=(1, 1))
        self._templates = np.stack([to_pictures(frame.weights.T) for frame in frames])
        self._points = np.array([frame[:3] for frame in frames])
        self._pictures = _make_pictures(above, classes, self._templates)
        self._lines = _make_lines(below, self._points)
        self.draw(-1)
        self.figure.draw_without_rendering()  # lays all out, once for all frames
        self.figure.set_layout_engine("none")

    def draw(self, number: int) -> list:
        """Update the figure to one frame."""
        epoch, *figures = self._points[: number % len(self._points) + 1].T
        for picture, template in zip(self._pictures, self._templates[number]):
            picture.set_data(template)
        for line, values in zip(self._lines, figures):
            line.set_data(epoch, values)
        self.figure.suptitle(f"{self._title}: epoch {epoch[-1]:.1f}", fontsize=11)
        return [*self._pictures, *self._lines]


def _make_pictures(figure, classes: Sequence[str], templates: np.ndarray) -> list:
    """Make a picture of each class for the templates (frames, classes, side, side)."""
    axes = figure.subplots(2, -(-len(classes) // 2)).ravel()
    limit = np.abs(templates).max()
    pictures = []
    for ax, name, template in zip(axes, classes, templates[-1]):
        ax.set_title(as_text(name), fontsize=9)
        pictures.append(ax.imshow(template, "RdBu_r", vmin=-limit, vmax=limit))
    for ax in axes:
        ax.axis("off")
    figure.colorbar(pictures[0], ax=axes, label="weight (per pixel, 0-1)")
    return pictures


def _make_lines(figure, points: np.ndarray) -> list:
    """Make two empty lines, on axes that all points (epoch, loss, accuracy) fit in."""
    epoch, *columns = points.T
    names = "training loss\n(nats per sample)", "training accuracy\n(share of images)"
    lines = []
    for ax, values, name, colour in zip(figure.subplots(1, 2), columns, names, COLOURS):
        ax.set(xlim=(0, epoch.max()), xlabel="epoch", ylabel=name)
        ax.set_ylim(values.min() * 0.98, values.max() * 1.02)
        ax.grid(alpha=0.3)
        lines += ax.plot([], [], color=colour, marker=".", markersize=3)
    return lines
