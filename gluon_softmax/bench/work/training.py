"""Training and evaluating on MXNet, as the book calls it."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from functools import partial

import mxnet as mx
import numpy as np
from mxnet import autograd, gluon, init, nd
from mxnet.gluon import nn

from ... import concise, scratch
from ...chapter.training import evaluate_accuracy, train_ch3
from ...engine import ENGINE, Engine, hybridize
from ...network_training import make_optimizer
from ...networks import NETWORKS
from .arrays import read_pixels
from .loaders import BATCH_SIZE, load_as_d2lzh, load_ours
from .serving import Work

__all__ = [
    "make_hybrid_net",
    "prepare_block",
    "prepare_d2lzh",
    "prepare_d2lzh_scratch",
    "prepare_network",
    "prepare_evaluation",
    "prepare_gluon",
    "prepare_scratch",
]

LR = 0.1
NETWORK_BATCH_SIZE, NETWORK_MOMENTUM = 64, 0.5
EVALUATIONS = 20
"""How often the test images are evaluated: once is too short to be timed."""
FIGURES = ("loss", "train_acc", "test_acc")


def make_hybrid_net(num_outputs: int = 10) -> nn.HybridSequential:
    """Build section 3.7's net as a hybrid block.

    Parameters
    ----------
    num_outputs : int
        Number of classes.

    Returns
    -------
    mxnet.gluon.nn.HybridSequential
    """
    net = nn.HybridSequential()
    net.add(nn.Dense(num_outputs))
    net.initialize(init.Normal(sigma=0.01))
    net.hybridize()
    return net


def prepare_gluon(
    data: str, hybrid: bool = False, engine: Engine | None = ENGINE
) -> Work:
    """Prepare an epoch of section 3.7 with this package.

    Parameters
    ----------
    data : str
        Where the images are, as for `read_arrays`.
    hybrid : bool
        Whether the net is hybridized, or the book's own.
    engine : Engine or None
        None to leave the engine out.

    Returns
    -------
    callable
    """
    net = make_hybrid_net() if hybrid else concise.make_net()
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = concise.make_trainer(net, LR)
    return _with_ours(data, net, loss, {"trainer": trainer, "engine": engine})


def prepare_block(data: str, plain: bool = False) -> Work:
    """Prepare an epoch of a hybridized block with code of the user's.

    Parameters
    ----------
    data : str
        Where the images are, as for `read_arrays`.
    plain : bool
        Whether in a loop as Gluon's own examples have it, over this package's loader.

    Returns
    -------
    callable
    """
    net = UserBlock()
    net.initialize(init.Normal(sigma=0.01))
    net.hybridize()
    loss, trainer = gluon.loss.SoftmaxCrossEntropyLoss(), concise.make_trainer(net, LR)
    if not plain:
        return _with_ours(data, net, loss, {"trainer": trainer})
    train_iter, test_iter = load_ours(data)
    return partial(_train_plainly, net, loss, trainer, train_iter, test_iter)


class UserBlock(gluon.HybridBlock):
    """One dense layer, called by code that the engine does not know."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Dense(10)

    def hybrid_forward(self, F, X):
        """Compute the scores."""
        return self.dense(X)


def _train_plainly(net, loss, trainer, train_iter, test_iter) -> dict:
    """Train and evaluate as Gluon's own examples do, with its own metrics."""
    mean_loss, right = mx.metric.Loss(), mx.metric.Accuracy()
    for X, y in train_iter:
        with autograd.record():
            y_hat = net(X)
            l = loss(y_hat, y)
        l.backward()
        trainer.step(BATCH_SIZE)
        mean_loss.update(None, l)
        right.update(y, y_hat)
    figures = [mean_loss.get()[1], right.get()[1]]
    right.reset()
    for X, y in test_iter:
        right.update(y, net(X))
    return dict(zip(FIGURES, [*figures, right.get()[1]]))


