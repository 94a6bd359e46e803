"""What the benchmark's contenders do, each once on little data."""

from __future__ import annotations

import os
from contextlib import closing

import numpy as np
import pytest
from gluon_softmax import SyntheticFashion
from gluon_softmax.bench.contenders import CONTENDERS, PEERS, Contender, make_command
from gluon_softmax.bench.peers.serving import read_arrays, read_pixels
from gluon_softmax.bench.processes import StandingProcess
from gluon_softmax.bench.work.arrays import write_arrays
from gluon_softmax.bench.work.child import prepare
from gluon_softmax.bench.work.training import write_repeated
from gluon_softmax.data.idx import read_idx
from gluon_softmax.engine import Engine

TRAINERS = [
    found.key
    for found in CONTENDERS
    if found.work == "training" and not found.peer and found.key != "blas"
]
READERS = [c.key for c in CONTENDERS if c.work in ("reading", "resizing")]
PEERS_OF = {
    "training": "numpy",
    "evaluating": "evaluate",
    "perceptron": "perceptron",
    "convolutional": "convolutional",
    "perceptron-busy": "perceptron",
    "convolutional-busy": "convolutional",
}
"""What a peer's contender is compared with, by its work."""
TOLERANCES = {"loss": 0.05, "train_acc": 0.06, "test_acc": 0.15}
"""What seeds explain after 50 steps, with 300 images to test on."""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> str:
    """Write drawn garments, 1,100 for training and 300 for testing, as arrays."""
    path, arrays = tmp_path_factory.mktemp("bench") / "images.npz", {}
    for split, train, num_images in (("train", True, 1100), ("test", False, 300)):
        drawn = SyntheticFashion(train, num_images=num_images)
        arrays[f"{split}_images"] = drawn.images[..., 0]
        arrays[f"{split}_labels"] = drawn.labels.astype(np.uint8)
    np.savez(path, **arrays)
    return str(path)


def find(key: str) -> Contender:
    """Find a contender."""
    return next(contender for contender in CONTENDERS if contender.key == key)


def prepare_key(key: str, data: str):
    """Prepare one of this interpreter's contenders here."""
    contender = find(key)
    return prepare(contender.runs, data, **contender.options)


@pytest.mark.slow
def test_trainers_do_the_same(data):
    """After ten epochs all have learnt, and to the same figures."""
    figures = {}
    for key in TRAINERS:
        work = prepare_key(key, data)
        for _ in range(10):
            figures[key] = work()
        assert figures[key].keys() == {"loss", "train_acc", "test_acc"}
        assert figures[key]["test_acc"] > 0.6
    for name, tolerance in TOLERANCES.items():
        found = [figures[key][name] for key in TRAINERS]
        assert max(found) - min(found) < tolerance, (name, figures)


def test_engine_is_left_out_of_one_contender(data, monkeypatch):
    """It is called for the same net where it is not left out."""

    def refuse(*arguments):
        raise AssertionError("called")

    monkeypatch.setattr(Engine, "accelerate", refuse)
    assert prepare_key("gluon-plain", data)()["train_acc"] > 0.1
    with pytest.raises(AssertionError, match="called"):
        prepare_key("gluon", data)()


def test_evaluation_is_of_the_nearest_mean(data):
    """The net that is evaluated is the one that NumPy computes in closed form."""
    (X, y), (test_X, test_y) = read_pixels(data, True), read_pixels(data, False)
    means = np.stack([X[y == label].mean(axis=0) for label in range(10)])
    distances = ((test_X[:, None] - means) ** 2).sum(axis=2)
    expected = (distances.argmin(axis=1) == test_y).mean()
    found = prepare_key("evaluate", data)()["test_acc"]
    assert found == pytest.approx(expected, abs=0.004)


