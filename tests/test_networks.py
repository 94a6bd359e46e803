"""The two deeper networks: their layers, and what training them gives."""

from __future__ import annotations

import mxnet as mx
import numpy as np
import pytest
from gluon_softmax.chapter.networks import NETWORKS, make_convolutional, make_perceptron
from gluon_softmax.data.datasets import ImageDataset
from gluon_softmax.data.loader import BatchLoader
from gluon_softmax.data.splits import prepare_pixels
from gluon_softmax.errors import ArgumentError, DivergedError
from gluon_softmax.trainer.network_training import (
    MAKERS,
    NetworkTraining,
    choose_context,
    move,
)
from gluon_softmax.trainer.settings import Settings
from mxnet import autograd, gluon, nd
from numpy.lib.stride_tricks import sliding_window_view

LEAST_ACCURACY = {"perceptron": 0.96, "convolutional": 0.98, "softmax": 0.85}
"""On MNIST, after 2 epochs."""


@pytest.fixture
def digits_like() -> ImageDataset:
    """Give 100 images that can be learnt: each class has a stripe of its own."""
    labels = np.arange(100) % 10
    images = np.random.randint(0, 100, (100, 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels):
        image[2 * label + 4] = 255
    return ImageDataset(images, labels)


def weights(net):
    """Give a net's arrays in float64, in the order of its layers."""
    params = net.collect_params().values()
    return [param.data().asnumpy().astype("float64") for param in params]


def convolve(X, kernels, biases):
    """Convolve (n, c, h, w) in float64, straight from the definition."""
    windows = sliding_window_view(X, kernels.shape[2:], axis=(2, 3))
    return np.einsum("nchwij,ocij->nohw", windows, kernels) + biases[:, None, None]


def pool(X):
    """Take the largest of each 2x2 square."""
    n, c, h, w = X.shape
    return X.reshape(n, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))


@pytest.mark.parametrize(
    ("name", "count"), [("perceptron", 575_050), ("convolutional", 8_490)]
)
def test_networks_have_the_parameters_that_their_layers_need(name, count):
    """Counted by hand: inputs times outputs plus outputs, layer by layer."""
    net = NETWORKS[name](ctx=mx.cpu())
    assert net(nd.zeros((2, 1, 28, 28))).shape == (2, 10)
    assert sum(array.size for array in weights(net)) == count
    assert net._active  # hybridized
    assert NETWORKS[name](num_outputs=3)(nd.zeros((2, 1, 28, 28))).shape == (2, 3)


def test_perceptron_agrees_with_float64():
    """Four hidden layers of 512, 256, 128 and 64 with ReLU, and scores without."""
    net = make_perceptron()
    X = np.random.randn(3, 784)
    scores = net(nd.array(X).reshape((3, 1, 28, 28))).asnumpy()
    arrays = weights(net)
    assert [array.shape[0] for array in arrays[::2]] == [512, 256, 128, 64, 10]
    for W, b in zip(arrays[:-2:2], arrays[1:-2:2]):
        X = np.maximum(X @ W.T + b, 0)
    np.testing.assert_allclose(scores, X @ arrays[-2].T + arrays[-1], atol=1e-5)
    assert (scores < 0).any()


def test_convolutional_agrees_with_float64():
    """Convolution, pooling and ReLU, twice, then 320 numbers to 10 scores."""
    net = make_convolutional()
    X = np.random.randn(3, 1, 28, 28)
    scores = net(nd.array(X)).asnumpy()
    K1, b1, K2, b2, W, b = weights(net)
    assert (K1.shape, K2.shape, W.shape) == ((10, 1, 5, 5), (20, 10, 5, 5), (10, 320))
    H = np.maximum(pool(convolve(X, K1, b1)), 0)
    H = np.maximum(pool(convolve(H, K2, b2)), 0)
    np.testing.assert_allclose(scores, H.reshape(3, 320) @ W.T + b, atol=1e-5)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("momentum", [0, 0.5])
def test_training_is_what_plain_calls_give(digits_like, name, momentum):
    """The same start and batches through Gluon, call by call: the same network."""
    settings = Settings(2, 32, 0.05, momentum, seed=3)
    training = NetworkTraining(name, digits_like, digits_like, settings)
    history = training.run()
    expected, losses = train_plainly(name, digits_like, settings)
    assert history.column("loss") == pytest.approx(losses, rel=1e-4)
    for array, other in zip(weights(training.net), expected):
        np.testing.assert_allclose(array, other, atol=2e-5)


