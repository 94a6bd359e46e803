"""Several processes train one net as one process does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from textwrap import indent

import gluon_softmax
import numpy as np
import pytest
from gluon_softmax import ImageDataset
from gluon_softmax.data.loader import BatchLoader
from gluon_softmax.errors import ArgumentError
from gluon_softmax.history import Callback, History
from gluon_softmax.storage.archive import read_arrays
from gluon_softmax.trainer.distributed import Group, SyncGroup, join_group
from gluon_softmax.trainer.network_training import NetworkTraining
from gluon_softmax.trainer.settings import Settings
from mxnet import init, nd
from mxnet.gluon import nn
from small_training import SMALL_MNIST

AGREEMENT = 1e-5
"""What issue and README promise for every parameter after 5 epochs."""
OPTIONS = ["--num-epochs", "5", "--batch-size", "64", "--momentum", "0.9"]
OPTIONS += ["--print-every", "10", "--data", "mnist"]
LR = {"softmax": 0.05, "perceptron": 0.0001, "convolutional": 0.0001}
"""At larger steps ReLU and pooling swell rounding errors, in one process as well."""


class Store:
    """Stands for MXNet's store where all other workers push what they are told."""

    def __init__(self, rank, others):
        self.rank, self.num_workers = rank, 1 + len(others)
        self.others, self.sums = others, {}

    def init(self, key, array):
        """Take a key."""
        assert key not in self.sums
        self.sums[key] = array.copy()

    def push(self, key, array, priority=0):
        """Add up, others first."""
        self.sums[key] = sum((other(array) for other in self.others), array * 0) + array

    def pull(self, key, out, priority=0):
        """Give the sum."""
        out[:] = self.sums[key]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("shuffle", [False, True])
def test_parts_make_the_batch(small_set, size, shuffle):
    """Together the parts of a batch are the batch, in its order, none twice."""
    whole = BatchLoader(small_set, 9, shuffle, seed=3)
    parts = [
        BatchLoader(small_set, 9, shuffle, seed=3, part=(k, size)) for k in range(size)
    ]
    read = [iter(part) for part in parts]
    for number, batch in enumerate(whole):
        counts = [part.count(number) for part in parts]
        assert sum(counts) == whole.count(number)
        own = [next(batches) for count, batches in zip(counts, read) if count]
        for arrays, array in zip(zip(*own), batch):
            joined = nd.concat(*arrays, dim=0).asnumpy()
            np.testing.assert_array_equal(joined, array.asnumpy())
    assert all(next(batches, None) is None for batches in read)


@pytest.mark.parametrize("num_others", [1, 2])
def test_gradients_and_figures_are_added_up(num_others):
    """Both ways of adding give the sums; figures keep digits that float32 has not."""
    own, exact = 1 + 2**-30, 1 + 2**-30
    others = [lambda array: array * 0] * num_others
    group = SyncGroup(Store(0, others))
    assert group.add_up([exact, 3.0]) == [own, 3.0]
    gradients = [nd.array([1.0, -2.0]), nd.ones((2, 3))]
    expected = [g.asnumpy() for g in gradients]
    for _ in range(2):  # the same keys again
        group.exchange(gradients)
        for gradient, array in zip(gradients, expected):
            np.testing.assert_array_equal(gradient.asnumpy(), array)


def test_more_than_two_are_added_in_one_order():
    """Each process has a row, so the order of arrival decides nothing."""

    def second(rows):
        rows = rows * 0
        rows[1] = 1e8
        return rows

    def third(rows):
        rows = rows * 0
        rows[2] = -1e8
        return rows

    found = []
    for others in ([second, third], [third, second]):
        gradient = nd.array([1.0])
        SyncGroup(Store(0, others)).exchange([gradient])
        found.append(gradient.asscalar())
    assert found[0] == found[1]


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_step_without_samples_is_a_step(momentum):
    """Where a process has no sample, it takes the step that the others take."""
    steps = []
    for others in ([], [lambda array: array * 0 + 1]):
        net = nn.Dense(2, in_units=3)
        net.initialize(init.Zero())
        group = SyncGroup(Store(0, others)) if others else Group()
        trainer = group.make_trainer(net, lr=0.5, momentum=momentum)
        for param in net.collect_params().values():
            param.grad()[:] = 1
        for _ in range(2):
            (trainer.step_without_samples if others else trainer.step)(2)
        steps.append(net.weight.data().asnumpy())
    np.testing.assert_array_equal(*steps)
    assert steps[0].min() == steps[0].max() == pytest.approx(-0.25 * (2 + momentum))


@pytest.fixture
def silent_group():
    """Return a group whose two other processes have gradients and figures of 0."""
    return SyncGroup(Store(0, [lambda array: array * 0] * 2))


