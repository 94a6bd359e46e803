"""The command `gluon-softmax compare`: what it leaves, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from gluon_softmax.commands.main import main
from gluon_softmax.data import mnist
from gluon_softmax.data.labels import get_fashion_mnist_labels
from gluon_softmax.data.synthetic import SyntheticFashion
from gluon_softmax.models.comparison_file import read_comparison
from gluon_softmax.models.model import load_model
from matplotlib import font_manager
from PIL import Image

QUICK = ["compare", "--num-epochs", "2", "--batch-size", "50"]


@pytest.fixture
def untrained(tmp_path, monkeypatch):
    """Work in an empty folder, where nothing may be loaded or trained."""
    monkeypatch.chdir(tmp_path)
    for place in ("compare.run_comparison", "data.mnist.FashionMNIST"):
        monkeypatch.setattr(
            f"gluon_softmax.{place}", lambda *_, **__: pytest.fail("too late")
        )
    return tmp_path


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Let Fashion-MNIST be a few drawn garments; keep figures, which take seconds."""
    from gluon_softmax.figures import output

    kept = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        mnist,
        "FashionMNIST",
        lambda root, train: SyntheticFashion(train, num_images=300 if train else 100),
    )
    monkeypatch.setattr(output, "save", lambda figure, path: kept.append(figure) or [])
    return kept


def test_numbers_and_models_can_be_read_back(small, capsys):
    """They are of one training, and the epochs are those that were printed."""
    assert main(QUICK) == 0
    saved = read_comparison("comparison/comparison.json")
    out = capsys.readouterr().out.splitlines()
    for name, history in saved.histories.items():
        assert [f"{name}: {epoch}" for epoch in history] == [
            line for line in out if line.startswith(f"{name}: ")
        ]
    model = load_model("comparison/model-gluon.npz")
    X = model.scale(mnist.FashionMNIST(None, train=False).images).reshape(-1, 784)
    predicted = (X @ model.params["W"] + model.params["b"]).argmax(axis=1)
    labels = mnist.FashionMNIST(None, train=False).labels
    assert saved.histories["Gluon"][-1].test_acc == np.mean(predicted == labels)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_figures_name_the_classes(language, small, request):
    """In English, or in Chinese in a font that has the characters."""
    if language == "zh":
        request.getfixturevalue("chinese_font")
    assert main([*QUICK, "--language", language]) == 0
    titles = [
        {line for ax in figure.axes for line in ax.get_title().split("\n")}
        for figure in small
    ]
    names = set(get_fashion_mnist_labels(range(10), language))
    assert any(names <= found for found in titles)
    other = set(get_fashion_mnist_labels(range(10), "zh" if language == "en" else "en"))
    assert not any(other & found for found in titles)
    ticks = small[-1].axes[0].get_yticklabels()
    assert {tick.get_text() for tick in ticks} == names
    classes = load_model("comparison/model-gluon.npz").classes
    assert classes == tuple(get_fashion_mnist_labels(range(10)))


@pytest.mark.slow
def test_an_animation_shows_the_first_version(small, capsys):
    """Its last template is the trained one; the file is said to be written last."""
    assert main([*QUICK, "--animate", "new/film.gif"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "wrote new/film.gif"
    with Image.open("new/film.gif") as film:
        assert film.n_frames == 12  # one for each batch


def test_the_last_frame_has_the_trained_weights(small, monkeypatch):
    """What the recorder keeps is of the version from scratch."""
    kept = []

    def save_animation(frames, classes, path, title):
        kept.extend([frames, classes, title])
        return path

    monkeypatch.setattr(
        "gluon_softmax.figures.animation.save_animation", save_animation
    )
    assert main([*QUICK, "--animate", "film.gif"]) == 0
    frames, classes, title = kept
    trained = load_model("comparison/model-scratch.npz")
    np.testing.assert_array_equal(frames[-1].weights, trained.params["W"])
    assert (frames[0].weights != frames[-1].weights).any()
    assert tuple(classes) == trained.classes
    assert title.endswith(", from scratch")
    epochs = json.loads(Path("comparison/comparison.json").read_text())["histories"]
    assert frames[-1].loss == pytest.approx(epochs["from scratch"][-1]["loss"], rel=0.2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--animate", "film.avi"], "to end in .gif, .mp4, .html, found 'film.avi'"),
        (["--animate", "film"], "to end in .gif, .mp4, .html, found 'film'"),
        (["--animate", "film.mp4"], "film.mp4: ffmpeg, which writes .mp4, is not inst"),
        (["--language", "zh"], "no font with Chinese characters is installed"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_training(
    arguments, message, untrained, monkeypatch, capsys
):
    """One line, exit code 2, and nothing written."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    assert main(["compare", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("gluon-softmax: ")
    assert message in error
    assert error.count("\n") == 1
    assert not list(untrained.iterdir())