def train_plainly(name, dataset, settings):
    """Train as Gluon's own examples do; give parameters and the loss of each epoch."""
    mx.random.seed(settings.seed)
    net = MAKERS[name](10, mx.cpu())
    options = {"learning_rate": settings.lr, "momentum": settings.momentum}
    trainer = gluon.Trainer(net.collect_params(), "sgd", options)
    loader = BatchLoader(dataset, settings.batch_size, True, seed=settings.seed)
    loss, losses = gluon.loss.SoftmaxCrossEntropyLoss(), []
    for _ in range(settings.num_epochs):
        total = 0.0
        for X, y in loader:
            with autograd.record():
                l = loss(net(X), y)
            l.backward()
            trainer.step(settings.batch_size)
            total += l.sum().asscalar()
        losses.append(total / len(dataset))
    return weights(net), losses


def test_running_loss_changes_no_number(digits_like):
    """The loss is told after every third batch, and the network is the same."""
    runs = {}
    for every in (3, 300):
        settings = Settings(2, 16, print_every=every)
        training = NetworkTraining("perceptron", digits_like, digits_like, settings)
        history = training.run()
        runs[every] = training.running, weights(training.net), history
    for array, other in zip(runs[3][1], runs[300][1]):
        np.testing.assert_array_equal(array, other)
    told, history = runs[3][0], runs[3][2]
    assert [(line["epoch"], line["batch"]) for line in told] == [
        (1, 3),
        (1, 6),
        (2, 3),
        (2, 6),
    ]
    assert runs[300][0] == []
    assert history.column("loss") == pytest.approx(runs[300][2].column("loss"))
    assert history.column("train_acc") == runs[300][2].column("train_acc")


def test_running_loss_is_the_mean_of_its_batches(digits_like):
    """Together the running losses of equal pieces make the loss of the epoch."""
    settings = Settings(1, 10, print_every=5)
    training = NetworkTraining("softmax", digits_like, digits_like, settings)
    history = training.run()
    first, second = (line["loss"] for line in training.running)
    assert first > second
    assert history[0].loss == pytest.approx((first + second) / 2)


def test_a_loss_that_grows_says_where(digits_like):
    """The message has the epoch and the batch, and what to do."""
    settings = Settings(2, 10, lr=1e9, print_every=4)
    with pytest.raises(DivergedError, match=r"epoch 1, batch \d: .* rate 1e\+09"):
        NetworkTraining("perceptron", digits_like, digits_like, settings).run()


@pytest.mark.parametrize(
    "setting",
    [
        {"num_epochs": 0},
        {"batch_size": 0},
        {"print_every": 0},
        {"lr": 0},
        {"lr": float("nan")},
        {"momentum": 1},
        {"momentum": -0.1},
        {"seed": -1},
    ],
)
def test_bad_settings_are_refused(setting):
    """What cannot be used is named."""
    with pytest.raises(ArgumentError, match=next(iter(setting))):
        Settings(**setting)


def test_unknown_network_is_refused(digits_like):
    """The message lists what there is."""
    with pytest.raises(ArgumentError, match="perceptron, convolutional, softmax"):
        NetworkTraining("transformer", digits_like, digits_like)


def test_a_machine_without_a_gpu_says_so(monkeypatch):
    """A device is given only where it is."""
    monkeypatch.setattr(mx.context, "num_gpus", lambda: 0)
    assert choose_context("cpu") == mx.cpu()
    with pytest.raises(ArgumentError, match="choose cpu"):
        choose_context("gpu")
    with pytest.raises(ArgumentError, match="cpu, gpu"):
        choose_context("tpu")
    monkeypatch.setattr(mx.context, "num_gpus", lambda: 1)
    assert choose_context("gpu") == mx.gpu()


def test_batches_are_moved_to_the_device():
    """Only where they are not there already."""
    batch = FakeArray(), FakeArray()
    assert move([batch], mx.cpu())[0] is batch
    assert list(move([batch], mx.gpu())) == [("on gpu(0)", "on gpu(0)")]


class FakeArray:
    """Stands for an array where there is no GPU."""

    def as_in_context(self, ctx):
        """Say where it would be."""
        return f"on {ctx}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["perceptron", "softmax", pytest.param("convolutional", marks=pytest.mark.heavy)],
)
def test_networks_learn_mnist(digits, name):
    """Two epochs are enough to tell the deeper networks from softmax regression."""
    sets = [prepare_pixels(dataset, "mnist", "normalised") for dataset in digits]
    history = NetworkTraining(
        name, *sets, Settings(num_epochs=2, batch_size=64, momentum=0.5)
    ).run()
    accuracy = history[-1].test_acc
    assert accuracy > LEAST_ACCURACY[name]
    assert name != "softmax" or accuracy < 0.95
