"""What the benchmark's contenders do, each once on little data."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from gluon_softmax import SyntheticFashion
from gluon_softmax.bench.contenders import CONTENDERS, Contender, make_command
from gluon_softmax.bench.environment import make_environment
from gluon_softmax.bench.interpreters import PEERS
from gluon_softmax.bench.processes import StandingProcess
from gluon_softmax.bench.work import arrays as work_arrays
from gluon_softmax.bench.work.catalogue import PREPARATIONS, prepare
from gluon_softmax.bench.work.serving import peak_memory

TRAINERS = (
    *("gluon", "gluon-hybrid", "gluon-plain", "scratch", "scratch-hybrid"),
    *("block", "block-plain", "d2lzh", "d2lzh-scratch", "numpy"),
)
READERS = [key for key in PREPARATIONS if key.startswith(("read", "resize"))]

TOLERANCES = {"loss": 0.05, "train_acc": 0.06, "test_acc": 0.15}
"""What seeds explain after 50 steps, with 300 images to test on."""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> str:
    """Write drawn garments, 1,100 for training and 300 for testing, as arrays."""
    path, content = tmp_path_factory.mktemp("bench") / "images.npz", {}
    for split, count in (("train", 1100), ("test", 300)):
        drawn = SyntheticFashion(split == "train", num_images=count)
        content[f"{split}_images"] = drawn.images[..., 0]
        content[f"{split}_labels"] = drawn.labels.astype(np.uint8)
    np.savez(path, **content)
    return str(path)


def peer(name: str) -> str:
    """Give a peer's interpreter, or skip where none is named."""
    variable = f"GLUON_SOFTMAX_{name.upper()}_PYTHON"
    if variable not in os.environ:
        pytest.skip(f"needs {PEERS[name]}: name a Python that has it in {variable}")
    return os.environ[variable]


def find(key: str) -> Contender:
    """Find a contender."""
    return next(contender for contender in CONTENDERS if contender.key == key)


def test_every_contender_is_prepared_somewhere():
    """The parent's table and the child's name the same contenders."""
    here = {c.key for c in CONTENDERS if not c.peer and not c.code}
    assert here == PREPARATIONS.keys() - {"growth"}


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


def test_blas_gives_no_figures(data):
    """The floor computes products alone."""
    assert prepare("blas", data)() == {}


def test_evaluation_is_of_the_nearest_mean(data):
    """The net that is evaluated is the one that NumPy computes in closed form."""
    (X, y), (test_X, test_y) = (
        work_arrays.read_pixels(data, train) for train in (True, False)
    )
    means = np.stack([X[y == label].mean(axis=0) for label in range(10)])
    distances = ((test_X[:, None] - means) ** 2).sum(axis=2)
    expected = (distances.argmin(axis=1) == test_y).mean()
    found = prepare("evaluate", data)()["test_acc"]
    assert found == pytest.approx(expected, abs=0.004)


@pytest.mark.slow
@pytest.mark.parametrize("key", READERS)
def test_readers_read_everything(key, data):
    """Each loader gives every sample once, scaled to 0-1."""
    images, labels = work_arrays.read_arrays(data, train=True)
    figures = prepare(key, data)()
    assert figures["samples"] == len(images)
    assert figures["label_mean"] == pytest.approx(labels.mean(), abs=1e-4)
    assert figures["pixel_mean"] == pytest.approx(images.mean() / 255, abs=2e-3)


@pytest.mark.slow
def test_child_answers_the_parent(data):
    """Versions and threads first, then seconds and figures, and the peak at the end."""
    command = make_command(find("gluon"), data, data, {})
    with StandingProcess("gluon", command, make_environment(ours=True)) as process:
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


def test_arrays_for_peers_hold_both_splits(data, tmp_path):
    """The file that peers read has the same images and labels."""
    path = str(tmp_path / "copy.npz")
    work_arrays.write_arrays(data, path)
    for train in (True, False):
        pairs = zip(
            work_arrays.read_arrays(path, train), work_arrays.read_arrays(data, train)
        )
        assert all((mine == theirs).all() for mine, theirs in pairs)


@pytest.mark.slow
def test_start_reads_a_batch(fashion):
    """The line whose start is measured runs as it is, with and without a folder."""
    for root in ("", str(fashion[0].folder)):
        command = make_command(find("start"), root, "", {})
        subprocess.run(command, env=make_environment(ours=True), check=True)
    assert command[0] == sys.executable


@pytest.mark.parametrize("key", [c.key for c in CONTENDERS if c.peer])
def test_peers_do_the_same(key, data):
    """A peer's contender learns what NumPy by hand learns."""
    contender = find(key)
    command = make_command(contender, "", data, {contender.peer: peer(contender.peer)})
    ours = prepare("evaluate" if contender.work == "evaluating" else "numpy", data)
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