@pytest.mark.parametrize("num_done", [0, 6])
def test_a_batch_smaller_than_the_group(small_set, silent_group, num_done):
    """A process without a sample of the last batch steps along, resumed there too."""
    settings = Settings(num_epochs=1, batch_size=3, momentum=0.9)
    training = NetworkTraining(
        "softmax", small_set, small_set, settings, group=silent_group
    )
    training.set_state(replace(training.get_state(), batch=num_done))
    batches = []
    callback = Callback()
    callback.on_batch_end = lambda progress: batches.append(progress.batch)
    training.run([callback])
    assert batches == list(range(num_done + 1, 8))


def test_a_test_set_smaller_than_the_group(small_set, silent_group):
    """A process without a test image counts none, and goes on."""
    one = ImageDataset(small_set.images[:1], small_set.labels[:1])
    training = NetworkTraining(
        "softmax", small_set, one, Settings(1, 4), group=silent_group
    )
    (epoch,) = training.run()
    assert epoch.test_acc == 0


def test_all_have_the_same_data(small_set, silent_group):
    """A worker whose files differ from those of the first is told."""
    silent_group.check_data(small_set, small_set)
    silent_group.share = lambda arrays: arrays[0].__iadd__(1)
    with pytest.raises(ArgumentError, match=r"found others in worker 0 than in"):
        NetworkTraining("softmax", small_set, small_set, group=silent_group)


def test_a_batch_has_a_sample_for_each(small_set):
    """More workers than samples in a batch are refused."""
    group = Group()
    group.size = 5
    with pytest.raises(ArgumentError, match=r"at least 5.*found 4: start fewer"):
        NetworkTraining("softmax", small_set, small_set, Settings(1, 4), group=group)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("dist_async", "start it with gluon-softmax launch -n 2"),
        (None, "dist_sync needs a job of several processes"),
        ("local", "dist_sync, dist_async, found 'local'"),
    ],
)
def test_outside_of_a_job(kind, message, monkeypatch):
    """A store of several is asked for in a job only."""
    monkeypatch.delenv("DMLC_ROLE", raising=False)
    with pytest.raises(ArgumentError, match=message):
        join_group(kind)


@pytest.fixture(scope="module")
def launch(tmp_path_factory):
    """Return what runs a command; workers read a small drawn MNIST."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text(
        "import os\nif os.environ.get('DMLC_ROLE', 'worker') == 'worker':\n"
        + indent(SMALL_MNIST, "    ")
    )
    source = str(Path(gluon_softmax.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), source])}

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "gluon_softmax", *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr

    return run


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "sizes"),
    [
        ("softmax", (2, 3)),
        pytest.param("perceptron", (3,), marks=pytest.mark.heavy),
        pytest.param("convolutional", (2,), marks=pytest.mark.heavy),
    ],
)
def test_any_number_of_workers_trains_the_same_net(launch, tmp_path, network, sizes):
    """2 and 3 workers end where one process does, momentum included."""
    train = ["train", network, *OPTIONS, "--lr", LR[network], "--output"]
    launch(*train, tmp_path / "alone")
    name = f"{network}-mnist"
    expected = read_arrays(tmp_path / "alone" / f"{name}.npz")
    history = read_history(tmp_path / "alone" / f"{name}.json")
    for workers in sizes:
        output = tmp_path / str(workers)
        launch("launch", "-n", workers, "--", *train, output)
        found = read_arrays(output / f"{name}.npz")
        for key, array in expected.items():
            if array.dtype.kind == "f":
                np.testing.assert_allclose(found[key], array, atol=AGREEMENT, rtol=0)
        other = read_history(output / f"{name}.json")
        for column in ("loss", "train_acc", "test_acc"):
            assert other.column(column) == pytest.approx(
                history.column(column), abs=1e-5
            )


def read_history(path):
    """Read what `train` wrote."""
    return History.from_list(json.loads(path.read_text())["epochs"])


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, pytest.param(3, marks=pytest.mark.heavy)])
def test_a_job_goes_on_at_the_same_bits(launch, tmp_path, workers):
    """Broken off and resumed by other processes, all parameters are the same."""
    job = ["launch", "-n", workers, "--", "train", "softmax", *OPTIONS, "--lr", 0.05]
    launch(*job, "--output", tmp_path / "whole")
    kept = ["--output", tmp_path / "parts", "--checkpoint", tmp_path / "kept"]
    fewer = [*job, "--num-epochs", 2, *kept, "--every", 7]
    launch(*fewer)
    launch(*job, *kept, "--every", 7, "--resume")
    paths = [tmp_path / name / "softmax-mnist.npz" for name in ("whole", "parts")]
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.slow
@pytest.mark.heavy
@pytest.mark.parametrize(
    "options",
    [["--kvstore", "dist_async", "--lr", 0.01], ["--compress", 0.5, "--lr", 0.005]],
)
def test_other_ways_to_share_learn_too(launch, tmp_path, options):
    """Without order, or with two bits for a gradient, accuracy still grows."""
    launch("launch", "-n", 2, "--", "train", "softmax", *OPTIONS, *options,
           "--output", tmp_path)  # fmt: skip
    history = read_history(tmp_path / "softmax-mnist.json")
    assert history[-1].test_acc > 0.5
    assert history[-1].loss < history[0].loss
