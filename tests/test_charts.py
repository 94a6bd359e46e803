"""Charts: every number where it belongs, and no two lines alike."""

from __future__ import annotations

import numpy as np
import pytest
from gluon_softmax.errors import ArgumentError
from gluon_softmax.figures.charts import show_bars, show_lines


def read_legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_lines_show_their_numbers():
    lines = {"one": ([1, 2], [0.8, np.nan]), "other": (np.array([1, 2, 3]), [3, 2, 1])}
    figure = show_lines(lines, "epoch", "loss", "some data")
    (ax,) = figure.axes
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1, 0.8], [2, np.nan]])
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), [[1, 3], [2, 2], [3, 1]])
    assert read_legend(figure) == ["one", "other"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    assert figure.get_suptitle() == "some data"


def test_many_lines_are_told_apart():
    lines = {f"line {index}": ([1, 2, 3], [0.5, 0.7, 0.6]) for index in range(12)}
    figure = show_lines(lines, "epoch", "loss")
    (ax,) = figure.axes
    looks = [(line.get_color(), line.get_linestyle()) for line in ax.lines]
    assert len(set(looks)) == 12
    for (colour, dashes), (next_colour, next_dashes) in zip(looks, looks[1:]):
        assert colour != next_colour
        assert dashes != next_dashes
    widths = [line.get_linewidth() for line in ax.lines]
    assert all(below > above for below, above in zip(widths, widths[1:]))


@pytest.mark.parametrize(("points", "marker"), [(1, "o"), (20, "o"), (21, "")])
def test_short_lines_have_markers(points, marker):
    """A single point would be invisible without one."""
    lines = {"short": (range(points), range(points))}
    (line,) = show_lines(lines, "x", "y").axes[0].lines
    assert line.get_marker() == marker


@pytest.mark.parametrize(("x", "whole"), [([1, 2], True), ([0.5, 1.0], False)])
def test_epochs_have_whole_ticks(x, whole):
    """There is no epoch 1.25, but there are scores of that."""
    figure = show_lines({"line": (x, [1, 2])}, "x", "y")
    figure.draw_without_rendering()
    assert all(np.mod(figure.axes[0].get_xticks(), 1) == 0) == whole


def test_bars_show_their_numbers():
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
    assert read_legend(figure) == ["train", "test"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("net", "accuracy")
    with pytest.raises(ArgumentError, match="for each label in 'bad', found 1 for 2"):
        show_bars(["a", "b"], {"good": [1, 2], "bad": [1]}, "y")
