"""Deeper networks than softmax regression: a perceptron and a convolutional one."""

from __future__ import annotations

from collections.abc import Callable

import mxnet as mx
from mxnet import init
from mxnet.gluon import nn

__all__ = ["NETWORKS", "make_convolutional", "make_perceptron"]

WIDTHS = (512, 256, 128, 64)
"""Units of each hidden layer of the perceptron."""


def make_perceptron(
    num_outputs: int = 10, ctx: mx.Context | None = None
) -> nn.HybridSequential:
    """Build and initialise a multilayer perceptron: 784-512-256-128-64-10, with ReLU.

    It takes images (n, 1, 28, 28) and gives scores (n, num_outputs), is hybridized, and
    computes on the device `ctx`, or on MXNet's current one.
    """
    net = nn.HybridSequential()
    for width in WIDTHS:
        net.add(nn.Dense(width, activation="relu"))
    net.add(nn.Dense(num_outputs))
    return _prepare(net, ctx)


def make_convolutional(
    num_outputs: int = 10, ctx: mx.Context | None = None
) -> nn.HybridSequential:
    """Build and initialise a network of two convolutions and a dense layer.

    All else is as for `make_perceptron`.
    """
    net = nn.HybridSequential()
    for channels in (10, 20):  # to (n, 10, 12, 12), then to (n, 20, 4, 4)
        net.add(nn.Conv2D(channels, kernel_size=5), nn.MaxPool2D(pool_size=2))
        net.add(nn.Activation("relu"))  # behind the pooling: a quarter of the work
    net.add(nn.Dense(num_outputs))  # flattens to (n, 320) first
    return _prepare(net, ctx)


NETWORKS: dict[str, Callable[..., nn.HybridSequential]] = {
    "perceptron": make_perceptron,
    "convolutional": make_convolutional,
}
"""What makes each network; takes `num_outputs` and `ctx`."""


def _prepare(net: nn.HybridSequential, ctx: mx.Context | None) -> nn.HybridSequential:
    """Draw the weights so that no layer shrinks or swells what passes through it."""
    net.initialize(init.Xavier(), ctx=ctx)
    net.hybridize()
    return net
