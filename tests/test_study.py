"""Studies: every combination once, kept, and summed up."""

from __future__ import annotations

import json
from multiprocessing import resource_tracker

import numpy as np
import pytest
from gluon_softmax.errors import ArgumentError
from gluon_softmax.experiments import Experiment
from gluon_softmax.history import Epoch, History
from gluon_softmax.study import (
    Study,
    choose_processes,
    format_summary,
    list_experiments,
    run_all,
    summarise,
)
from gluon_softmax.study_figures import draw_study

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
    """Give two settings with three seeds each."""
    return list_experiments(GRID, 3)


@pytest.fixture
def runs(experiments):
    """Give a made-up run of each."""
    return list(run_all(experiments, pretend))


def test_every_combination_with_every_seed(experiments):
    """The grid is complete, without repetition."""
    assert len(set(experiments)) == 6
    assert {found.seed for found in experiments} == {0, 1, 2}
    assert {found.momentum for found in experiments} == {0.0, 0.9}


def test_a_study_goes_on_where_it_was(tmp_path, experiments, runs):
    """What is finished is not run again, and comes back as it was."""
    study = Study(tmp_path / "study.json", experiments)
    for run in runs[:4]:
        study.add(run)
    again = Study(tmp_path / "study.json", experiments)
    assert again.missing() == experiments[4:]
    assert again.finished() == runs[:4]


def test_a_study_may_grow(tmp_path, experiments, runs):
    """More values of a setting are added to what is there."""
    study = Study(tmp_path / "study.json", experiments)
    study.add(runs[0])
    more = list_experiments({"momentum": [0.0, 0.5, 0.9], "lr": [0.1]}, 3)
    assert len(Study(tmp_path / "study.json", more).missing()) == 8


def test_another_studys_file_is_refused(tmp_path, experiments, runs):
    """Runs that do not belong to a study are neither mixed in nor lost."""
    path = tmp_path / "study.json"
    Study(path, experiments).add(runs[0])
    before = path.read_bytes()
    with pytest.raises(ArgumentError, match=r"another study, with .*lr 0.1"):
        Study(path, list_experiments({"lr": [0.5]}, 1))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"runs": [{"experiment": {"colour": 1}, "history": []}]}'],
)
def test_a_file_that_is_no_studys(tmp_path, content, experiments):
    """Anything else is refused with what to do."""
    path = tmp_path / "study.json"
    path.write_text(content)
    with pytest.raises(ArgumentError, match="not the file of a study"):
        Study(path, experiments)


def test_summary(runs):
    """Means and deviations over the seeds, and the epoch of the target."""
    plain, fast = summarise(runs, target=0.85)
    assert plain["settings"] == {"momentum": 0.0}
    assert plain["seeds"] == 3
    assert plain["valid acc"] == pytest.approx([0.81, 0.01])
    assert plain["epochs to target"] is None
    assert fast["epochs to target"] == [2, 0]
    assert fast["seconds"] == [5, 0]
    lines = format_summary([plain, fast])
    assert lines[0].startswith("| momentum | seeds | loss |")
    assert "0.81 ± 0.01" in lines[2]
    assert "not reached" in lines[2]
    assert len({line.count("|") for line in lines}) == 1


def test_a_single_seed_has_no_deviation(runs):
    """One run alone does not vary."""
    (row,) = summarise(runs[:1], target=0.9)
    assert row["test acc"] == [pytest.approx(0.8), 0]


@pytest.fixture
def _no_process_left():
    """End the helper that Python keeps for processes: other tests count children."""
    yield
    resource_tracker._resource_tracker._stop()


@pytest.mark.slow
@pytest.mark.usefixtures("_no_process_left")
def test_processes_give_the_same_runs(experiments, runs):
    """Two at a time give what one after the other does."""
    found = run_all(experiments, pretend, num_processes=2)
    assert sorted(found, key=repr) == sorted(runs, key=repr)


def test_only_numpy_shares_the_cores():
    """MXNet uses both cores by itself."""
    assert choose_processes([Experiment(model="gluon")]) == 1
    assert choose_processes([Experiment(model="numpy")]) >= 1


@pytest.mark.parametrize(("num_seeds", "lines"), [(3, 6), (20, 2)])
def test_curves_of_all_runs(num_seeds, lines):
    """Each run has its curve, or where they are many each setting has its mean."""
    runs = list(run_all(list_experiments(GRID, num_seeds), pretend))
    (_, loss), (name, accuracy) = draw_study(runs)
    assert name == "study-accuracy"
    assert [len(figure.axes[0].lines) for figure in (loss, accuracy)] == [lines, lines]
    means = [
        0.8 + momentum / 10 + np.mean(range(num_seeds)) / 100 for momentum in (0, 0.9)
    ]
    ends = [line.get_ydata()[-1] for line in accuracy.axes[0].lines]
    assert np.mean(ends) == pytest.approx(np.mean(means))
    assert "mnist" in loss.get_suptitle()


def test_plain_data_is_json(runs, tmp_path):
    """The file can be read by anything that reads JSON."""
    study = Study(tmp_path / "study.json", [run.experiment for run in runs])
    study.add(runs[0])
    (found,) = json.loads((tmp_path / "study.json").read_text())["runs"]
    assert found["experiment"]["momentum"] == 0.0
    assert found["history"][1]["valid_acc"] == pytest.approx(0.8)
