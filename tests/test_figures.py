"""Figures: what is on them, and that their files are the same each time."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import gluon_softmax as d2l
import numpy as np
import pytest
from gluon_softmax import Epoch, History, figures
from gluon_softmax.errors import ArgumentError, OutputError
from gluon_softmax.figures.animation import Frame, _Stage
from gluon_softmax.figures.charts import show_bars, show_lines
from gluon_softmax.figures.images import show_probabilities
from gluon_softmax.figures.style import as_text
from matplotlib.text import Text
from mxnet import nd

CLASSES = [f"class {number}" for number in range(10)]
MODULES = sorted(path.stem for path in Path(figures.__file__).parent.glob("[a-z]*.py"))
TWO_EPOCHS = History([Epoch(1, 0.8, 0.7, 0.6, 1), Epoch(2, 0.5, 0.8, 0.7, 1)])


@pytest.fixture
def diagonal():
    return d2l.show_fashion_mnist(np.eye(28)[None], ["diagonal"])


def read_legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("shape", "drawn"),
    [
        ((3, 28, 28, 1), (28, 28)),
        ((3, 1, 28, 28), (28, 28)),
        ((3, 784), (28, 28)),
        ((3, 18, 32), (18, 32)),  # 576 pixels are 24 x 24, too
        ((3, 18, 32, 1), (18, 32)),
        ((3, 1, 18, 32), (18, 32)),
        ((3, 18, 32, 3), (18, 32, 3)),
    ],
)
def test_images_of_any_layout_stand_in_a_row(shape, drawn):
    images = np.random.rand(*shape).astype("float32")
    figure = d2l.show_fashion_mnist(nd.array(images), ["a", "b", "c"], "some data")
    assert [ax.get_title() for ax in figure.axes] == ["a", "b", "c"]
    assert figure.get_suptitle() == "some data"
    found = figure.axes[1].images[0].get_array()
    np.testing.assert_allclose(found, images[1].reshape(drawn))


def test_colours_may_stand_before_height_and_width():
    """As in a batch that `ToTensor` made."""
    images = np.random.rand(2, 3, 4, 5)
    found = d2l.show_fashion_mnist(images, "ab").axes[1].images[0].get_array()
    np.testing.assert_allclose(found, images[1].transpose(1, 2, 0))


@pytest.mark.parametrize("shape", [(2, 783), (2,), (2, 2, 28, 28), (2, 1, 1, 28, 28)])
def test_what_is_no_image_is_refused(shape):
    """Rather than drawn as another shape."""
    with pytest.raises(ArgumentError, match="images of shape"):
        d2l.show_fashion_mnist(np.zeros(shape), "ab")


EVIL = ("_net", "$x_1$", r"$\frac{$", "\x1b[2J", "a" * 300, "\udcff", "a\\$b\\$")
SHOWN = ("_net", "$x_1$", r"$\frac{$", r"\x1b[2J", r"\udcff", "aaa…aaa", "a\\$b\\$")


@pytest.mark.parametrize("most", [24, 25])
def test_long_names_keep_both_ends(most):
    """So that those that differ at the end still do."""
    name = f"a{'x' * 300}z"
    shown = as_text(name, most)
    assert (len(shown), shown[0], shown[-1]) == (most, "a", "z")
    assert as_text("x" * most, most) == "x" * most


def draw_evil_names():
    """Draw every kind of figure with names that a user's folders may have."""
    n = len(EVIL)
    images = np.zeros((n, 28, 28), "uint8")
    histories, lines = dict.fromkeys(EVIL, TWO_EPOCHS), dict.fromkeys(EVIL, ([1], [1]))
    nets, weights = dict.fromkeys(EVIL, np.arange(n)), np.random.randn(784, n)
    yield d2l.show_fashion_mnist(images, EVIL, EVIL[2])
    yield d2l.show_predictions(images, EVIL, EVIL)
    yield show_probabilities(images, EVIL, np.ones((n, n)), EVIL)
    yield d2l.show_confusion_matrix(np.arange(n), nets, EVIL)
    yield d2l.show_templates(dict.fromkeys(EVIL, weights), EVIL)
    yield d2l.show_curves(histories)
    yield show_lines(lines, "x", "y")
    yield show_bars(EVIL, dict.fromkeys(EVIL, np.ones(n)), "y")
    yield _Stage([Frame(1, 1, 1, weights)], EVIL, EVIL[2]).figure


