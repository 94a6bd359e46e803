"""What was published, and how ours is set beside it."""

from __future__ import annotations

import json

import pytest
from gluon_softmax.commands.main import main
from gluon_softmax.commands.reproduce import PUBLISHED, Finding, compare_figures
from gluon_softmax.history import Epoch, History

FIGURES = [value for entry in PUBLISHED for value in entry.figures]


def pretend(experiment, root, num_images):
    """Make up a history that tells seeds apart."""
    acc = 0.8 + experiment.seed / 10
    epoch = Epoch(5, 0.5, acc, 0.823, 1.0, valid_loss=0.4, valid_acc=acc)
    return History([epoch])


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
    assert [found.data for found in settings] == ["fashion-mnist"] * 4 + ["mnist"] * 4
    assert [found.pixels for found in settings] == ["scaled"] * 4 + ["centred"] * 2 + [
        "normalised"
    ] * 2
    assert [found.lr for found in settings] == [0.1] * 4 + [0.01] * 2 + [0.1] * 2


def test_figures_are_compared():
    """Mean and deviation are over the seeds, of the last epoch."""
    (entry,) = (entry for entry in PUBLISHED if entry.name == "R2, Gluon")
    seeds = [entry.experiment.__class__(model="gluon", seed=seed) for seed in range(3)]
    histories = {found: pretend(found, None, None) for found in seeds}
    train_acc, test_acc = compare_figures([entry], histories)
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
    cells = finding.describe()
    assert cells["two standard deviations"] == ("within" if within else "outside")
    assert cells["note"] == ("" if within else "a reason")


def test_command(tmp_path, monkeypatch, capsys):
    """A row per published figure, on all images, printed and written."""
    images = set()

    def note(experiment, root, num_images):
        images.add(num_images)
        return pretend(experiment, root, num_images)

    monkeypatch.setattr("gluon_softmax.commands.reproduce.run_experiment", note)
    assert main(["reproduce", "--output", str(tmp_path)]) == 0
    first, *table = capsys.readouterr().out.splitlines()[:-2]
    assert first == "0 runs are finished, 24 are to be run"
    assert len(table) == 2 + len(FIGURES)
    assert "| 0.4782 | 0.5000 ± 0.0000 | outside | published on an earlier" in table[2]
    assert (tmp_path / "full.md").read_text().splitlines() == table
    assert images == {None}


def test_a_trial_is_compared_with_nothing(tmp_path, monkeypatch, capsys):
    """Few images for few epochs say nothing about what was published."""
    runs = []

    def note(experiment, root, num_images):
        runs.append((experiment.num_epochs, num_images))
        return pretend(experiment, root, num_images)

    monkeypatch.setattr("gluon_softmax.commands.reproduce.run_experiment", note)
    options = ["--quick", "--seeds", "1", "--output", str(tmp_path)]
    assert main(["reproduce", *options]) == 0
    assert set(runs) == {(2, 6000)}
    printed = capsys.readouterr().out
    assert "| R1, from scratch | loss | 0.5000 ± 0.0000 |\n" in printed
    assert "outside" not in printed
    assert "published" not in printed
    assert json.loads((tmp_path / "quick.json").read_text())["trial"]


def test_one_seed_is_refused(capsys):
    """It has no deviation to judge by."""
    assert main(["reproduce", "--seeds", "1"]) == 2
    assert "--seeds to be a whole number from 2 on" in capsys.readouterr().err
