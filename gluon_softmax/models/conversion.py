"""A model's plain arrays into each version's own parameters, and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import mxnet as mx
import numpy as np
from mxnet import gluon, nd
from mxnet.gluon import nn

from ..chapter import scratch
from ..chapter.handmade import SoftmaxRegression
from ..chapter.networks import NETWORKS
from ..chapter.versions import GLUON, HANDMADE, SCRATCH
from ..errors import ArgumentError
from .model import SIDE, Model

__all__ = [
    "from_gluon",
    "predict_probabilities",
    "to_gluon",
    "to_handmade",
    "to_scratch",
    "to_versions",
]

PIECE = 1000
"""Images to predict at once."""


def to_scratch(model: Model) -> list[nd.NDArray]:
    """Return the parameters of section 3.6.

    Parameters
    ----------
    model : Model
        Softmax regression.

    Returns
    -------
    list of mxnet.nd.NDArray
        ``[W, b]`` as `scratch.init_params` gives them, gradients attached.

    Raises
    ------
    ArgumentError
        If it is another network.
    """
    _check_softmax(model)
    params = [nd.array(model.params[name]) for name in ("W", "b")]
    for param in params:
        param.attach_grad()
    return params


def to_handmade(model: Model) -> SoftmaxRegression:
    """Return the model of the version in NumPy.

    Parameters
    ----------
    model : Model
        Softmax regression.

    Returns
    -------
    SoftmaxRegression

    Raises
    ------
    ArgumentError
        If it is another network.
    """
    _check_softmax(model)
    return SoftmaxRegression(model.params["W"], model.params["b"])


def to_gluon(model: Model) -> nn.HybridSequential:
    """Build the network of Gluon's layers, with the model's parameters.

    Parameters
    ----------
    model : Model

    Returns
    -------
    mxnet.gluon.nn.HybridSequential
        Takes pixels as `Model.scale` gives them, (n, 1, 28, 28), gives scores
        (n, classes).
    """
    net = _make(model.network, len(model.classes))
    net(
        nd.zeros((1, 1, SIDE, SIDE))
    )  # a first pass, from which Gluon learns the shapes
    params = net._collect_params_with_prefix()
    for name, array in _name_as_gluon(model).items():
        params[name].set_data(nd.array(array))
    return net


def to_versions(model: Model) -> dict[str, Callable[[nd.NDArray], nd.NDArray]]:
    """Return the model as a net in each version that can hold it.

    Parameters
    ----------
    model : Model

    Returns
    -------
    dict of str to callable
        Gluon's alone for a network of several layers; for softmax regression also the
        one from scratch and NumPy's. Each takes images as `Model.scale` gives them, and
        gives scores or probabilities (n, classes).
    """
    nets = {GLUON: to_gluon(model)}
    if model.network != "softmax":
        return nets
    W, b = to_scratch(model)
    handmade = to_handmade(model)
    return {
        SCRATCH: partial(scratch.net, W=W, b=b),
        **nets,
        HANDMADE: lambda X: nd.array(handmade.scores(X.asnumpy())),
    }


def from_gluon(
    net: gluon.Block,
    network: str,
    classes: tuple[str, ...],
    data: str = "",
    pixel_mean: float = 0.0,
    pixel_deviation: float = 1.0,
) -> Model:
    """Return the parameters of a net of Gluon's layers.

    Parameters
    ----------
    net : mxnet.gluon.Block
        What `make_net`, `make_perceptron` or `make_convolutional` gave, trained.
    network : {'softmax', 'perceptron', 'convolutional'}
    classes, data, pixel_mean, pixel_deviation
        As `Model` has them.

    Returns
    -------
    Model

    Raises
    ------
    ArgumentError
        If the net is not such a network, or has never been called.
    """
    try:
        params = {
            name: param.data(param.list_ctx()[0]).asnumpy()
            for name, param in net._collect_params_with_prefix().items()
        }
    except gluon.parameter.DeferredInitializationError as error:
        raise ArgumentError(
            "expected a trained net, found one whose parameters are not drawn yet: "
            "pass it some images first"
        ) from error
    if network == "softmax" and set(params) == {"0.weight", "0.bias"}:
        W = np.ascontiguousarray(params["0.weight"].T)  # Gluon's is (classes, inputs)
        params = {"W": W, "b": params["0.bias"]}
    return Model(network, params, tuple(classes), data, pixel_mean, pixel_deviation)


def predict_probabilities(model: Model, images: np.ndarray) -> np.ndarray:
    """Compute the probability of each class.

    Parameters
    ----------
    model : Model
    images : numpy.ndarray
        Bytes, shape (n, 28, 28) or with an axis of one channel.

    Returns
    -------
    numpy.ndarray
        float32, shape (n, classes).
    """
    net = to_gluon(model)
    pieces = np.split(images, range(PIECE, len(images), PIECE))
    scores = [net(nd.array(model.scale(piece))) for piece in pieces]
    return nd.softmax(nd.concat(*scores, dim=0)).asnumpy()


def _make(network: str, num_classes: int) -> nn.HybridSequential:
    """Make a network with parameters of any value."""
    if network in NETWORKS:
        return NETWORKS[network](num_classes, mx.cpu())
    net = nn.HybridSequential()
    net.add(nn.Dense(num_classes))
    net.initialize()
    return net


def _name_as_gluon(model: Model) -> dict[str, np.ndarray]:
    """Return the parameters by the names that Gluon has for them."""
    if model.network != "softmax":
        return dict(model.params)
    return {"0.weight": model.params["W"].T, "0.bias": model.params["b"]}


def _check_softmax(model: Model) -> None:
    """Check that a model is none of the networks that only Gluon has."""
    if model.network != "softmax":
        raise ArgumentError(
            f"expected softmax regression, found the {model.network} network: "
            "load it with to_gluon"
        )
