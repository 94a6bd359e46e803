"""What was published, and how ours is set beside it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from gluon_softmax.commands.main import main
from gluon_softmax.commands.reproduce import (
    EXPERIMENTS,
    compare_figures,
    tabulate_findings,
)
from gluon_softmax.history import Epoch, History


def pretend(experiment):
    """Make up a history that tells seeds apart."""
    acc = 0.8 + experiment.seed / 10
    test_acc = 0.82 + experiment.seed / 100
    epoch = Epoch(5, 0.5, acc, test_acc, 1.0, valid_loss=0.4, valid_acc=acc)
    return History([epoch])


@pytest.fixture
def runs(monkeypatch) -> set[tuple]:
    """Train nothing; return how many epochs and images were asked for."""
    runs = set()

    def note(experiment, root, num_images):
        runs.add((experiment.num_epochs, num_images))
        return pretend(experiment)

    monkeypatch.setattr("gluon_softmax.commands.reproduce.run_experiment", note)
    return runs


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("data", ["fashion-mnist", "fashion-mnist", "mnist", "mnist", "mnist"]),
        ("pixels", ["scaled", "scaled", "centred", "centred", "normalised"]),
        ("num_epochs", [5, 5, 10, 10, 10]),
        ("batch_size", [200, 256, 100, 100, 64]),
        ("lr", [0.1, 0.1, 0.01, 0.01, 0.1]),
        ("momentum", [0, 0, 0, 0.9, 0.5]),
    ],
)
def test_settings_are_those_published(setting, values):
    """R1 and R2 from scratch and with Gluon, R4 by momentum, R5 by network."""
    r1, r2, r4_plain, r4_fast, r5 = values
    found = [getattr(experiment, setting) for experiment in EXPERIMENTS.values()]
    assert found == [r1, r1, r2, r2, r4_plain, r4_fast, r5, r5]


def test_figures_are_compared():
    """Mean and deviation are over the seeds, of the last epoch."""
    runs = [
        replace(experiment, seed=seed)
        for experiment in EXPERIMENTS.values()
        for seed in range(3)
    ]
    findings = compare_figures(EXPERIMENTS, {run: pretend(run) for run in runs})
    assert len(findings) == 22
    expected = {
        "loss": (0.5, 0),
        "train_acc": (0.9, 0.1),
        "valid_loss": (0.4, 0),
        "valid_acc": (0.9, 0.1),
        "test_acc": (0.83, 0.01),
    }
    for found in findings:
        ours = found["mean"], found["deviation"]
        assert ours == pytest.approx(expected[found["figure"]])
        far = abs(found["published"] - found["mean"]) > 2 * found["deviation"]
        assert found["within"] is not far
    assert {found["within"] for found in findings} == {True, False}
    row = tabulate_findings(findings)[1]
    assert row[:4] == ["R1, from scratch", "loss", "0.4782", "0.5000 ± 0.0000"]
    assert row[4:] == ["outside", "published on an earlier revision of Fashion-MNIST"]
    assert ["R2, Gluon", "test acc", "0.823", "0.8300 ± 0.0100", "within", ""] in (
        tabulate_findings(findings)
    )


def test_command(runs, tmp_path, capsys):
    """A row per published figure, on all images, printed and written."""
    assert main(["reproduce", "--output", str(tmp_path)]) == 0
    first, *table = capsys.readouterr().out.splitlines()[:-2]
    assert first == "0 runs are finished, 24 are to be run"
    assert len(table) == 2 + 22
    assert "| 0.4782 | 0.5000 ± 0.0000 | outside | published on an earlier" in table[2]
    assert (tmp_path / "full.md").read_text().splitlines() == table
    assert runs == {(5, None), (10, None)}


def test_single_run_is_not_judged(runs, tmp_path, capsys):
    """It has no standard deviation, so that nothing is within or outside of two."""
    assert main(["reproduce", "--seeds", "1", "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "| R1, from scratch | loss | 0.4782 | 0.5000 | unknown |  |\n" in printed
    assert "outside" not in printed
    assert "within" not in printed
    findings = json.loads((tmp_path / "full.json").read_text())["findings"]
    assert {finding["deviation"] for finding in findings} == {None}


def test_trial_is_compared_with_nothing(runs, tmp_path, capsys):
    """Few images for few epochs say nothing about what was published."""
    options = ["--quick", "--seeds", "2", "--output", str(tmp_path)]
    assert main(["reproduce", *options]) == 0
    assert runs == {(2, 6000)}
    printed = capsys.readouterr().out
    assert "| R1, from scratch | loss | 0.5000 ± 0.0000 |\n" in printed
    assert "outside" not in printed
    assert "published" not in printed
    assert json.loads((tmp_path / "quick.json").read_text())["trial"]
