"""What the benchmark's contenders do, each once on little data."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from gluon_softmax import SyntheticFashion
from gluon_softmax.bench.contenders import CONTENDERS, PEERS, Contender, make_command
from gluon_softmax.bench.peers.serving import peak_memory
from gluon_softmax.bench.processes import StandingProcess, make_environment
from gluon_softmax.bench.work.__main__ import prepare
from gluon_softmax.bench.work.arrays import read_arrays, read_pixels, write_arrays
from gluon_softmax.bench.work.reading import load_d2lzh
from gluon_softmax.engine import Engine
from mxnet import gluon

TRAINERS = (
    *("gluon", "gluon-hybrid", "gluon-plain", "scratch", "scratch-hybrid"),
    *("block", "block-plain", "d2lzh", "d2lzh-scratch", "numpy"),
)
READERS = [c.key for c in CONTENDERS if c.work in ("reading", "resizing")]

OURS = {"training": "numpy", "evaluating": "evaluate"}
"""What a peer's contender is compared with, by its work. Networks need more data to
agree: there the benchmark itself looks whether they do."""
TOLERANCES = {"loss": 0.05, "train_acc": 0.06, "test_acc": 0.15}
"""What seeds explain after 50 steps, with 300 images to test on."""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> str:
    """Write drawn garments, 1,100 for training and 300 for testing, as arrays."""
    path = tmp_path_factory.mktemp("bench") / "images.npz"
    train, test = (
        SyntheticFashion(True, num_images=1100),
        SyntheticFashion(False, num_images=300),
    )
    np.savez(
        path,
        train_images=train.images[..., 0],
        train_labels=train.labels.astype(np.uint8),
        test_images=test.images[..., 0],
        test_labels=test.labels.astype(np.uint8),
    )
    return str(path)


def peer(name: str) -> str:
    """Return a peer's interpreter, or skip where none is named."""
    variable = f"GLUON_SOFTMAX_{name.upper()}_PYTHON"
    if variable not in os.environ:
        pytest.skip(f"needs {PEERS[name]}: name a Python that has it in {variable}")
    return os.environ[variable]


def find(key: str) -> Contender:
    """Find a contender."""
    return next(contender for contender in CONTENDERS if contender.key == key)


@pytest.mark.parametrize("key", ["perceptron", "convolutional"])
def test_contender_prepares_its_work(key, data):
    """Those that no other test calls find their function."""
    assert callable(prepare(key, data))


@pytest.mark.slow
def test_trainers_do_the_same(data):
    """After ten epochs all have learnt, and to the same figures."""
    figures = {}
    for key in TRAINERS:
        work = prepare(key, data)
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
    assert prepare("gluon-plain", data)()["train_acc"] > 0.1
    with pytest.raises(AssertionError, match="called"):
        prepare("gluon", data)()


def test_evaluation_is_of_the_nearest_mean(data):
    """The net that is evaluated is the one that NumPy computes in closed form."""
    (X, y), (test_X, test_y) = read_pixels(data, True), read_pixels(data, False)
    means = np.stack([X[y == label].mean(axis=0) for label in range(10)])
    distances = ((test_X[:, None] - means) ** 2).sum(axis=2)
    expected = (distances.argmin(axis=1) == test_y).mean()
    found = prepare("evaluate", data)()["test_acc"]
    assert found == pytest.approx(expected, abs=0.004)


@pytest.mark.slow
@pytest.mark.parametrize("key", READERS)
def test_readers_read_everything(key, data):
    """Each loader reads every sample once, resized if it should, scaled to 0-1."""
    images, labels = read_arrays(data, train=True)
    figures = prepare(key, data)()
    assert figures["samples"] == len(images)
    assert figures["side"] == (96 if find(key).work == "resizing" else 28)
    assert figures["label_mean"] == pytest.approx(labels.mean(), abs=1e-4)
    assert figures["pixel_mean"] == pytest.approx(images.mean() / 255, abs=2e-3)


@pytest.mark.slow
def test_child_answers_the_parent(data):
    """Versions and threads first, then seconds and figures, and the peak at the end."""
    command = make_command(find("gluon"), data, "", {})
    with StandingProcess("gluon", command, make_environment()) as process:
        assert process.facts["versions"]["mxnet"] == "1.9.1"
        assert process.facts["threads"] >= 1
        assert process.run().keys() == {"seconds", "loss", "train_acc", "test_acc"}
        assert process.stop()["peak"] > 50_000


@pytest.mark.slow
def test_peak_memory_counts_what_was_freed():
    """An array that is gone again is still in the peak."""
    before = peak_memory()
    np.ones(before * 1024 // 4, np.int64)  # twice the memory of this process
    assert peak_memory() > 1.5 * before


def test_file_of_images_holds_both_splits(fashion, tmp_path):
    """It has the images and labels of the data set, and pixels from 0 to 1."""
    path = str(tmp_path / "images.npz")
    write_arrays(str(fashion[0].folder), path)
    for train, dataset in zip((True, False), fashion):
        images, labels = read_arrays(path, train)
        assert (images == dataset.images[..., 0]).all()
        assert (labels == dataset.labels).all()
    assert read_pixels(path, False)[0].max() == 1


def test_data_set_of_gluon_is_put_back(data):
    """d2lzh reads ours in place of the lost one, and nobody else does."""
    lost = gluon.data.vision.FashionMNIST
    load_d2lzh(data)
    assert gluon.data.vision.FashionMNIST is lost


@pytest.mark.slow
def test_start_reads_a_batch(fashion):
    """The line whose start is measured runs as it is, with and without a folder."""
    for root in ("", str(fashion[0].folder)):
        command = make_command(find("start"), "", root, {})
        subprocess.run(command, env=make_environment(), check=True)
    assert command[0] == sys.executable


@pytest.mark.parametrize(
    "key", [c.key for c in CONTENDERS if c.peer and c.work in OURS]
)
def test_peers_do_the_same(key, data):
    """A peer's contender learns what ours of the same work learns."""
    contender = find(key)
    command = make_command(contender, data, "", {contender.peer: peer(contender.peer)})
    ours = prepare(OURS[contender.work], data)
    with StandingProcess(key, command, make_environment(ours=False)) as process:
        for _ in range(10):
            theirs, expected = process.run(), ours()
        assert contender.peer in process.facts["versions"]
        assert process.stop()["peak"] > 50_000
    evaluating = {"test_acc": 0.004}
    tolerances = evaluating if contender.work == "evaluating" else TOLERANCES
    assert theirs.keys() - {"seconds"} == expected.keys()
    for name, value in expected.items():
        assert theirs[name] == pytest.approx(value, abs=tolerances[name])