@pytest.mark.slow
@pytest.mark.parametrize("key", READERS)
def test_readers_read_everything(key, data):
    """Each loader reads every sample once, resized if it should, scaled to 0-1."""
    images, labels = read_arrays(data, train=True)
    figures = prepare_key(key, data)()
    assert figures["samples"] == len(images)
    assert figures["side"] == (96 if find(key).work == "resizing" else 28)
    assert figures["label_mean"] == pytest.approx(labels.mean(), abs=1e-4)
    assert figures["pixel_mean"] == pytest.approx(images.mean() / 255, abs=2e-3)


def test_repeated_file_is_the_array_over_and_over(tmp_path):
    """An IDX file of 7 rows made from 3 holds them in turn."""
    rows = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    write_repeated(rows, 7, tmp_path / "images")
    assert (read_idx(tmp_path / "images") == np.resize(rows, (7, 2, 2))).all()


@pytest.mark.slow
@pytest.mark.parametrize("in_file", [False, True])
def test_images_over_and_over_teach_the_same(in_file, data):
    """In memory as in a file, which holds the images and labels in turn."""
    work = prepare("training.repeated", data, in_file=in_file, samples=2500)
    expected = prepare("training.repeated", data, in_file=False, samples=2500)
    for figure, value in expected().items():
        assert work()[figure] == pytest.approx(value, abs=0.3)
    assert work()["test_acc"] > 0.5


@pytest.mark.slow
def test_child_answers_the_parent(data):
    """Versions and threads first, then seconds and figures; its memory is read."""
    command = make_command(find("gluon"), data, "", {})
    with closing(StandingProcess("gluon", command)) as process:
        assert process.facts["versions"]["mxnet"] == "1.9.1"
        assert process.facts["threads"] >= 1
        assert process.run().keys() == {"seconds", "loss", "train_acc", "test_acc"}
        assert 100 < process.read_peak() < 1000


def test_file_of_images_holds_both_splits(fashion, tmp_path):
    """It has the images and labels of the data set, and pixels from 0 to 1."""
    path = str(tmp_path / "images.npz")
    write_arrays(str(fashion[0].folder), path)
    for train, dataset in zip((True, False), fashion):
        images, labels = read_arrays(path, train)
        assert (images == dataset.images[..., 0]).all()
        assert (labels == dataset.labels).all()
    assert read_pixels(path, False)[0].max() == 1


@pytest.mark.slow
@pytest.mark.parametrize("key", ["start", "import", "own", "help"])
def test_start_is_of_a_new_process(key, fashion):
    """What is started runs as it is, with a folder that it needs."""
    command = make_command(find(key), "", str(fashion[0].folder), {})
    with closing(StandingProcess(key, command)) as process:
        assert process.run()["seconds"] > (0.2 if key in ("start", "import") else 0)
        assert process.facts["versions"] == {}  # it loads nothing itself


@pytest.mark.parametrize("key", [found.key for found in CONTENDERS if found.peer])
def test_peers_do_the_same(key, data):
    """A peer's contender learns what ours of the same work learns.

    A deeper network does so in its first epoch, which a smaller start would delay.
    """
    contender = find(key)
    name, work = contender.peer, contender.work
    variable = f"GLUON_SOFTMAX_{name.upper()}_PYTHON"
    if variable not in os.environ:
        pytest.skip(f"needs {PEERS[name]}: name a Python that has it in {variable}")
    ours = prepare_key(PEERS_OF[work], data)
    command = make_command(contender, data, "", {name: os.environ[variable]})
    with closing(StandingProcess(key, command, is_peer=True)) as process:
        for _ in range(10 if work in ("training", "evaluating") else 1):
            theirs, expected = process.run(), ours()
        assert name in process.facts["versions"]
        assert process.read_peak() > 50
    tolerances = {"evaluating": {"test_acc": 0.004}, "training": TOLERANCES}
    tolerances = tolerances.get(work, {"loss": 0.25, "train_acc": 0.2, "test_acc": 0.3})
    assert theirs.keys() - {"seconds"} == expected.keys()
    for figure, value in expected.items():
        assert theirs[figure] == pytest.approx(value, abs=tolerances[figure])
