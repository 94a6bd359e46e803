"""A comparison as a table and as JSON."""

from __future__ import annotations

import pytest
from gluon_softmax import Comparison, Epoch, History
from gluon_softmax.chapter.report import format_hybridized, format_table

HISTORY = History(
    [Epoch(1, 0.7859, 0.749, 0.793, 0.16), Epoch(2, 0.57, 0.814, 0.81, 0.18)]
)


@pytest.fixture
def comparison(small_set) -> Comparison:
    return Comparison(
        data="some data",
        settings={"batch_size": 256, "lr": 0.1},
        test_set=small_set,
        histories={"from scratch": HISTORY, "Gluon": HISTORY},
        differences=[1.5e-6, 3.25e-6],
        hybridized=History([Epoch(n, 0.8, 0.75, 0.79, n / 20) for n in (1, 2, 3)]),
        hybrid_difference=2e-8,
    )


def test_table_has_every_figure(comparison):
    """Each under its heading: the bars of all lines stand above each other."""
    title, *table = format_table(comparison)
    assert title == "some data: batch_size 256, lr 0.1"
    version, figures = "loss train acc test acc seconds", "0.7859 0.749 0.793 0.16"
    assert [" ".join(line.split()) for line in table[:3]] == [
        "| [ from scratch ] | [ Gluon ] | largest difference",
        f"epoch | {version} | {version} | of any parameter",
        f"1 | {figures} | {figures} | 1.5e-06",
    ]
    assert table[3].split()[-1] == "3.2e-06"
    places = {tuple(i for i, c in enumerate(line) if c == "|") for line in table}
    assert len(places) == 1


def test_hybridizing_has_a_line(comparison):
    assert format_hybridized(comparison) == (
        "from scratch, hybridized: 0.10 seconds per epoch against 0.17 as written, "
        "largest difference 2.0e-08"
    )
