"""A model as an ONNX file, which other programs run without MXNet.

The graph is written in ONNX's own text format: MXNet 1.9.1's converter needs modules
that ONNX 1.19 removed. Scaling of the pixels and softmax are part of it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from ..errors import InstallationError
from ..storage.atomic import replacing
from .model import Model

__all__ = ["write_onnx"]

# Old versions, so that runtimes from 2021 on open the file.
GRAPH = """
<ir_version: 7, opset_import: ["": 13], producer_name: "gluon_softmax">
{network} (float[batch, 1, 28, 28] images)
    => (float[batch, {classes}] scores, float[batch, {classes}] probabilities) {{
    centred = Sub(images, pixel_mean)
    X = Div(centred, pixel_deviation)
    {layers}
    probabilities = Softmax <axis = -1> (scores)
}}
"""
LAYERS = {
    "softmax": """
    flat = Flatten(X)
    scores = Gemm(flat, W, b)""",
    "perceptron": """
    flat = Flatten(X)
    a0 = Gemm <transB = 1> (flat, weight0, bias0)
    h0 = Relu(a0)
    a1 = Gemm <transB = 1> (h0, weight1, bias1)
    h1 = Relu(a1)
    a2 = Gemm <transB = 1> (h1, weight2, bias2)
    h2 = Relu(a2)
    a3 = Gemm <transB = 1> (h2, weight3, bias3)
    h3 = Relu(a3)
    scores = Gemm <transB = 1> (h3, weight4, bias4)""",
    "convolutional": """
    a0 = Conv <kernel_shape = [5, 5]> (X, weight0, bias0)
    p0 = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (a0)
    h0 = Relu(p0)
    a1 = Conv <kernel_shape = [5, 5]> (h0, weight3, bias3)
    p1 = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (a1)
    h1 = Relu(p1)
    flat = Flatten(h1)
    scores = Gemm <transB = 1> (flat, weight6, bias6)""",
}
"""From the scaled pixels ``X`` to the scores; parameter ``weight0`` is ``0.weight``."""


def write_onnx(model: Model, path: str | os.PathLike[str]) -> Path:
    """Write a model as ONNX, and return the path.

    Its input ``images`` is float32 of shape (batch, 1, 28, 28) with pixels in 0-1, for
    any batch; its outputs are ``scores`` and ``probabilities``, both (batch, classes).
    The names of the classes are JSON in the file's metadata, under ``classes``;
    ``preparation`` says there how pictures are brought to 28 x 28.
    """
    content = _make_onnx(model).SerializeToString()
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    return Path(path)


def _make_onnx(model: Model):
    """Return ONNX's own representation, which ONNX has checked."""
    try:
        import onnx
    except ImportError as error:
        raise InstallationError(
            "the package onnx is not installed: pip install 'gluon_softmax[onnx]'"
        ) from error

    text = GRAPH.format(
        network=model.network, classes=len(model.classes), layers=LAYERS[model.network]
    )
    made = onnx.parser.parse_model(text)
    constants = {
        "pixel_mean": model.pixel_mean,
        "pixel_deviation": model.pixel_deviation,
        **{_name(param): array for param, array in model.params.items()},
    }
    for name, array in constants.items():
        array = np.ascontiguousarray(array, "float32")
        made.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    properties = {
        "classes": json.dumps(model.classes),
        "data": model.data,
        "preparation": model.preparation,
    }
    onnx.helper.set_model_props(made, properties)
    onnx.checker.check_model(made, full_check=True)
    return made


def _name(param: str) -> str:
    """Return the name of a parameter as ONNX's text format allows it."""
    layer, _, kind = param.rpartition(".")
    return f"{kind}{layer}"
