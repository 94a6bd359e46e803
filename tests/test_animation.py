"""Animations: the frames of a training, and the files they are saved as."""

from __future__ import annotations

import re
import subprocess

import numpy as np
import pytest
from gluon_softmax import Epoch, Progress
from gluon_softmax.errors import OutputError
from gluon_softmax.figures.animation import Frame, Recorder, _Stage, save_animation
from PIL import Image

CLASSES = [f"class {number}" for number in range(10)]


def make_frames(count=3):
    return [
        Frame(n / 2, 1 / n, 0.5 + n / 10, np.random.randn(784, 10))
        for n in range(1, count + 1)
    ]


def record(num_epochs, num_batches, losses=None):
    """Let a recorder see a training, whose weights count the batches."""
    weights = np.zeros((784, 10))
    recorder = Recorder(lambda: weights)
    progress = Progress(num_epochs, num_batches, callbacks=[recorder])
    losses = losses or [1.0] * num_epochs * num_batches
    with progress.training():
        for number in range(1, num_epochs + 1):
            progress.begin_epoch(number)
            for _ in range(num_batches):
                weights += 1
                l = np.full(10, losses[int(weights[0, 0]) - 1])
                progress.add(np.ones(10), np.zeros(10), np.eye(10), l)
            progress.end_epoch(Epoch(number, 0.5, 0.5, 0.5, 0.1))
    return recorder.frames


@pytest.mark.parametrize(
    ("num_epochs", "num_batches", "count"),
    [(1, 235, 59), (50, 235, 60), (1, 3, 3), (100, 2, 50), (3, 21, 32)],
)
def test_frames_spread_over_the_training(num_epochs, num_batches, count):
    """About 60, in order, the last one of the trained weights."""
    frames = record(num_epochs, num_batches)
    epochs = [frame.epoch for frame in frames]
    assert epochs == sorted(set(epochs))
    assert len(frames) == count
    assert epochs[-1] == num_epochs
    for frame in frames:
        assert frame.weights[0, 0] == round(frame.epoch * num_batches)


@pytest.mark.parametrize(("num_epochs", "num_batches"), [(60, 4), (1, 240)])
def test_a_frame_is_the_mean_since_the_last_one(num_epochs, num_batches):
    losses = [1.0, 2.0, 2.0, 2.0, *[5.0] * 236]
    frames = record(num_epochs, num_batches, losses)
    assert [frame[1:3] for frame in frames[:2]] == [(1.75, 0.1), (5.0, 0.1)]


def test_a_gif_plays_every_frame(tmp_path):
    """Pillow finds as many pictures, of one size, the first unlike the last."""
    path = save_animation(make_frames(), CLASSES, tmp_path / "new" / "film.gif", "data")
    with Image.open(path) as film:
        assert (film.format, film.n_frames, film.size) == ("GIF", 3, (800, 448))
        pictures = []
        for number in range(3):
            film.seek(number)
            assert film.info["duration"] == 100
            pictures.append(np.asarray(film.convert("L"), int))
    changed = abs(pictures[0] - pictures[2]).max(axis=1) > 30  # by row
    assert changed[: len(changed) // 2].any()  # the templates
    assert changed[len(changed) // 2 :].any()  # the curves


def test_a_page_holds_all_it_needs(tmp_path):
    """One file with the pictures in it, buttons, and a title."""
    path = save_animation(make_frames(), CLASSES, tmp_path / "film.html")
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert len(re.findall(r'frames\[\d+\] = "data:image/png;base64', page)) == 3
    assert "<button" in page
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
@pytest.mark.needs("ffmpeg")
def test_ffmpeg_writes_a_film(tmp_path):
    """As long as its frames, and what players know."""
    path = save_animation(make_frames(5), CLASSES, tmp_path / "film.mp4")
    assert path.read_bytes()[4:8] == b"ftyp"
    command = ["ffmpeg", "-i", str(path), "-f", "null", "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert "Duration: 00:00:00.50" in told
    assert re.search(r"h264.*800x448", told)


def test_a_failing_ffmpeg_gets_one_line(tmp_path, monkeypatch):
    (tmp_path / "ffmpeg").write_text("#!/bin/sh\ncat > /dev/null\nexit 7\n")
    (tmp_path / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(OutputError, match="ffmpeg ended with exit code 7") as caught:
        save_animation(make_frames(1), CLASSES, tmp_path / "film.mp4")
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


def test_all_templates_are_on_one_scale_and_upright():
    """Red for what speaks for a class; curves up to the frame shown."""
    frames = make_frames()
    stage = _Stage(frames, CLASSES, "data")
    stage.draw(1)
    *templates, _, left, right = stage.figure.axes
    limit = max(abs(frame.weights).max() for frame in frames)
    for number, ax in enumerate(templates):
        (picture,) = ax.images
        assert picture.get_clim() == (-limit, limit)
        expected = frames[1].weights[:, number].reshape(28, 28)
        np.testing.assert_array_equal(picture.get_array(), expected)
        assert ax.get_title() == f"class {number}"
    np.testing.assert_allclose(left.lines[0].get_data(), [(0.5, 1.0), (1, 0.5)])
    np.testing.assert_allclose(right.lines[0].get_data(), [(0.5, 1.0), (0.6, 0.7)])
    assert stage.figure.get_suptitle() == "data: epoch 1.0"