@pytest.mark.filterwarnings("error::UserWarning")  # no room, no glyph
def test_names_are_drawn_as_they_are():
    """No mathematics, which would end in a traceback; nothing invisible, nor long."""
    for figure in draw_evil_names():
        figure.savefig(BytesIO())
        texts = [text for text in figure.findobj(Text) if text.get_text()]
        drawn = [text._preprocess_math(text.get_text()) for text in texts]
        assert not any(is_math for _, is_math in drawn)
        everything = "\n".join(text for text, _ in drawn)
        missing = [name for name in SHOWN if name not in everything]
        assert not missing
        assert "\x1b" not in everything
        assert "a" * 61 not in everything


def test_errors_are_marked():
    images = np.zeros((2, 28, 28), dtype="uint8")
    figure = d2l.show_predictions(images, ["bag", "coat"], ["bag", "shirt"])
    right, wrong = figure.axes
    assert [right.get_title(), wrong.get_title()] == ["bag\nbag", "coat\nnot shirt"]
    assert wrong.title.get_color() == "#b00020" != right.title.get_color()
    assert wrong.spines["top"].get_linewidth() > right.spines["top"].get_linewidth()


@pytest.mark.parametrize(
    ("show", "texts"),
    [
        (d2l.show_fashion_mnist, [["only one"]]),
        (d2l.show_fashion_mnist, [["a", "b", "c"]]),
        (d2l.show_predictions, [["a", "b"], ["a"]]),
        (show_probabilities, [["a"], np.ones((2, 3)), "abc"]),
    ],
)
def test_texts_must_match_images(show, texts):
    with pytest.raises(ArgumentError, match="a text for each image"):
        show(np.zeros((2, 28, 28)), *texts)
    with pytest.raises(ArgumentError, match="found 0 images and 0 texts"):
        d2l.show_fashion_mnist(np.zeros((0, 28, 28)), [])


def test_probabilities_stand_beside_their_image():
    """A row per image: a bar for every class, the longest one marked, all labelled."""
    images = np.random.randint(0, 256, (2, 28, 28)).astype("uint8")
    probabilities = np.array([[0.2, 0.7, 0.1], [0.05, 0.05, 0.9]])
    classes = ["cat", "dog", "emu"]
    figure = show_probabilities(images, ["a", "$b$\\q"], probabilities, classes, "net")
    left, right = figure.axes[2:]
    assert left.get_title() == "\\$b\\$\\q"  # no mathematics
    np.testing.assert_array_equal(left.images[0].get_array(), images[1])
    assert left.images[0].get_clim() == (0, 255)
    assert [bar.get_width() for bar in right.patches] == [0.05, 0.05, 0.9]
    assert [tick.get_text() for tick in right.get_yticklabels()] == classes
    assert right.yaxis_inverted()  # the first class is on top
    assert [text.get_text() for text in right.texts] == ["0.050", "0.050", "0.900"]
    assert [bar.get_hatch() for bar in right.patches] == [None, None, "//"]


def test_curves_of_one_training_are_called_as_in_the_book():
    """What was measured, on the left losses, on the right accuracies, all unlike."""
    left, right = d2l.show_curves(TWO_EPOCHS, "data").axes
    assert [read_legend(left), read_legend(right)] == [
        ["train loss"],
        ["train acc", "test acc"],
    ]
    np.testing.assert_array_equal(left.lines[0].get_ydata(), [0.8, 0.5])
    np.testing.assert_array_equal(right.lines[1].get_ydata(), [0.6, 0.7])
    assert right.lines[0].get_color() != right.lines[1].get_color()
    assert (left.get_xlabel(), left.get_ylabel()) == ("epoch", "loss (nats per sample)")
    validated = [Epoch(n, 0.5, 0.8, None, 1, 0.6, 0.7) for n in (1, 2)]
    left, right = d2l.show_curves(History(validated)).axes
    assert read_legend(left) == ["train loss", "valid loss"]
    assert read_legend(right) == ["train acc", "valid acc"]
    validated.append(Epoch(3, 0.5, 0.8, 0.9, 1, 0.6, 0.7))
    tested = d2l.show_curves(History(validated)).axes[1].lines[-1]
    assert (tested.get_label(), tested.get_marker()) == ("test acc", "o")
    np.testing.assert_array_equal(tested.get_ydata(), [np.nan, np.nan, 0.9])


def test_curves_show_every_history():
    """Each is named, and none hides another that it agrees with."""
    left, right = d2l.show_curves({"one": TWO_EPOCHS, "two": TWO_EPOCHS}).axes
    assert read_legend(right) == [
        *("one, train acc", "one, test acc"),
        *("two, train acc", "two, test acc"),
    ]
    np.testing.assert_array_equal(right.lines[3].get_ydata(), [0.6, 0.7])
    first, second = left.lines
    assert first.get_linewidth() > second.get_linewidth()
    assert first.get_color() != second.get_color()


