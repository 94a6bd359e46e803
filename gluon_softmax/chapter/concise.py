"""Section 3.7: softmax regression from Gluon's parts."""

from __future__ import annotations

from mxnet import gluon, init
from mxnet.gluon import nn

__all__ = ["make_net", "make_trainer"]


def make_net(num_outputs: int = 10) -> nn.Sequential:
    """Build and initialise softmax regression with Gluon.

    Section 3.7.2 of the book.

    Parameters
    ----------
    num_outputs : int
        Number of classes.

    Returns
    -------
    mxnet.gluon.nn.Sequential
        One dense layer, weights from Normal(0, 0.01), biases 0. It gives scores, not
        probabilities: softmax is part of `gluon.loss.SoftmaxCrossEntropyLoss`, where it
        is numerically stable.
    """
    net = nn.Sequential()
    net.add(nn.Dense(num_outputs))
    net.initialize(init.Normal(sigma=0.01))
    return net


def make_trainer(net: gluon.Block, lr: float, momentum: float = 0.0) -> gluon.Trainer:
    """Make the optimiser: mini-batch stochastic gradient descent.

    Section 3.7.4 of the book.

    Parameters
    ----------
    net : mxnet.gluon.Block
        The net whose parameters are to be trained.
    lr : float
        Learning rate.
    momentum : float
        Momentum coefficient in [0, 1); 0 is plain gradient descent.

    Returns
    -------
    mxnet.gluon.Trainer
    """
    options = {"learning_rate": lr, "momentum": momentum}
    return gluon.Trainer(net.collect_params(), "sgd", options)
