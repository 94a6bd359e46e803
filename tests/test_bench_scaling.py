"""How cost grows: what is measured, what is skipped, what is drawn."""

from __future__ import annotations

import json
from collections import defaultdict

import numpy as np
import pytest
from gluon_softmax.bench import scaling
from gluon_softmax.bench.scaling import (
    find_lack,
    list_sizes,
    measure,
    show_scaling,
    write_repeated,
)
from gluon_softmax.bench.work import growth
from gluon_softmax.commands.main import main
from gluon_softmax.data.idx import read_idx

USUAL = {**scaling.USUAL, "varied": "samples", "from_file": False, "name": "a size"}
COST = {"median_seconds": 0.2, "seconds": [0.2], "peak_mb": 100.0}


@pytest.fixture
def folder(tmp_path) -> str:
    """Write 300 random images for training and for testing; return their folder."""
    images = np.random.randint(0, 256, (300, 28, 28), dtype=np.uint8)
    labels = np.arange(300, dtype=np.uint8) % 10
    train = {"train_images": images, "train_labels": labels}
    np.savez(tmp_path / "images.npz", **train, test_images=images, test_labels=labels)
    return str(tmp_path)


def test_sizes_vary_one_thing_at_a_time():
    """Every size is the usual one but for one setting, from least to most."""
    ranges = defaultdict(list)
    for size in list_sizes():
        others = {name for name, usual in scaling.USUAL.items() if size[name] != usual}
        assert others <= {size["varied"]}
        ranges[size["varied"], size["from_file"]].append(size[size["varied"]])
    assert max(ranges["samples", True]) == 6_000_000
    assert ranges["batch_size", False] == [1, 8, 64, 256, 1024, 8192]
    assert ranges["num_workers", False] == [0, 1, 2, 4]
    assert ranges["classes", False] == [10, 32, 100, 316, 1000]
    assert len(list_sizes(quick=True)) == 2 * len(ranges)


def test_repeated_file_is_the_array_over_and_over(tmp_path):
    """An IDX file of 7 rows made from 3 holds them in turn."""
    rows = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    write_repeated(rows, 7, tmp_path / "images")
    assert (read_idx(tmp_path / "images") == np.resize(rows, (7, 2, 2))).all()


@pytest.mark.parametrize("from_file", [False, True])
def test_too_little_room_is_said(from_file, tmp_path):
    """A size beyond disk or memory is named with what it needs."""
    size = {**USUAL, "samples": 10**12, "from_file": from_file}
    place = f"free in {tmp_path}" if from_file else "of free memory"
    assert find_lack(size, str(tmp_path)).startswith(f"needs 942000.0 GB {place}, ")
    assert find_lack({**size, "samples": 1000}, str(tmp_path)) == ""


@pytest.mark.slow
@pytest.mark.parametrize("from_file", [False, True])
def test_size_is_measured_in_a_process(from_file, folder):
    """Two epochs are counted, and memory is measured."""
    size = {**USUAL, "samples": 700, "from_file": from_file}
    point = measure(size, folder, epochs=2)
    assert point.items() >= size.items()
    assert len(point["seconds"]) == 2
    assert point["peak_mb"] > 50


@pytest.mark.parametrize(
    "change", [{}, {"classes": 300}, {"pixels": 32}, {"num_workers": 1}]
)
def test_labels_are_of_as_many_classes(change, folder):
    """The first loss of a net that knows nothing is the logarithm of the classes."""
    size = {**USUAL, "samples": 600, "batch_size": 300, **change}
    work = growth.prepare(size, f"{folder}/images.npz", folder)
    assert work()["loss"] == pytest.approx(np.log(size["classes"]), rel=0.1)


def test_figure_has_four_large_panels():
    """Logarithmic axes with units, and a line for the file where there is one."""
    points = [{**size, **COST} for size in list_sizes()]
    figure = show_scaling(points, "a machine")
    labels = [ax.get_xlabel() for ax in figure.axes]
    assert labels == [*["training images"] * 2, "images per batch", "classes"]
    assert {(ax.get_xscale(), ax.get_yscale()) for ax in figure.axes} == {("log",) * 2}
    assert figure.axes[1].get_ylabel() == "peak memory in MB"
    in_memory, in_file = figure.axes[1].lines
    assert list(in_memory.get_xdata()) == [60_000, 180_000, 600_000, 1_800_000]
    assert list(in_file.get_xdata()) == [60_000, 180_000, 1_800_000, 6_000_000]
    assert set(in_file.get_ydata()) == {100}
    assert min(text.get_fontsize() for text in figure.axes[0].get_xticklabels()) >= 16


def test_command_prints_and_writes(tmp_path, capsys, monkeypatch):
    """Every point is printed and written, as is every size that was skipped."""

    def find(size: dict, folder: str) -> str:
        return "no room" if size["name"] == "threads: 2" else ""

    monkeypatch.setattr(scaling, "write_arrays", lambda root, path: None)
    monkeypatch.setattr(scaling, "measure", lambda size, *options: {**size, **COST})
    monkeypatch.setattr(scaling, "find_lack", find)
    assert main(["bench", "scaling", "--quick", "--output", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert f"{'images in memory: 60,000':32}    0.200 s    100 MB\n" in out
    assert "threads: 2 skipped, no room\n" in out
    numbers = json.loads((tmp_path / "scaling.json").read_text())
    assert len(numbers["points"]) == len(list_sizes(quick=True)) - 1
    assert numbers["skipped"] == ["threads: 2 skipped, no room"]
    assert (tmp_path / "scaling.png").is_file()
