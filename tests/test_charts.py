"""Charts: every number where it belongs, and no two lines alike."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from gluon_softmax.errors import ArgumentError
from gluon_softmax.figures.charts import show_bars, show_lines
from gluon_softmax.figures.drawing import save


def make_lines(number):
    """Make lines that lie on each other."""
    return {f"line {index}": ([1, 2, 3], [0.5, 0.7, 0.6]) for index in range(number)}


def legend(figure):
    """List the names beside the axes."""
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_lines_show_their_numbers():
    """Each line has its own points and name; axes and figure say what they show."""
    lines = {"one": ([1, 2], [0.8, 0.5]), "other": (np.array([1, 2, 3]), [3, 2, 1])}
    figure = show_lines(lines, "epoch", "loss", "some data")
    (ax,) = figure.axes
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1, 0.8], [2, 0.5]])
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), [[1, 3], [2, 2], [3, 1]])
    assert legend(figure) == ["one", "other"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    assert figure.get_suptitle() == "some data"


def test_many_lines_are_told_apart():
    """All 28 lines differ in colour and dashes together, neighbours in both."""
    (ax,) = show_lines(make_lines(28), "epoch", "loss").axes
    looks = [(line.get_color(), line.get_linestyle()) for line in ax.lines]
    assert len(set(looks)) == 28
    for (colour, dashes), (next_colour, next_dashes) in zip(looks, looks[1:]):
        assert colour != next_colour
        assert dashes != next_dashes


@pytest.mark.parametrize("number", [2, 12, 28])
def test_no_line_hides_another(number):
    """A line drawn over another is thinner, and all have room in the legend."""
    figure = show_lines(make_lines(number), "epoch", "loss")
    widths = [line.get_linewidth() for line in figure.axes[0].lines]
    assert all(below > above for below, above in zip(widths, widths[1:]))
    figure.draw_without_rendering()
    beside, axes = (part.get_window_extent() for part in (figure.legends[0], figure))
    assert beside.y0 >= axes.y0
    assert beside.x0 >= figure.axes[0].get_window_extent().x1


@pytest.mark.parametrize(("points", "marker"), [(1, "o"), (20, "o"), (21, "")])
def test_short_lines_have_markers(points, marker):
    """A single point would be invisible without one."""
    lines = {"short": (range(points), range(points))}
    (line,) = show_lines(lines, "x", "y").axes[0].lines
    assert line.get_marker() == (marker or "")


@pytest.mark.parametrize(("x", "whole"), [([1, 2], True), ([0.5, 1.0], False)])
def test_epochs_have_whole_ticks(x, whole):
    """There is no epoch 1.25, but there are scores of that."""
    figure = show_lines({"line": (x, [1, 2])}, "x", "y")
    figure.draw_without_rendering()
    assert all(np.mod(figure.axes[0].get_xticks(), 1) == 0) == whole


def test_gaps_stay_gaps():
    """What is not a number is not drawn, and shifts no neighbour."""
    lines = {"line": ([1, 2, 3], [1, np.nan, 3])}
    (line,) = show_lines(lines, "x", "y").axes[0].lines
    np.testing.assert_array_equal(line.get_ydata(), [1, np.nan, 3])


def test_bars_show_their_numbers():
    """The bars of a label are around its tick, side by side, in the groups' order."""
    groups = {"train": [0.8, 0.9], "test": [0.7, -0.1]}
    figure = show_bars(["a", "b"], groups, "accuracy", "some data", "net")
    (ax,) = figure.axes
    first, other = ax.containers
    assert [bar.get_height() for bar in first] == [0.8, 0.9]
    assert [bar.get_height() for bar in other] == [0.7, -0.1]
    for tick, (left, right) in enumerate(zip(first, other)):
        assert left.get_x() + left.get_width() == pytest.approx(tick)
        assert right.get_x() == pytest.approx(tick)
    assert first[0].get_facecolor() != other[0].get_facecolor()
    assert first[0].get_hatch() != other[0].get_hatch()
    assert [text.get_text() for text in ax.get_xticklabels()] == ["a", "b"]
    assert legend(figure) == ["train", "test"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("net", "accuracy")
    assert figure.get_suptitle() == "some data"


@pytest.mark.parametrize(("length", "angle"), [(5, 0), (20, 30)])
def test_long_names_are_turned(length, angle):
    """Names that would run into each other stand at an angle."""
    labels = ["x" * length] * 6
    (ax,) = show_bars(labels, {"bars": range(6)}, "seconds").axes
    assert {text.get_rotation() for text in ax.get_xticklabels()} == {angle}


@pytest.mark.parametrize("number", [0, 29])
def test_wrong_numbers_of_lines_are_refused(number):
    """An empty chart, and one with two lines alike, is the caller's error."""
    with pytest.raises(ArgumentError, match=f"1 to 28 lines, found {number}"):
        show_lines(make_lines(number), "epoch", "loss")
    groups = {str(index): [1] for index in range(number)}
    with pytest.raises(ArgumentError, match=f"1 to 28 groups of bars, found {number}"):
        show_bars(["a"], groups, "seconds")


def test_numbers_must_match():
    """A number without its place is refused, and the line or group named."""
    with pytest.raises(ArgumentError, match="a y for each x of 'bad', found 1 for 2"):
        show_lines({"bad": ([1, 2], [1])}, "x", "y")
    with pytest.raises(ArgumentError, match="for each label in 'bad', found 2 for 1"):
        show_bars(["a"], {"good": [1], "bad": [1, 2]}, "y")


def test_files_are_the_same_each_time(tmp_path):
    """Charts are saved as the chapter's figures are, and show in a notebook."""
    contents = []
    for folder in ("one", "other"):
        figure = show_lines(make_lines(3), "epoch", "loss")
        contents.append(
            [file.read_bytes() for file in save(figure, tmp_path / folder / "lines")]
        )
    assert contents[0] == contents[1]
    assert show_bars(["a"], {"b": [1]}, "y")._repr_png_().startswith(b"\x89PNG")


def test_pyplot_stays_out():
    """No chart goes through pyplot's global state."""
    assert "matplotlib.pyplot" not in str(
        vars(sys.modules["gluon_softmax.figures.charts"])
    )
