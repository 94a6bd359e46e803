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
from ..data.pictures import SIDE
from ..errors import ArgumentError
from .model import Model

__all__ = ["from_gluon", "predict_probabilities", "to_gluon", "to_versions"]

IMAGES_AT_ONCE = 1000


def to_gluon(model: Model) -> nn.HybridSequential:
    """Build the network of Gluon's layers, with the model's parameters.

    It takes pixels as `Model.scale` gives them, (n, 1, 28, 28), and gives scores
    (n, classes).
    """
    if model.network == "softmax":
        net = nn.HybridSequential()
        net.add(nn.Dense(len(model.classes)))
        net.initialize()
        arrays = {"0.weight": model.params["W"].T, "0.bias": model.params["b"]}
    else:
        net = NETWORKS[model.network](len(model.classes), mx.cpu())
        arrays = model.params
    net(nd.zeros((1, 1, SIDE, SIDE)))  # a pass, from which Gluon learns the shapes
    params = net._collect_params_with_prefix()
    for name, array in arrays.items():
        params[name].set_data(nd.array(array))
    return net


def to_versions(model: Model) -> dict[str, Callable[[nd.NDArray], nd.NDArray]]:
    """Return the model as a net in each version that can hold it.

    That is Gluon alone for a network of several layers. Each net takes images as
    `Model.scale` gives them, and gives scores or probabilities (n, classes).
    """
    if model.network != "softmax":
        return {GLUON: to_gluon(model)}
    W, b = nd.array(model.params["W"]), nd.array(model.params["b"])
    handmade = SoftmaxRegression(model.params["W"], model.params["b"])
    return {
        SCRATCH: partial(scratch.net, W=W, b=b),
        GLUON: to_gluon(model),
        HANDMADE: lambda X: nd.array(handmade.scores(X.asnumpy())),
    }


def from_gluon(
    net: gluon.Block,
    network: str,
    classes: tuple[str, ...],
    data: str = "",
    **others: object,
) -> Model:
    """Return the parameters of a trained net, with what else a `Model` has by name."""
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
    return Model(network, params, tuple(classes), data, **others)


def predict_probabilities(model: Model, images: np.ndarray) -> np.ndarray:
    """Compute the probabilities (n, classes), float32, of images (n, 28, 28) of bytes.

    An axis of one channel may be behind or before height and width.
    """
    net = to_gluon(model)
    parts = np.split(images, range(IMAGES_AT_ONCE, len(images), IMAGES_AT_ONCE))
    scores = [net(nd.array(model.scale(part))) for part in parts]
    return nd.softmax(nd.concat(*scores, dim=0)).asnumpy()
