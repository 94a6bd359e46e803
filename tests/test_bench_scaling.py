"""How cost grows: what is measured, what is skipped, what is drawn."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
from gluon_softmax.bench import command, scaling, sizes
from gluon_softmax.bench.scaling import Point, lack_of_room, measure_scaling
from gluon_softmax.bench.scaling_figure import show_scaling
from gluon_softmax.bench.sizes import AXES, USUAL, Size, list_sizes
from gluon_softmax.bench.work.catalogue import prepare
from gluon_softmax.data.idx import read_idx

MAPPED = next(axis for axis in AXES if axis.mapped)
IN_MEMORY = next(axis for axis in AXES if not axis.mapped)


@pytest.fixture
def data(tmp_path) -> str:
    """Write 300 random training images and 100 test images, and give the file."""
    rng, arrays = np.random.default_rng(0), {}
    for split, count in (("train", 300), ("test", 100)):
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        arrays[f"{split}_images"] = images
        arrays[f"{split}_labels"] = np.arange(count, dtype=np.uint8) % 10
    np.savez(tmp_path / "images.npz", **arrays)
    return str(tmp_path / "images.npz")


@pytest.fixture
def points() -> list[Point]:
    """Give invented measurements at every size."""
    return [
        Point(size, [0.1, 0.3, 0.2], 100_000 + place)
        for place, size in enumerate(list_sizes())
    ]


def test_sizes_vary_one_thing_at_a_time():
    """Every size is the usual one but for one setting; the issue's ranges are there."""
    ranges = {}
    for size in list_sizes():
        others = size.settings().items() - USUAL.items()
        assert others <= {(size.axis.option, size.value)}
        ranges.setdefault(size.axis.option, set()).add(size.value)
    assert (min(ranges["samples"]), max(ranges["samples"])) == (60_000, 6_000_000)
    assert (min(ranges["batch_size"]), max(ranges["batch_size"])) == (1, 8192)
    assert ranges["num_workers"] == {0, 1, 2, 4}
    assert (min(ranges["classes"]), max(ranges["classes"])) == (10, 1000)
    assert ranges["pixels"] == {28, 56, 112}
    assert len(list(list_sizes(quick=True))) < len(list(list_sizes())) / 2 + 1


def test_repeated_file_is_the_array_over_and_over(tmp_path):
    """An IDX file of 7 rows made from 3 holds them in turn."""
    rows = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    scaling.write_repeated(rows, 7, tmp_path / "images")
    assert (read_idx(tmp_path / "images") == np.resize(rows, (7, 2, 2))).all()


@pytest.mark.parametrize("axis", [IN_MEMORY, MAPPED])
def test_sizes_without_room_are_skipped_in_one_line(axis):
    """A size beyond disk or memory is not measured, and said so."""
    size, lines, steps = Size(axis, 10**12), [], []
    assert measure_scaling([size], "", 1, lines.append, lambda: steps.append(1)) == []
    assert len(lines) == len(steps) == 1
    assert f"1,000,000,000,000 {axis.label}" in lines[0]
    assert "needs 942000.0 GB" in lines[0]
    assert lack_of_room(Size(axis, 1000)) == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "value", "mapped"),
    [
        ("samples", 700, False),
        ("samples", 700, True),
        ("classes", 30, False),
        ("pixels", 32, False),
    ],
)
def test_size_is_measured_in_a_process(option, value, mapped, data, monkeypatch):
    """An epoch at each kind of size gives seconds and memory, and leaves no file."""
    monkeypatch.setitem(sizes.USUAL, "samples", 400)
    axis = sizes.Axis(option, "things", (value,), (value,), mapped)
    (point,) = measure_scaling([Size(axis, value)], data, 2, pytest.fail)
    row = point.to_dict()
    assert len(row["seconds"]) == 2
    assert row["median_seconds"] > 0
    assert row["peak_mb"] > 50
    assert row[option] == value
    assert row["mapped"] is mapped


@pytest.mark.parametrize("classes", [10, 300])
def test_labels_are_of_as_many_classes(classes, data):
    """The first loss of a net that knows nothing is the logarithm of the classes."""
    size = {**USUAL, "samples": 600, "classes": classes, "data": data, "folder": ""}
    work = prepare("growth", json.dumps(size))
    assert work()["loss"] == pytest.approx(np.log(classes), rel=0.1)


def test_temporary_files_go_again(data):
    """The file to map is there while it is needed, and not afterwards."""
    with scaling._files(Size(MAPPED, 700), data) as folder:
        assert read_idx(Path(folder, "images")).shape == (700, 28, 28)
        assert read_idx(Path(folder, "labels")).shape == (700,)
    assert not Path(folder).exists()


def test_figure_has_a_column_for_each_thing_varied(points):
    """Seconds above, memory below, logarithmic, units named."""
    figure = show_scaling(points, "a machine")
    labels = list(dict.fromkeys(axis.label for axis in AXES))
    above, below = np.reshape(figure.axes, (2, len(labels)))
    assert [ax.get_xlabel() for ax in below] == labels
    assert {ax.get_yscale() for ax in figure.axes} == {"log"}
    assert {ax.get_xscale() for ax in figure.axes} == {"log", "symlog"}
    assert "seconds" in above[0].get_ylabel()
    assert "MB" in below[0].get_ylabel()
    assert [line.get_label() for line in above[0].lines] == ["in memory", "mapped file"]
    assert list(above[1].lines[0].get_ydata()) == [0.2] * 6


def test_command_writes_figure_and_numbers(points, tmp_path, capsys, monkeypatch):
    """Every point is printed and written, as is every size that was skipped."""

    def measure(sizes, data, epochs, skip, report):
        skip("one size skipped: no room")
        return points[: len(sizes)]

    monkeypatch.setattr(scaling, "measure_scaling", measure)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser.add_subparsers())
    words = ["bench", "scaling", "--quick", "--output", str(tmp_path)]
    options = parser.parse_args(words)
    assert options.command(options) == 0
    out = capsys.readouterr().out
    assert "one size skipped: no room" in out
    numbers = json.loads((tmp_path / "scaling.json").read_text())
    assert len(numbers["points"]) == len(list(list_sizes(quick=True)))
    assert numbers["points"][0]["median_seconds"] == 0.2
    assert numbers["skipped"] == ["one size skipped: no room"]
    assert (tmp_path / "scaling.png").is_file()
