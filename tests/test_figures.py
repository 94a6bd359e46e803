"""Figures: what is on them, and that their files are the same each time."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from gluon_softmax import (
    Epoch,
    History,
    show_confusion_matrix,
    show_curves,
    show_fashion_mnist,
    show_predictions,
    show_templates,
)
from gluon_softmax.errors import ArgumentError, OutputError
from gluon_softmax.figures import WRONG, save
from mxnet import nd

CLASSES = [f"class {number}" for number in range(10)]


def texts(figure):
    """List every text on a figure."""
    return [text.get_text() for ax in figure.axes for text in ax.texts] + [
        ax.get_title() for ax in figure.axes
    ]


@pytest.mark.parametrize("shape", [(3, 28, 28, 1), (3, 1, 28, 28), (3, 784)])
def test_images_of_any_layout_stand_in_a_row(shape):
    """Each image is drawn as it is, with its text above it."""
    images = np.random.rand(*shape).astype("float32")
    figure = show_fashion_mnist(nd.array(images), ["a", "b", "c"], "some data")
    assert texts(figure) == ["a", "b", "c"]
    assert figure.get_suptitle() == "some data"
    drawn = figure.axes[1].images[0].get_array()
    np.testing.assert_allclose(drawn, images.reshape(3, 28, 28)[1])


def test_errors_are_marked():
    """A wrong prediction is red, framed and says what it is not."""
    images = np.zeros((2, 28, 28), dtype="uint8")
    figure = show_predictions(images, ["bag", "coat"], ["bag", "shirt"])
    right, wrong = figure.axes
    assert right.get_title() == "bag\nbag"
    assert wrong.get_title() == "coat\nnot shirt"
    assert wrong.title.get_color() == WRONG != right.title.get_color()
    assert wrong.spines["top"].get_linewidth() > right.spines["top"].get_linewidth()


@pytest.mark.parametrize(
    ("images", "labels"), [(2, ["only one"]), (0, []), (1, ["a", "b"])]
)
def test_texts_must_match_images(images, labels):
    """A text without an image, or an image without one, is refused."""
    with pytest.raises(ArgumentError, match="a text for each image"):
        show_fashion_mnist(np.zeros((images, 28, 28)), labels)


def test_predictions_need_as_many_names():
    """True and predicted names come in pairs."""
    with pytest.raises(ArgumentError, match="a text for each image"):
        show_predictions(np.zeros((2, 28, 28)), ["a", "b"], ["a"])


def test_curves_show_every_history():
    """Loss on the left, both accuracies on the right, named in a legend."""
    history = History([Epoch(1, 0.8, 0.7, 0.6, 1), Epoch(2, 0.5, 0.8, 0.7, 1)])
    left, right = show_curves({"one": history, "two": history}, "data").axes
    assert [line.get_label() for line in left.lines] == ["one", "two"]
    np.testing.assert_array_equal(left.lines[0].get_ydata(), [0.8, 0.5])
    labels = [text.get_text() for text in right.get_legend().get_texts()]
    assert labels == ["one, train", "one, test", "two, train", "two, test"]
    np.testing.assert_array_equal(right.lines[3].get_ydata(), [0.6, 0.7])
    widths = [line.get_linewidth() for line in left.lines]
    assert widths[0] > widths[1]  # so that a line that covers another hides none
    assert left.get_xlabel() == "epoch"
    assert "nats" in left.get_ylabel()


def test_templates_share_one_scale():
    """A row per net, an image per class, all on one scale around 0."""
    weights = {"small": np.ones((784, 10)), "large": -3 * np.ones((784, 10))}
    figure = show_templates(weights, CLASSES)
    templates = [ax for ax in figure.axes if ax.get_title() in CLASSES]
    assert len(templates) == 20
    assert {ax.images[0].get_clim() for ax in templates} == {(-3.0, 3.0)}


def test_confusion_matrix_counts():
    """Rows are true classes, columns predicted ones."""
    labels, predictions = np.array([0, 0, 1]), np.array([0, 1, 1])
    figure = show_confusion_matrix(labels, {"net": predictions}, ["cat", "dog"])
    counts = figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(counts, [[1, 1], [0, 1]])
    assert figure.axes[0].get_title() == "net: 0.667 right"
    assert figure.axes[0].get_ylabel() == "true class"


def test_files_are_the_same_each_time(tmp_path):
    """PNG and SVG are written whole, and a second run changes no byte."""
    contents = []
    for folder in ("one", "other"):
        figure = show_fashion_mnist(np.eye(28)[None], ["diagonal"])
        files = save(figure, tmp_path / folder / "row")
        assert [file.name for file in files] == ["row.png", "row.svg"]
        contents.append([file.read_bytes() for file in files])
    assert contents[0] == contents[1]
    assert contents[0][0].startswith(b"\x89PNG")
    assert b"<svg" in contents[0][1]


def test_unwritable_place_is_named(tmp_path):
    """A folder that is a file gives one line and leaves nothing."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        save(show_fashion_mnist(np.eye(28)[None], ["a"]), tmp_path / "file" / "row")


def test_a_notebook_shows_a_figure_by_itself():
    """IPython draws a figure as PNG, though pyplot was never loaded."""
    from IPython.core.formatters import DisplayFormatter

    figure = show_fashion_mnist(np.eye(28)[None], ["a"])
    data, _ = DisplayFormatter().format(figure)
    assert data["image/png"].startswith(b"\x89PNG")


def test_pyplot_stays_out():
    """No figure function goes through pyplot's global state."""
    import gluon_softmax.figures

    assert "plt" not in vars(gluon_softmax.figures)
    assert "matplotlib.pyplot" not in str(vars(sys.modules["gluon_softmax.figures"]))
