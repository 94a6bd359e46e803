"""What was published, and how ours is set beside it."""

from __future__ import annotations

import pytest
from gluon_softmax.history import Epoch, History
from gluon_softmax.reproduce import (
    PUBLISHED,
    Finding,
    compare_figures,
    format_findings,
    list_published,
)
from gluon_softmax.study import Run


def test_every_document_with_figures_is_there():
    """R1, R2, R4 and R5, two experiments each, with the settings published."""
    names = [published.name[:2] for published in PUBLISHED]
    assert names == ["R1", "R1", "R2", "R2", "R4", "R4", "R5", "R5"]
    settings = [published.experiment for published in PUBLISHED]
    assert [found.batch_size for found in settings] == [200] * 2 + [256] * 2 + [
        100
    ] * 2 + [64] * 2
    assert [found.momentum for found in settings] == [0] * 4 + [0, 0.9, 0.5, 0.5]
    assert [found.num_epochs for found in settings] == [5] * 4 + [10] * 4
    assert {found.data for found in settings[:4]} == {"fashion-mnist"}


def test_seeds_and_fewer_epochs():
    """Each experiment comes once per seed, shortened on request."""
    assert len(list_published(3)) == 24
    short = list_published(1, num_epochs=2)
    assert {published.experiment.num_epochs for published in short} == {2}


def test_figures_are_compared():
    """Mean and deviation are over the seeds, of the last epoch."""
    published = [entry for entry in list_published(3) if entry.name == "R2, concise"]
    runs = [
        Run(
            entry.experiment,
            History([Epoch(5, 0.5, 0.8 + entry.experiment.seed / 10, 0.823, 1.0)]),
        )
        for entry in published
    ]
    train_acc, test_acc = compare_figures(published, runs)
    assert (train_acc.published, train_acc.figure) == (0.836, "train_acc")
    assert (train_acc.mean, train_acc.deviation) == pytest.approx((0.9, 0.1))
    assert train_acc.is_within()
    assert (test_acc.mean, test_acc.deviation) == pytest.approx((0.823, 0))


@pytest.mark.parametrize(
    ("published", "within"), [(0.79, False), (0.81, True), (0.89, True), (0.91, False)]
)
def test_two_standard_deviations(published, within):
    """The bound is twice the deviation on either side; a reason is for what is out."""
    finding = Finding("R9, x", "test_acc", published, 0.85, 0.025, "a reason")
    assert finding.is_within() == within
    line = format_findings([finding])[-1]
    assert ("within" in line) == within
    assert ("a reason" in line) != within
