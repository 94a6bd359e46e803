"""A comparison as a table and as JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from gluon_softmax import Comparison, Epoch, History, ImageDataset
from gluon_softmax.chapter.report import format_table
from gluon_softmax.storage.atomic import write_json


@pytest.fixture
def comparison(small_set) -> Comparison:
    """Give a finished comparison of two epochs."""
    history = History(
        [Epoch(1, 0.7859, 0.749, 0.793, 0.16), Epoch(2, 0.57, 0.814, 0.81, 0.15)]
    )
    return Comparison(
        data="some data",
        settings={"batch_size": 256, "lr": 0.1},
        test_set=small_set,
        histories={"from scratch": history, "Gluon": history},
        differences=[1.5e-6, 3.25e-6],
        params={"Gluon": (np.zeros((784, 10)), np.zeros(10))},
    )


def test_table_has_every_figure(comparison):
    """Title and headings, then a line per epoch with both versions' figures."""
    title, names, headings, first, second = format_table(comparison)
    assert title == "some data: batch_size 256, lr 0.1"
    assert "from scratch" in names
    version = "loss train acc test acc seconds"
    assert (
        " ".join(headings.split())
        == f"epoch | {version} | {version} | of any parameter"
    )
    figures = "0.7859 0.749 0.793 0.16"
    assert " ".join(first.split()) == f"1 | {figures} | {figures} | 1.5e-06"
    assert second.split()[-1] == "3.2e-06"


def test_columns_stand_under_their_headings(comparison):
    """The bars of all lines but the title stand above each other."""
    lines = format_table(comparison)[1:]
    places = [[i for i, c in enumerate(line) if c == "|"] for line in lines]
    assert places == [places[0]] * len(lines)


def test_json_has_every_figure(comparison, tmp_path):
    """What is written reads back as the comparison's own numbers."""
    written = write_json(comparison.to_dict(), tmp_path / "new" / "numbers.json")
    numbers = json.loads(written.read_text())
    assert numbers["data"] == "some data"
    assert numbers["settings"] == {"batch_size": 256, "lr": 0.1}
    assert numbers["largest_parameter_difference"] == [1.5e-6, 3.25e-6]
    for name, history in comparison.histories.items():
        assert History.from_list(numbers["histories"][name]) == history
    assert isinstance(comparison.test_set, ImageDataset)