def prepare_network(data: str, name: str) -> Work:
    """Prepare an epoch of a deeper network, as `gluon-softmax train` trains it.

    Parameters
    ----------
    data : str
        Where the images are, as for `read_arrays`.
    name : str
        A key of `networks.NETWORKS`.

    Returns
    -------
    callable
    """
    net = NETWORKS[name]()
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    optimizer = make_optimizer(LR, NETWORK_MOMENTUM)
    trainer = gluon.Trainer(net.collect_params(), optimizer)
    return _with_ours(data, net, loss, {"trainer": trainer}, NETWORK_BATCH_SIZE)


def prepare_scratch(data: str, hybrid: bool = False) -> Work:
    """Prepare an epoch of section 3.6 with this package.

    Parameters
    ----------
    data : str
        Where the images are, as for `read_arrays`.
    hybrid : bool
        Whether net and loss are hybridized, or called as they are written.

    Returns
    -------
    callable
    """
    net, params = _make_scratch()
    loss = scratch.cross_entropy
    if hybrid:
        net, loss = hybridize(net), hybridize(loss)
    return _with_ours(data, net, loss, {"params": params, "lr": LR})


def prepare_d2lzh(data: str) -> Work:
    """Prepare an epoch of section 3.7 with d2lzh.

    Parameters
    ----------
    data : str
        Where the images are, as for `read_arrays`.

    Returns
    -------
    callable
    """
    net = concise.make_net()
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = concise.make_trainer(net, LR)
    return _with_d2lzh(data, net, loss, {"trainer": trainer})


def prepare_d2lzh_scratch(data: str) -> Work:
    """Prepare an epoch of section 3.6 with d2lzh.

    Parameters
    ----------
    data : str
        Where the images are, as for `read_arrays`.

    Returns
    -------
    callable
    """
    net, params = _make_scratch()
    return _with_d2lzh(data, net, scratch.cross_entropy, {"params": params, "lr": LR})


def prepare_evaluation(data: str) -> Work:
    """Prepare evaluating 20 times a hybridized net that all contenders set alike.

    Parameters
    ----------
    data : str
        Where the images are, as for `read_arrays`.

    Returns
    -------
    callable
    """
    weight, bias = nearest_mean(*read_pixels(data, train=True))
    net = make_hybrid_net()
    _, test_iter = load_ours(data)
    net(next(iter(test_iter))[0])  # now it knows its shapes
    net[0].weight.set_data(nd.array(weight))
    net[0].bias.set_data(nd.array(bias))

    def work() -> dict:
        found = [evaluate_accuracy(test_iter, net) for _ in range(EVALUATIONS)]
        return {"test_acc": found[-1]}

    return work


def nearest_mean(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute a classifier in closed form, which has no seed: the nearest class mean.

    Parameters
    ----------
    X : numpy.ndarray
        Shape (n, 784).
    y : numpy.ndarray
        Shape (n,), each of the ten labels at least once.

    Returns
    -------
    weight : numpy.ndarray
        Shape (10, 784).
    bias : numpy.ndarray
        Shape (10,).
    """
    weight = np.stack([X[y == label].mean(axis=0) for label in range(10)])
    return weight, -(weight**2).sum(axis=1) / 2


def _make_scratch() -> tuple:
    """Draw parameters, and bind the taught net to them."""
    params = scratch.init_params()
    return partial(scratch.net, W=params[0], b=params[1]), params


def _with_ours(
    data: str, net, loss, updater: dict, batch_size: int = BATCH_SIZE
) -> Work:
    """Prepare an epoch of this package's loader and loop."""
    loaders = load_ours(data, batch_size)

    def work() -> dict:
        history = train_ch3(net, *loaders, loss, 1, batch_size, **updater)
        nd.waitall()
        return {name: getattr(history[-1], name) for name in FIGURES}

    return work


def _with_d2lzh(data: str, net, loss, updater: dict) -> Work:
    """Prepare an epoch of d2lzh's loader and loop, which prints its figures."""
    import d2lzh

    loaders = load_as_d2lzh(data)

    def work() -> dict:
        with redirect_stdout(io.StringIO()) as printed:
            d2lzh.train_ch3(net, *loaders, loss, 1, BATCH_SIZE, **updater)
        nd.waitall()
        numbers = re.findall(r"\d+\.\d+", printed.getvalue())
        return dict(zip(FIGURES, map(float, numbers)))

    return work
