"""Figures: what is on them, and that their files are the same each time."""

from __future__ import annotations

import sys
from io import BytesIO
from types import SimpleNamespace

import gluon_softmax
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
from gluon_softmax.figures.drawing import (
    COLOURS,
    WRONG,
    present,
    save,
    show_live_curves,
    show_probabilities,
)
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


def test_probabilities_stand_beside_their_image():
    """A row per image: a bar for every class, the longest one marked, all labelled."""
    images = np.random.randint(0, 256, (2, 28, 28)).astype("uint8")
    probabilities = np.array([[0.2, 0.7, 0.1], [0.05, 0.05, 0.9]])
    classes = ["cat", "dog", "emu"]
    figure = show_probabilities(images, ["a", "$b$\\q"], probabilities, classes, "net")
    figure.savefig(BytesIO())  # a name that is no mathematics
    left, right = figure.axes[2:]
    assert left.get_title() == "$b$\\q"
    np.testing.assert_array_equal(left.images[0].get_array(), images[1])
    assert left.images[0].get_clim() == (0, 255)
    assert [bar.get_width() for bar in right.patches] == [0.05, 0.05, 0.9]
    assert [tick.get_text() for tick in right.get_yticklabels()] == classes
    assert right.yaxis_inverted()  # the first class is on top
    assert [text.get_text() for text in right.texts] == ["0.050", "0.050", "0.900"]
    hatches = [bar.get_hatch() for bar in right.patches]
    assert hatches == [None, None, "//"]
    assert (right.get_xlabel(), right.get_ylabel()) == ("probability", "class")
    assert figure.get_suptitle() == "net"


def test_probabilities_need_a_name_for_each_image():
    """None would be drawn without one."""
    with pytest.raises(ArgumentError, match="a text for each image"):
        show_probabilities(np.zeros((2, 28, 28)), ["a"], np.ones((2, 3)), "abc")


@pytest.mark.parametrize("num_epochs", [0, 1, 3])
@pytest.mark.parametrize("num_points", [0, 2])
def test_live_curves_show_what_there_is(num_epochs, num_points):
    """Finished epochs, and points within them; from the first batch on."""
    epochs = [Epoch(n, 1 / n, 0.7, 0.6, 1) for n in range(1, num_epochs + 1)]
    points = [(0.25 + n, 0.9 - n / 10, 0.5) for n in range(num_points)]
    figure = show_live_curves(History(epochs), points, "data")
    figure.savefig(BytesIO())
    left, right = figure.axes
    np.testing.assert_array_equal(left.lines[0].get_ydata(), [e.loss for e in epochs])
    assert len(left.lines) == 1 + bool(num_points)
    assert len(right.lines) == 2 + bool(num_points)
    if points:
        for ax, column in ((left, 1), (right, 2)):
            x, y = ax.lines[-1].get_data()
            np.testing.assert_array_equal(x, [point[0] for point in points])
            np.testing.assert_array_equal(y, [point[column] for point in points])
            assert ax.lines[-1].get_color() == COLOURS[1]
            labels = [text.get_text() for text in ax.get_legend().get_texts()]
            assert labels[-1] == "within the epoch"


def test_a_single_epoch_is_seen():
    """Its axis has a range, whose ticks are whole numbers; equal values are flat."""
    history = History([Epoch(1, 0.5, 0.7, 0.7, 1)])
    for ax in show_curves({"net": history}).axes:
        assert ax.get_xlim() == (0, 2)
        bottom, top = ax.get_ylim()
        assert top - bottom >= 0.02
        (line, *_) = ax.lines
        assert line.get_marker() not in ("", "None")
        assert all(tick == round(tick) for tick in ax.get_xticks())
    nearly = History([Epoch(n, 0.5 + n * 1e-9, 0.7, 0.7, 1) for n in (1, 2, 3)])
    bottom, top = show_curves({"net": nearly}).axes[0].get_ylim()
    assert top - bottom >= 0.02


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


def test_presented_outside_a_notebook(tmp_path, capsys):
    """The files are those of `save`, and a line names each."""
    figure = show_fashion_mnist(np.eye(28)[None], ["diagonal"])
    present(figure, tmp_path / "one" / "row")
    files = [tmp_path / "one" / f"row.{kind}" for kind in ("png", "svg")]
    assert capsys.readouterr().out.splitlines() == [f"wrote {file}" for file in files]
    saved = save(figure, tmp_path / "other" / "row")
    assert [file.read_bytes() for file in files] == [f.read_bytes() for f in saved]


def test_presented_in_a_notebook(tmp_path, monkeypatch, capsys):
    """The figure itself is displayed, and the files are written without a word."""
    shown = []
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.setattr("IPython.display.display", shown.append)
    figure = show_fashion_mnist(np.eye(28)[None], ["diagonal"])
    present(figure, tmp_path / "row")
    assert shown == [figure]
    assert capsys.readouterr().out == ""
    assert sorted(file.name for file in tmp_path.iterdir()) == ["row.png", "row.svg"]


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


def test_names_are_found_in_the_folder():
    """`gluon_softmax.figures.save` is what it was before the folder was one."""
    assert gluon_softmax.figures.save is save
    with pytest.raises(AttributeError, match="has no attribute 'sav'"):
        _ = gluon_softmax.figures.sav


def test_pyplot_stays_out():
    """No figure function goes through pyplot's global state."""
    assert "plt" not in vars(gluon_softmax.figures.drawing)
    assert "matplotlib.pyplot" not in str(
        vars(sys.modules["gluon_softmax.figures.drawing"])
    )
