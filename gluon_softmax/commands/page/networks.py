"""Models that differ: softmax regression by epochs, deeper networks in 7 bits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import mxnet as mx
import numpy as np

from ...chapter import scratch
from ...chapter.versions import make_scratch
from ...data.datasets import ImageDataset
from ...data.loader import load_data
from ...errors import DataError
from ...history import Callback
from ...models.conversion import predict_probabilities
from ...models.model import Model
from .content import check_test_set
from .encoding import compress, encode

__all__ = ["collect_epochs", "pack_network", "quantize"]

MOST = 63
"""Of seven bits with a sign."""


def collect_epochs(
    settings: dict, train_set: ImageDataset, test_set: ImageDataset
) -> list[str]:
    """Train softmax regression once more; return W and b before and after each epoch.

    They are float16, as base64; the last ones are those that the comparison left.
    """
    seed, lr, momentum = settings["seed"], settings["lr"], settings["momentum"]
    loaders = load_data(train_set, test_set, settings["batch_size"], seed=seed)
    mx.random.seed(seed)
    start = scratch.init_params(train_set.images[0].size, len(train_set.classes))
    version = make_scratch(*(p.asnumpy() for p in start), lr, momentum)
    states = [version.params()]

    class Keep(Callback):
        def on_epoch_end(self, progress) -> None:
            states.append(version.params())

    version.train(
        train_iter=loaders[0],
        test_iter=loaders[1],
        num_epochs=settings["num_epochs"],
        batch_size=settings["batch_size"],
        callbacks=[Keep()],
    )
    flat = (np.concatenate([p.ravel() for p in params]) for params in states)
    return [encode(params.astype("<f2")) for params in flat]


def pack_network(model: Model, test_set: ImageDataset) -> dict:
    """Write a deeper network as plain data, and what rounding changes.

    Raises `DataError` where it is of other classes or images than the test set.
    """
    if model.network == "softmax" or model.classes != tuple(test_set.classes):
        raise DataError(
            f"expected a perceptron or a convolutional network on the classes of "
            f"{test_set.title}, found {model.network} on {', '.join(model.classes)}"
        )
    check_test_set([model], test_set)
    rounded = replace(
        model, params={name: _restore(p) for name, p in model.params.items()}
    )
    whole, small = (predict_probabilities(m, test_set.images) for m in (model, rounded))
    right = small.argmax(axis=1) == test_set.labels
    return {
        "name": model.network,
        "mean": model.pixel_mean,
        "deviation": model.pixel_deviation,
        "accuracy": float(right.mean()),
        "difference": float(np.abs(whole - small).max()),
        "same": float((whole.argmax(axis=1) == small.argmax(axis=1)).mean()),
        "layers": list(_pack_layers(model)),
    }


def quantize(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round weights to seven bits with a scale for each output; return both."""
    flat = weight.reshape(len(weight), -1)
    scales = np.abs(flat).max(axis=1, keepdims=True).astype("float32") / MOST
    return np.round(flat / np.maximum(scales, 1e-30)).astype("int8"), scales.ravel()


def _restore(param: np.ndarray) -> np.ndarray:
    """Return a parameter as the page has it: biases as they are, weights rounded."""
    if param.ndim == 1:
        return param
    numbers, scales = quantize(param)
    return (numbers * scales[:, None]).astype("float32").reshape(param.shape)


def _pack_layers(model: Model) -> Iterable[dict]:
    """Write the layers in their order."""
    for name in model.params:
        if name.endswith("weight"):
            weight = model.params[name]
            numbers, scales = quantize(weight)
            yield {
                "shape": list(weight.shape),
                "weight": compress(numbers),
                "scales": encode(scales.astype("<f4")),
                "bias": encode(model.params[name.replace("weight", "bias")]),
            }
