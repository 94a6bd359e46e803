"""Models with drawn parameters, and what NumPy in float64 makes of them."""

from __future__ import annotations

import numpy as np
import reference
from gluon_softmax.models.model import SHAPES, Model
from numpy.lib.stride_tricks import sliding_window_view

NAMES = ("softmax", "perceptron", "convolutional")


def draw_model(network: str = "softmax", num_classes: int = 10, **head) -> Model:
    """Draw a model whose scores are of about the size of a trained one's."""
    draw, params = np.random.RandomState(len(network)), {}
    for name, shape in SHAPES[network].items():
        shape = [num_classes if n == -1 else n for n in shape]
        fan_in = shape[0] if name == "W" else np.prod(shape[1:])
        scale = (2 / fan_in) ** 0.5 if len(shape) > 1 else 0.1
        params[name] = draw.normal(0, scale, shape).astype("float32")
    classes = tuple(f"class {number}" for number in range(num_classes))
    return Model(network, params, classes, **head)


def draw_images(num_images: int) -> np.ndarray:
    draw = np.random.RandomState(num_images)
    return draw.randint(0, 256, (num_images, 28, 28)).astype("uint8")


def compute_probabilities(model: Model, images: np.ndarray) -> np.ndarray:
    """Compute the probabilities of images given as bytes."""
    X = (images / 255.0 - model.pixel_mean) / model.pixel_deviation
    params = {name: param.astype("float64") for name, param in model.params.items()}
    if model.network == "convolutional":
        X = X[:, None]
        for number in (0, 3):
            X = _convolve(X, params[f"{number}.weight"], params[f"{number}.bias"])
            X = np.maximum(X, 0)
        scores = X.reshape(len(X), -1) @ params["6.weight"].T + params["6.bias"]
        return reference.softmax(scores)
    X = X.reshape(len(X), 784)
    if model.network == "softmax":
        return reference.softmax(X @ params["W"] + params["b"])
    for number in range(4):
        X = np.maximum(X @ params[f"{number}.weight"].T + params[f"{number}.bias"], 0)
    return reference.softmax(X @ params["4.weight"].T + params["4.bias"])


def _convolve(X: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Correlate with 5 x 5 filters, then keep the largest of each 2 x 2."""
    patches = sliding_window_view(X, (5, 5), axis=(2, 3))
    found = np.einsum("nchwij,ocij->nohw", patches, weight) + bias[:, None, None]
    half = found.shape[2] // 2
    return found.reshape(len(X), len(weight), half, 2, half, 2).max(axis=(3, 5))
