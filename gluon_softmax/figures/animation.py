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
from matplotlib.figure import Figure

from ..errors import ArgumentError
from ..history import Callback
from ..storage.atomic import replacing
from .drawing import COLOURS
from .live import average

__all__ = ["FORMATS", "Frame", "Recorder", "check_path", "save_animation"]

FORMATS = (".gif", ".mp4", ".html")
FRAMES = 60
"""About so many frames, however long the training."""
FRAMES_PER_SECOND = 10


class Frame(NamedTuple):
    """The state of a training at one moment.

    Attributes
    ----------
    epoch : float
        How many epochs have passed, with the share of the one under way.
    loss, acc : float
        Mean of the batches since the last frame.
    weights : numpy.ndarray
        Shape (784, classes).
    """

    epoch: float
    loss: float
    acc: float
    weights: np.ndarray


class Recorder(Callback):
    """Keeps frames of a training.

    Parameters
    ----------
    weights : callable
        Returns the weights (784, classes) as they are now.

    Attributes
    ----------
    frames : list of Frame
    """

    def __init__(self, weights: Callable[[], np.ndarray]):
        self._weights = weights
        self.frames: list[Frame] = []

    def on_train_begin(self, progress) -> None:
        """Spread the frames over the whole training."""
        self._total = progress.num_epochs * progress.num_batches
        self._every = math.ceil(self._total / FRAMES)
        self._seen = 0

    def on_batch_end(self, progress) -> None:
        """Keep a frame where it is time for one, and of the last batch."""
        done = (progress.epoch - 1) * progress.num_batches + progress.batch
        if done % self._every == 0 or done == self._total:
            self._keep(progress, done)

    def on_epoch_end(self, progress) -> None:
        """Begin to count batches anew."""
        self._seen = 0

    def _keep(self, progress, done: int) -> None:
        """Keep a frame, with the mean of the batches since the last one."""
        new = progress.read()[self._seen :]
        self._seen += len(new)
        weights = np.array(self._weights())
        self.frames.append(Frame(done / progress.num_batches, *average(new), weights))


def check_path(path: str | os.PathLike[str]) -> None:
    """Check, before any training, that an animation could be written to a file.

    Parameters
    ----------
    path : path

    Raises
    ------
    ArgumentError
        If its suffix names no format, or the program that writes it is missing.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise ArgumentError(
            f"expected an animation's file to end in {', '.join(FORMATS)}, found "
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
    """Write frames as an animation: the ten templates above the curves.

    Parameters
    ----------
    frames : sequence of Frame
    classes : sequence of str
        The name of each class.
    path : path
        Ends in .gif, .mp4 (needs ffmpeg) or .html (one file, with buttons).
    title : str, optional
        What to write above.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    ArgumentError
        As `check_path` raises it.
    OutputError
        If the file cannot be written.
    """
    check_path(path)
    stage = _Stage(frames, classes, title)
    film = animation.FuncAnimation(
        stage.figure, stage.draw, frames, interval=1000 / FRAMES_PER_SECOND
    )
    with replacing(path) as temporary:
        if temporary.suffix.lower() == ".html":
            _write_page(film, temporary)
        else:
            writer = "pillow" if temporary.suffix.lower() == ".gif" else "ffmpeg"
            _save_film(film, temporary, writer)
    return Path(path)


def _save_film(film: animation.Animation, path: Path, writer: str) -> None:
    """Let Pillow or ffmpeg write; that one fails in another process."""
    try:
        film.save(path, writer, FRAMES_PER_SECOND, dpi=80)
    except subprocess.CalledProcessError as error:
        raise OSError(f"{writer} ended with exit code {error.returncode}") from error


def _write_page(film: animation.Animation, path: Path) -> None:
    """Write one page that holds all frames and the buttons to play them."""
    megabytes = {"animation.embed_limit": 100, "savefig.dpi": 80}
    with matplotlib.rc_context(megabytes):
        page = film.to_jshtml(default_mode="once")
    head = '<!doctype html><meta charset="utf-8"><title>Training</title>'
    path.write_text(f"{head}\n{page}", encoding="utf-8")


class _Stage:
    """The figure that all frames are drawn in."""

    def __init__(self, frames: Sequence[Frame], classes: Sequence[str], title: str):
        self.figure = Figure(figsize=(10, 5.6), layout="constrained")
        above, below = self.figure.subfigures(2, 1, height_ratios=(1, 1))
        limit = max(np.abs(frame.weights).max() for frame in frames)
        self._pictures = _make_templates(above, classes, frames[-1].weights, limit)
        self._points = np.array([frame[:3] for frame in frames])
        self._lines = _make_curves(below, self._points)
        self._title, self._number = title, {id(f): n for n, f in enumerate(frames, 1)}
        self.draw(frames[-1])
        self.figure.draw_without_rendering()  # lays all out, once for all frames
        self.figure.set_layout_engine("none")

    def draw(self, frame: Frame) -> list:
        """Bring the figure to one frame."""
        for picture, template in zip(self._pictures, frame.weights.T):
            picture.set_data(_to_square(template))
        epoch, *figures = self._points[: self._number[id(frame)]].T
        for line, values in zip(self._lines, figures):
            line.set_data(epoch, values)
        self.figure.suptitle(f"{self._title}: epoch {frame.epoch:.1f}", fontsize=11)
        return [*self._pictures, *self._lines]


def _to_square(template: np.ndarray) -> np.ndarray:
    """Return the weights of one class as the pixels lie."""
    side = math.isqrt(template.size)
    return template.reshape(side, side)


def _make_templates(
    figure, classes: Sequence[str], weights: np.ndarray, limit: float
) -> list:
    """Make the pictures of the classes' weights, all on one scale of colours."""
    axes = figure.subplots(2, -(-len(classes) // 2)).ravel()
    pictures = []
    for ax, name, template in zip(axes, classes, weights.T):
        ax.set_title(name, fontsize=9)
        square = _to_square(template)
        pictures.append(ax.imshow(square, "RdBu_r", vmin=-limit, vmax=limit))
    for ax in axes:
        ax.axis("off")
    figure.colorbar(pictures[0], ax=axes, label="weight (per pixel, 0-1)")
    return pictures


def _make_curves(figure, points: np.ndarray) -> list:
    """Make the axes that all points fit in, and two empty lines."""
    lines, (epoch, *figures) = [], points.T
    labels = (
        "training loss\n(nats per sample)",
        "training accuracy\n(share of images)",
    )
    for ax, values, label, colour in zip(
        figure.subplots(1, 2), figures, labels, COLOURS
    ):
        ax.set(xlim=(0, epoch.max()), xlabel="epoch", ylabel=label)
        ax.set_ylim(values.min() * 0.98, values.max() * 1.02)
        ax.grid(alpha=0.3)
        lines += ax.plot([], [], color=colour, marker=".", markersize=3)
    return lines
