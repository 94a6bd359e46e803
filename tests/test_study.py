"""Studies: every combination once, kept, and summed up."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from gluon_softmax.commands.experiments import (
    list_experiments,
    run_all,
)
from gluon_softmax.commands.main import main
from gluon_softmax.commands.study import Study
from gluon_softmax.commands.study_report import FIGURES, draw_study, summarise, tabulate
from gluon_softmax.errors import ArgumentError
from gluon_softmax.history import Epoch, History
from matplotlib.colors import to_hex

GRID = {"momentum": [0.0, 0.9], "lr": [0.1]}


def pretend(experiment):
    """Make up a history that tells experiments apart."""
    best = 0.8 + experiment.momentum / 10 + experiment.seed / 100
    return History(
        [
            Epoch(1, 1.0, 0.5, None, 2.0, valid_loss=0.9, valid_acc=0.5),
            Epoch(2, 0.5, 0.7, best, 3.0, valid_loss=0.8, valid_acc=best),
        ]
    )


@pytest.fixture
def experiments():
    """Return two settings with three seeds each."""
    return list_experiments(GRID, 3)


@pytest.fixture
def runs(experiments):
    """Return a made-up run of each."""
    return dict(run_all(experiments, pretend))


@pytest.fixture
def path(tmp_path):
    """Return where the command keeps a study."""
    return tmp_path / "study.json"


def test_a_study_goes_on_where_it_was(path, experiments, runs):
    """What is finished is not run again, and comes back as it was; it may grow."""
    grid = [(found.momentum, found.seed) for found in experiments]
    assert grid == [(0.0, 0), (0.0, 1), (0.0, 2), (0.9, 0), (0.9, 1), (0.9, 2)]
    calls = []

    def stop_at_the_fifth(experiment):
        calls.append(experiment)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return pretend(experiment)

    with pytest.raises(KeyboardInterrupt, match="the same command goes on"):
        Study(path, experiments).run(stop_at_the_fifth)
    again = Study(path, experiments)
    assert list(again.finished().items()) == list(runs.items())[:4]
    again.run(stop_at_the_fifth)
    assert calls == [*experiments[:5], *experiments[4:]]
    more = list_experiments({"momentum": [0.0, 0.5, 0.9], "lr": [0.1]}, 3)
    grown = Study(path, more)
    grown.run(stop_at_the_fifth)
    assert [found.momentum for found in calls[7:]] == [0.5] * 3
    assert list(grown.finished()) == more


def test_another_studys_file_is_refused(path, experiments):
    """Runs that do not belong to a study are neither mixed in nor lost."""
    Study(path, experiments).run(pretend)
    before = path.read_bytes()
    with pytest.raises(ArgumentError, match=r"another study, with .*lr 0.1"):
        Study(path, list_experiments({"lr": [0.5]}, 1))
    assert path.read_bytes() == before


def test_other_data_of_the_same_name_is_refused(path, experiments):
    """Its runs would be mixed with the others; where none is left, none is read."""
    half = Study(path, experiments[:3])
    half.check_data(lambda name: ["1", "2"])
    half.run(pretend)
    whole = Study(path, experiments)
    with pytest.raises(ArgumentError, match="found others in fashion-mnist: name anot"):
        whole.check_data(lambda name: ["1", "3"])
    whole.check_data(lambda name: ["1", "2"])
    Study(path, experiments[:3]).check_data(lambda name: 1 / 0)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"data": 1, "runs": []}',
        '{"runs": [{"experiment": {"colour": 1}, "history": []}]}',
    ],
)
def test_a_file_that_is_no_studys(path, content, experiments):
    """Anything else is refused with what to do."""
    path.write_text(content)
    with pytest.raises(ArgumentError, match="not the file of a study"):
        Study(path, experiments)


def test_table_of_means_and_deviations(runs):
    """Over the seeds, in one format per column; what there is not is said."""
    summary = summarise(runs, target=0.85)
    assert summary[1]["settings"] == {"momentum": 0.9}
    assert summary[1]["valid acc"] == pytest.approx((0.9, 0.01))
    summary[1]["train acc"] = None
    head, plain, fast = tabulate(summary)
    assert head == ["momentum", "seeds", *FIGURES]
    loss, acc = "0.5000 ± 0.0000", "0.7000 ± 0.0000"
    held = "0.8100 ± 0.0100"
    assert plain == [0.0, 3, loss, acc, held, held, "not reached", "5.0 ± 0.0"]
    held = "0.9000 ± 0.0100"
    assert fast == [0.9, 3, loss, "-", held, held, "2.0 ± 0.0", "5.0 ± 0.0"]


def test_table_of_single_runs():
    """Their deviation is unknown; a model is called as in the other tables."""
    experiments = list_experiments({"model": ["scratch"]}, 1)
    (row,) = summarise(dict(run_all(experiments, pretend)), target=0.9)
    assert row["test acc"] == (pytest.approx(0.8), None)
    experiments += list_experiments({"model": ["convolutional"]}, 1)
    rows = tabulate(summarise(dict(run_all(experiments, pretend)), target=0.9))
    assert [row[:3] for row in rows[1:]] == [
        ["from scratch", 1, "0.5000"],
        ["convolutional", 1, "0.5000"],
    ]


def test_curves(runs):
    """A colour for each setting: a line for the mean, a band as wide as the seeds."""
    (_, loss), (name, accuracy) = draw_study(runs)
    assert name == "study-accuracy"
    assert "fashion-mnist" in loss.get_suptitle()
    texts = [text.get_text() for text in accuracy.legends[0].get_texts()]
    assert texts == ["momentum 0.0", "momentum 0.9"]
    (ax,) = accuracy.axes
    for momentum, line, band in zip((0.0, 0.9), ax.get_lines(), ax.collections):
        curves = [
            history.column("valid_acc")
            for experiment, history in runs.items()
            if experiment.momentum == momentum
        ]
        np.testing.assert_allclose(line.get_ydata(), np.mean(curves, axis=0))
        heights = band.get_paths()[0].vertices[:, 1]
        assert (heights.min(), heights.max()) == (np.min(curves), np.max(curves))
        assert to_hex(band.get_facecolor()[0]) == line.get_color()
    assert len({line.get_color() for line in ax.get_lines()}) == 2


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Return how the command runs one training after the other in a folder."""

    def run(run_one, *options: str) -> int:
        monkeypatch.setattr(
            "gluon_softmax.commands.study.run_experiment",
            lambda experiment, root: run_one(experiment),
        )
        output = ["--processes", "1", "--output", str(tmp_path)]
        return main(["study", *options, *output])

    return run


