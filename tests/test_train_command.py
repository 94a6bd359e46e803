"""The command `gluon-softmax train`, as a user types it."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from gluon_softmax import ImageDataset
from gluon_softmax.chapter.networks import make_perceptron
from gluon_softmax.commands.main import make_parser
from gluon_softmax.data import splits
from gluon_softmax.errors import GluonSoftmaxError
from gluon_softmax.history import History
from gluon_softmax.models.conversion import predict_probabilities
from gluon_softmax.models.model import load_model
from gluon_softmax.trainer.network_training import MAKERS, NetworkTraining
from gluon_softmax.trainer.settings import NETWORKS, Settings
from mxnet import nd
from mxnet.base import MXNetError

KINDS = ("params", "npz", "json")


@pytest.fixture
def _small(monkeypatch):
    """Let Fashion-MNIST be 40 random images."""

    def load(root, train):
        images = np.random.RandomState(train).randint(0, 256, (40, 28, 28))
        return ImageDataset(images.astype(np.uint8), np.arange(40) % 10)

    monkeypatch.setitem(splits.DATA_SETS, "fashion-mnist", load)


def run(*arguments):
    """Parse and run the command."""
    options = make_parser().parse_args(["train", *map(str, arguments)])
    return options.command(options)


@pytest.mark.usefixtures("_small")
def test_prints_and_writes_what_was_trained(tmp_path, capsys):
    """A line per two batches and per epoch; the last epoch's parameters and history."""
    options = ["--num-epochs", 2, "--batch-size", 10, "--print-every", 2]
    assert run("perceptron", *options, "--output", tmp_path) == 0
    *lines, params, model, numbers = capsys.readouterr().out.splitlines()
    for line, place in zip(lines, ("1, batch 2", "1, batch 4", "", "2, batch 2")):
        assert not place or re.fullmatch(rf"epoch {place}, running loss [\d.]+", line)
    files = [tmp_path / f"perceptron-fashion-mnist.{kind}" for kind in KINDS]
    assert [params, model, numbers] == [f"wrote {file}" for file in files]
    assert sorted(tmp_path.iterdir()) == sorted(files)

    numbers = json.loads(files[-1].read_text())
    history = History.from_list(numbers["epochs"])
    assert [str(epoch) for epoch in history] == lines[2::3]
    assert (numbers["network"], numbers["settings"]["momentum"]) == ("perceptron", 0.0)
    parts = splits.load_splits("fashion-mnist", "normalised")
    settings = Settings(num_epochs=2, batch_size=10)
    again = NetworkTraining("perceptron", parts.train, parts.test, settings).run()
    assert again.column("loss") == history.column("loss")
    net = make_perceptron()
    net.load_parameters(str(files[0]))
    expected = net(nd.stack(*[X for X, _ in parts.test])).softmax().asnumpy()
    found = predict_probabilities(load_model(files[1]), parts.test.source.images)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    right = expected.argmax(axis=1) == parts.test.source.labels
    assert history[-1].test_acc == pytest.approx(np.mean(right))


@pytest.mark.usefixtures("_small")
def test_a_full_disk_leaves_the_last_file_as_it_was(tmp_path, monkeypatch):
    """What was written before stands, and no half file is beside it."""
    before = tmp_path / "softmax-fashion-mnist.params"
    before.write_bytes(b"before")

    def fail(self, path):
        with open(path, "wb") as file:
            file.write(b"half")
        raise MXNetError("no space left\nStack trace:\n")

    monkeypatch.setattr("mxnet.gluon.Block.save_parameters", fail)
    with pytest.raises(GluonSoftmaxError, match=r"cannot be written \(no space left\)"):
        run("softmax", "--num-epochs", 1, "--batch-size", 20, "--output", tmp_path)
    assert list(tmp_path.iterdir()) == [before]
    assert before.read_bytes() == b"before"


def test_every_network_can_be_chosen():
    """The options know them without MXNet."""
    assert set(NETWORKS) == set(MAKERS)
