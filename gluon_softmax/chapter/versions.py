"""Softmax regression three ways, each ready to train from a given start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from mxnet import gluon, nd

from ..engine import Loss, Net, hybridize
from ..history import History
from . import concise, handmade, scratch
from .training import Updater, train

__all__ = [
    "GLUON",
    "HANDMADE",
    "SCRATCH",
    "VERSIONS",
    "Params",
    "Version",
    "make_scratch",
    "make_versions",
]

SCRATCH = "from scratch"
GLUON = "Gluon"
HANDMADE = "NumPy by hand"
VERSIONS = {"scratch": SCRATCH, "gluon": GLUON, "numpy": HANDMADE}
"""What options and files call each version, and its title in tables and figures."""

Params = tuple[np.ndarray, np.ndarray]
"""Weights (inputs, classes) and biases (classes,)."""


@dataclass
class Version:
    """One implementation of softmax regression, ready to train.

    Its `train` is `training.train` but for net, loss, updater and learning rate;
    `params` gives the parameters as they are now.
    """

    net: Net
    train: Callable[..., History]
    params: Callable[[], Params]


def make_versions(
    W: np.ndarray, b: np.ndarray, lr: float, momentum: float = 0.0
) -> dict[str, Version]:
    """Make all versions from one start: W of (inputs, classes), b of (classes,)."""
    return {
        SCRATCH: make_scratch(W, b, lr, momentum),
        GLUON: _make_gluon(W, b, lr, momentum),
        HANDMADE: _make_handmade(W, b, lr, momentum),
    }


def make_scratch(
    W: np.ndarray, b: np.ndarray, lr: float, momentum: float = 0.0, hybrid: bool = False
) -> Version:
    """Make section 3.6's version, as it is written or hybridized."""
    params = [nd.array(W), nd.array(b)]
    for param in params:
        param.attach_grad()
    updater: Updater = partial(scratch.sgd, params, lr)
    if momentum:
        updater = scratch.MomentumTrainer(params, lr, momentum).step
    net: Net = partial(scratch.net, W=params[0], b=params[1])
    loss: Loss = scratch.cross_entropy
    if hybrid:
        net, loss = hybridize(net), hybridize(loss)
    return Version(
        net=net,
        train=partial(train, net=net, loss=loss, updater=updater, lr=lr),
        params=lambda: (params[0].asnumpy(), params[1].asnumpy()),
    )


def _make_gluon(W: np.ndarray, b: np.ndarray, lr: float, momentum: float) -> Version:
    """Make section 3.7's version."""
    net = concise.make_net(len(b))
    net(nd.zeros((1, len(W))))  # a first pass, from which Gluon learns the shapes
    weight, bias = net[0].weight, net[0].bias
    weight.set_data(nd.array(W.T))  # Gluon keeps weights as (classes, inputs)
    bias.set_data(nd.array(b))
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    updater = concise.make_trainer(net, lr, momentum).step
    return Version(
        net=net,
        train=partial(train, net=net, loss=loss, updater=updater, lr=lr),
        params=lambda: (weight.data().asnumpy().T, bias.data().asnumpy()),
    )


def _make_handmade(W: np.ndarray, b: np.ndarray, lr: float, momentum: float) -> Version:
    """Make the version whose gradient is derived by hand."""
    model = handmade.SoftmaxRegression(W, b)
    updater = handmade.MomentumTrainer(model, lr, momentum).step
    return Version(
        net=lambda X: nd.array(model.scores(X.asnumpy())),
        train=partial(train, net=model, loss=model.loss, updater=updater, lr=lr),
        params=lambda: (model.params[0].copy(), model.params[1].copy()),
    )