def test_command(command, path, capsys):
    """It prints the table, and writes it with runs, numbers and figures."""
    assert command(pretend, "--lr", "0.1", "0.2", "--seeds", "2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "0 runs are finished, 8 are to be run"
    assert lines[1].startswith("| lr | momentum | seeds |")
    assert path.with_name("summary.md").read_text().splitlines() == lines[1:7]
    written = sorted(line.split("wrote ")[1] for line in lines[7:])
    written += [str(path), str(path.with_name(".lock"))]
    assert sorted(written) == sorted(map(str, path.parent.iterdir()))
    assert len(json.loads(path.read_text())["runs"]) == 8
    assert json.loads(path.with_name("summary.json").read_text())["target"] == 0.8


def test_command_broken_off_before_a_run_is_finished(command, path, capsys):
    """There is no table yet."""

    def stop(experiment):
        raise KeyboardInterrupt

    assert command(stop) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert [file.name for file in path.parent.iterdir()] == [".lock"]


def test_two_studies_in_one_folder(command, path, capsys):
    """The second is refused while the first runs, so that neither loses a run."""
    refused = []

    def start_another(experiment):
        refused.append(command(pretend, "--lr", "0.5"))
        return pretend(experiment)

    assert command(start_another, "--seeds", "1") == 0
    assert refused == [2, 2]
    assert f"found {path.parent} in use by another process" in capsys.readouterr().err
    runs = json.loads(path.read_text())["runs"]
    assert [run["experiment"]["momentum"] for run in runs] == [0.0, 0.9]
    assert command(pretend, "--seeds", "1") == 0


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/nowhere")])
def test_lock_follows_no_link_and_waits_for_no_pipe(make, command, path):
    """What stands where the lock should be is refused at once."""
    make(path.with_name(".lock"))
    assert command(pretend, "--seeds", "1") == 2