def test_a_single_epoch_is_seen():
    """In the middle, over the number 1; values that are nearly equal are flat."""
    for ax in d2l.show_curves(History([Epoch(1, 0.5, 0.7, 0.7, 1)])).axes:
        assert ax.get_xlim() == (0.5, 1.5)
        assert [tick for tick in ax.get_xticks() if 0.5 <= tick <= 1.5] == [1]
        assert np.ptp(ax.get_ylim()) >= 0.02
        assert ax.lines[0].get_marker() not in ("", "None")
    nearly = History([Epoch(n, 0.5 + n * 1e-9, 0.7, 0.7, 1) for n in (1, 2, 3)])
    assert np.ptp(d2l.show_curves(nearly).axes[0].get_ylim()) >= 0.02


@pytest.mark.parametrize(
    ("num_epochs", "num_points"), [(0, 2), (1, 0), (1, 2), (3, 0), (3, 2)]
)
def test_live_curves_show_what_there_is(num_epochs, num_points):
    """Finished epochs, and points within them, on an axis for all epochs to come."""
    epochs = [Epoch(n, 1 / n, 0.7, 0.6, 1) for n in range(1, num_epochs + 1)]
    points = [(0.25 + n, 0.9 - n / 10, 0.5) for n in range(num_points)]
    left, right = d2l.show_curves(History(epochs), "data", points, 5).axes
    for ax, column, names in (
        (left, 1, ["train loss"]),
        (right, 2, ["train acc", "test acc"]),
    ):
        expected = [*names * bool(epochs), *["within the epoch"] * bool(points)]
        assert read_legend(ax) == expected
        assert ax.get_xlim()[1] == 5.5
        if points:
            x, y = ax.lines[-1].get_data()
            np.testing.assert_array_equal(x, [point[0] for point in points])
            np.testing.assert_array_equal(y, [point[column] for point in points])


def test_templates_share_one_scale():
    """A row per net, an image per class, all on one scale around 0, named once."""
    weights = {"small": np.ones((784, 10)), "large": -3 * np.ones((784, 10))}
    *templates, bar = d2l.show_templates(weights, CLASSES).axes
    assert len(templates) == 20
    assert {ax.images[0].get_clim() for ax in templates} == {(-3.0, 3.0)}
    assert [ax.get_title() for ax in templates] == [*CLASSES, *[""] * 10]
    assert bar.get_ylabel() == "weight (per pixel, 0-1)"


def test_confusion_matrix_counts():
    labels = np.array([0, 0, 1])
    predictions = {name: np.array([0, 1, 1]) for name in ("net", "twin")}
    predictions["other"] = labels
    ax, other = d2l.show_confusion_matrix(labels, predictions, ["cat", "dog"]).axes
    assert ax.get_title() == "net, twin: 0.667 right"
    assert other.get_title() == "other: 1.000 right"
    cells = {text.get_position(): text.get_text() for text in ax.texts}
    assert cells == {(0, 0): "1", (1, 0): "1", (1, 1): "1"}
    right, mistakes = (image.get_array() for image in ax.images)
    np.testing.assert_array_equal(right.filled(0), [[1, 0], [0, 1]])
    np.testing.assert_array_equal(mistakes.filled(0), [[0, 1], [0, 0]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    (ax,) = d2l.show_confusion_matrix(np.array([0, 1]), {"": np.array([0, 2])}).axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "1", "2"]


@pytest.mark.parametrize("dtype", ["float32", "uint8", "int64"])
@pytest.mark.parametrize("shape", [(3,), (3, 1)])
@pytest.mark.parametrize("convert", [np.array, nd.array])
def test_classes_are_numbers_of_any_type(dtype, shape, convert):
    """`argmax` of MXNet is float32; labels of shape (n, 1) are usual."""
    labels = convert(np.array([0, 2, 1]).reshape(shape), dtype=dtype)
    (ax,) = d2l.show_confusion_matrix(labels, {"net": labels}).axes
    assert ax.get_title() == "net: 1.000 right"
    assert len(ax.texts) == 3


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, -1], "whole labels from 0 to 1, found -1 to 0"),  # counted as the last
        ([0, 2], "whole labels from 0 to 1, found 0 to 2"),
        ([0.0, 0.5], "whole labels"),
        ([0.0, np.nan], "whole labels"),
        (["0", "1"], r"labels to be numbers of shape \(n,\), found <U1"),
        ([[0, 1], [1, 0]], r"labels to be numbers of shape \(n,\), found int64 of"),
        ([], "labels to be numbers"),
        ([0, 1, 1], "a prediction for each of 3 labels, found 2"),
        ([1], "a prediction for each of 1 labels, found 2"),  # would be broadcast
    ],
)
def test_what_is_no_class_is_refused(labels, message):
    """It would be counted as another."""
    right = np.array([0, 1])
    with pytest.raises(ArgumentError, match="labels from 0 to 999"):
        d2l.show_confusion_matrix(np.array([2**31, 1]), {"net": right})
    with pytest.raises(ArgumentError, match=message):
        d2l.show_confusion_matrix(np.array(labels), {"net": right}, ["cat", "dog"])
    if len(labels) == 2:
        message = message.replace("labels", "predictions")
        with pytest.raises(ArgumentError, match=message):
            d2l.show_confusion_matrix(right, {"net": labels}, ["cat", "dog"])


