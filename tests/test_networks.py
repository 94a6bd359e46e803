"""The two deeper networks: their layers, and what training them gives."""

from __future__ import annotations

import mxnet as mx
import numpy as np
import pytest
from differential import plain
from gluon_softmax.data.datasets import ImageDataset
from gluon_softmax.data.loader import BatchLoader
from gluon_softmax.data.splits import load_splits
from gluon_softmax.errors import ArgumentError, DivergedError
from gluon_softmax.trainer.network_training import (
    MAKERS,
    NetworkTraining,
    choose_context,
)
from gluon_softmax.trainer.settings import Settings
from mxnet import gluon

LEAST_ACCURACY = {"perceptron": 0.96, "convolutional": 0.98, "softmax": 0.85}
"""On MNIST, after 2 epochs."""


@pytest.fixture
def digits_like() -> ImageDataset:
    """Return 100 images that can be learnt: each class has a stripe of its own."""
    labels = np.arange(100) % 10
    images = np.random.randint(0, 100, (100, 28, 28), dtype=np.uint8)
    images[np.arange(100), 2 * labels + 4] = 255
    return ImageDataset(images, labels)


def weights(net):
    """List a net's arrays in float64, in the order of its layers."""
    params = net.collect_params().values()
    return [param.data().asnumpy().astype("float64") for param in params]


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("momentum", [0, 0.5])
def test_training_is_what_plain_calls_give(digits_like, name, momentum):
    """The same start and batches through Gluon, call by call: the same network."""
    settings = Settings(2, 32, 0.05, momentum, seed=3)
    training = NetworkTraining(name, digits_like, digits_like, settings)
    history = training.run()
    mx.random.seed(3)
    net = MAKERS[name](10, mx.cpu())
    options = {"learning_rate": 0.05, "momentum": momentum}
    trainer = gluon.Trainer(net.collect_params(), "sgd", options)
    loader = BatchLoader(digits_like, 32, shuffle=True, seed=3)
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    for epoch in history:
        figures = plain.train_epoch(net, loader, loss, trainer.step, batch_size=32)
        assert (epoch.loss, epoch.train_acc) == pytest.approx(figures, rel=1e-4)
    for array, expected in zip(weights(training.net), weights(net)):
        np.testing.assert_allclose(array, expected, atol=2e-5)


def test_running_loss_changes_no_number(digits_like):
    """It is the mean of its batches, and the network is that of training without."""
    found = []
    for every in (5, 300):
        settings = Settings(2, 10, print_every=every)
        training = NetworkTraining("perceptron", digits_like, digits_like, settings)
        history = training.run()
        found.append((training.running, history, weights(training.net)))
    (running, history, arrays), (nothing, silent, others) = found
    places = [(line["epoch"], line["batch"]) for line in running]
    assert places == [(1, 5), (1, 10), (2, 5), (2, 10)]
    assert nothing == []
    losses = [line["loss"] for line in running]
    assert np.reshape(losses, (2, 2)).mean(axis=1) == pytest.approx(
        history.column("loss")
    )
    assert history.column("loss") == silent.column("loss")
    assert history.column("train_acc") == silent.column("train_acc")
    for array, other in zip(arrays, others):
        np.testing.assert_array_equal(array, other)


def test_a_loss_that_grows_says_where(digits_like):
    settings = Settings(2, 10, lr=1e9, print_every=4)
    with pytest.raises(DivergedError, match=r"epoch 1, batch \d: .* rate 1e\+09"):
        NetworkTraining("perceptron", digits_like, digits_like, settings).run()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_epochs", 0),
        ("batch_size", 0),
        ("print_every", 0),
        ("lr", 0),
        ("momentum", 1),
        ("seed", -1),
    ],
)
def test_bad_settings_are_refused(name, value):
    with pytest.raises(ArgumentError, match=name):
        Settings(**{name: value})


def test_unknown_network_is_refused(digits_like):
    with pytest.raises(ArgumentError, match="perceptron, convolutional, softmax"):
        NetworkTraining("transformer", digits_like, digits_like)


def test_a_machine_without_a_gpu_says_so(monkeypatch):
    monkeypatch.setattr(mx.context, "num_gpus", lambda: 0)
    assert choose_context("cpu") == mx.cpu()
    with pytest.raises(ArgumentError, match="choose cpu"):
        choose_context("gpu")
    with pytest.raises(ArgumentError, match="cpu, gpu"):
        choose_context("tpu")
    monkeypatch.setattr(mx.context, "num_gpus", lambda: 1)
    assert choose_context("gpu") == mx.gpu()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["perceptron", "softmax", pytest.param("convolutional", marks=pytest.mark.heavy)],
)
@pytest.mark.usefixtures("digits")
def test_networks_learn_mnist(name):
    """Two epochs are enough to tell the deeper networks from softmax regression."""
    train_set, _, test_set = load_splits("mnist", pixels="normalised")
    settings = Settings(num_epochs=2, batch_size=64, momentum=0.5)
    history = NetworkTraining(name, train_set, test_set, settings).run()
    accuracy = history[-1].test_acc
    assert accuracy > LEAST_ACCURACY[name]
    assert name != "softmax" or accuracy < 0.95
