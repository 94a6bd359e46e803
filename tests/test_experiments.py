"""Trainings that differ in a few settings."""

from __future__ import annotations

import ctypes
import itertools
import subprocess
import sys
from multiprocessing import resource_tracker

import numpy as np
import psutil
import pytest
from cluster_jobs import comes_true
from gluon_softmax.chapter import handmade, networks, versions
from gluon_softmax.commands.experiments import (
    Experiment,
    find_digests,
    list_experiments,
    run_all,
    run_experiment,
)
from gluon_softmax.data import splits
from gluon_softmax.history import Epoch, History
from gluon_softmax.trainer.settings import DATA_SETS, MODELS, PIXELS, STARTS
from PIL import Image


def read_threads(experiment):
    """Return what a library would read, as the figure of an epoch of its number."""
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p
    threads = getenv(b"OMP_NUM_THREADS")
    return History([Epoch(experiment.seed, float(threads), 0.5, 0.5, 1.0)])


@pytest.mark.usefixtures("fashion")
@pytest.mark.parametrize("model", MODELS)
def test_every_model_trains(model):
    """A thousand images teach each model something, and it is validated and tested."""
    options = {"pixels": "centred", "num_validation": 5000, "num_epochs": 1}
    experiment = Experiment(model=model, batch_size=50, **options)
    history = run_experiment(experiment, num_images=1000)
    assert history[0].valid_acc > 0.3
    assert history[0].test_acc == pytest.approx(history[0].valid_acc, abs=0.1)


@pytest.mark.parametrize("model", MODELS)
def test_there_are_as_many_outputs_as_classes(model, tmp_path, monkeypatch):
    """A folder of 12 classes trains as one of 10 does."""
    for number in range(12):
        folder = tmp_path / f"class{number:02}"
        folder.mkdir()
        for name in "ab":
            Image.new("L", (28, 28), 20 * number).save(folder / f"{name}.png")
    options = {"data": str(tmp_path), "num_validation": 0, "num_epochs": 1, "lr": 1e-4}
    history = run_experiment(Experiment(model=model, batch_size=4, **options))
    assert history[0].loss == pytest.approx(np.log(12), rel=0.1)


@pytest.mark.usefixtures("fashion")
def test_seed_decides_the_figures():
    """The same experiment gives the same figures, another seed others."""
    losses = [
        run_experiment(Experiment(num_epochs=1, seed=seed), num_images=500)[0].loss
        for seed in (1, 1, 2)
    ]
    assert losses[0] == losses[1] != losses[2]


def test_choices_are_those_of_what_trains():
    """Options list them without loading MXNet; each is known where it is used."""
    assert (*versions.VERSIONS, *networks.NETWORKS) == MODELS
    assert PIXELS == splits.PIXELS
    assert all(handmade.draw_start(3, 2, start)[0].any() for start in STARTS)
    assert set(DATA_SETS) == set(splits.DATA_SETS)


def test_digests_are_of_the_content(tmp_path):
    """Of pictures as of labels, in both splits."""
    for split, label, name in itertools.product(("train", "test"), "ab", "xy"):
        folder = tmp_path / split / label
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("L", (28, 28), 9 * ord(name)).save(folder / f"{name}.png")
    before = find_digests(str(tmp_path))
    assert find_digests(str(tmp_path)) == before
    Image.new("L", (28, 28), 1).save(tmp_path / "train" / "b" / "x.png")
    after = find_digests(str(tmp_path))
    assert (after[0] != before[0], after[1]) == (True, before[1])


@pytest.fixture
def _no_process_left():
    """End the helper that Python keeps for processes: other tests count children."""
    yield
    resource_tracker._resource_tracker._stop()


@pytest.mark.slow
@pytest.mark.usefixtures("_no_process_left")
def test_processes_run_in_order_with_one_thread_each(monkeypatch):
    """Whatever number of threads this process was told."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    experiments = list_experiments({"lr": [0.1, 0.2]}, 3)
    runs = list(run_all(experiments, read_threads, num_processes=2))
    assert [experiment for experiment, _ in runs] == experiments
    found = [(history[0].epoch, history[0].loss) for _, history in runs]
    assert found == [(experiment.seed, 1) for experiment in experiments]


FOREVER = """
import os, time
from functools import partial
from gluon_softmax.commands.experiments import Experiment, run_all
def wait(folder, experiment):
    open(f"{folder}/{os.getpid()}", "w").close()
    time.sleep(60)
if __name__ == "__main__":
    experiments = [Experiment(seed=seed) for seed in range(2)]
    list(run_all(experiments, partial(wait, os.path.dirname(__file__)), 2))
"""


@pytest.mark.slow
def test_killed_study_leaves_no_process(tmp_path):
    """Its workers end when they find that it is gone, whatever they are doing."""
    script, folder = tmp_path / "code" / "script.py", tmp_path / "code"
    folder.mkdir()
    script.write_text(FOREVER)
    study = subprocess.Popen([sys.executable, str(script)])
    try:
        assert comes_true(lambda: len(list(folder.glob("[0-9]*"))) == 2, 30)
    finally:
        study.kill()
        study.wait()
    workers = [int(file.name) for file in folder.glob("[0-9]*")]
    assert comes_true(lambda: not any(map(psutil.pid_exists, workers)), 30)