def test_a_trained_net_is_all_that_is_needed(small_set):
    """After `train_ch3`: the net and its test set, its weights, or ``W`` itself."""
    net, test_iter = d2l.make_net(), d2l.BatchLoader(small_set, 7)
    X, y = next(iter(d2l.BatchLoader(small_set, 20)))
    predicted = net(X).argmax(axis=1).asnumpy().astype(int)
    (ax,) = d2l.show_confusion_matrix(net, test_iter).axes
    labels, classes = y.asnumpy().astype(int), small_set.classes
    (other,) = d2l.show_confusion_matrix(labels, {"": predicted}, classes).axes
    assert list(map(str, ax.texts)) == list(map(str, other.texts))
    assert [tick.get_text() for tick in ax.get_xticklabels()] == list(classes)
    W = net[0].weight.data().T
    for weights in (net, W, W.asnumpy()):
        template, *_ = d2l.show_templates(weights).axes
        drawn = template.images[0].get_array()
        np.testing.assert_array_equal(drawn, W[:, 0].reshape((28, 28)).asnumpy())
    with pytest.raises(ArgumentError, match="no batch"):
        d2l.show_confusion_matrix(net, iter([]))
    deep = d2l.make_perceptron()
    with pytest.raises(ArgumentError, match="a net of one layer of weights, found 5"):
        d2l.show_templates(deep)


def test_files_are_the_same_each_time(tmp_path, diagonal):
    contents = []
    for folder in ("one", "other"):
        files = figures.save(diagonal, tmp_path / folder / "row")
        assert [file.name for file in files] == ["row.png", "row.svg"]
        contents.append([file.read_bytes() for file in files])
    assert contents[0] == contents[1]
    assert contents[0][0].startswith(b"\x89PNG")
    assert b"<svg" in contents[0][1]


@pytest.mark.parametrize("in_notebook", [False, True])
def test_figures_are_presented(in_notebook, tmp_path, monkeypatch, capsys, diagonal):
    """Files are written and named; in a notebook the figure is shown without a word."""
    shown, shell = [], SimpleNamespace(**{"kernel": True} if in_notebook else {})
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    monkeypatch.setattr("IPython.display.display", shown.append)
    figures.present(diagonal, tmp_path / "row")
    files = [tmp_path / f"row.{kind}" for kind in ("png", "svg")]
    assert sorted(tmp_path.iterdir()) == files
    lines = [] if in_notebook else [f"wrote {file}" for file in files]
    assert capsys.readouterr().out.splitlines() == lines
    assert shown == [diagonal] * in_notebook


def test_unwritable_place_is_named(tmp_path, diagonal):
    """A folder that is a file gives one line and leaves nothing."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        figures.save(diagonal, tmp_path / "file" / "row")
    with pytest.raises(AttributeError, match="has no attribute 'sav'"):
        _ = figures.sav


def test_a_notebook_shows_a_figure_by_itself(diagonal):
    """IPython draws a figure as PNG, though pyplot was never loaded."""
    from IPython.core.formatters import DisplayFormatter

    data, _ = DisplayFormatter().format(diagonal)
    assert data["image/png"].startswith(b"\x89PNG")


def test_pyplot_stays_out():
    """No module of figures loads what has a global state."""
    imports = "import sys; from gluon_softmax.figures import " + ", ".join(MODULES)
    command = [sys.executable, "-c", f"{imports}; print(*sys.modules)"]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "matplotlib.figure" in loaded.split()
    assert "matplotlib.pyplot" not in loaded.split()
