"""A model as an ONNX file, which other programs run without MXNet.

The graph is written from ONNX's operators directly: MXNet 1.9.1's own converter needs
modules that ONNX 1.19 removed. Scaling of the pixels and softmax are part of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..errors import InstallationError
from ..storage.atomic import replacing
from .model import SIDE, Model

__all__ = ["write_onnx"]

OPSET = 13
IR_VERSION = 7
"""Old ones, so that runtimes from 2021 on open the file."""


def write_onnx(model: Model, path: str | os.PathLike[str]) -> Path:
    """Write a model as ONNX.

    Parameters
    ----------
    model : Model
    path : path

    Returns
    -------
    pathlib.Path
        The file written. Its input ``images`` is float32 of shape
        (batch, 1, 28, 28) with pixels in 0-1, for any batch; its outputs are ``scores``
        and ``probabilities``, both (batch, classes). The names of the classes are JSON
        in the file's metadata, under ``classes``.

    Raises
    ------
    InstallationError
        If the package onnx is not installed.
    OutputError
        If the file cannot be written.

    Notes
    -----
    https://onnx.ai, operator set 13.
    """
    content = _make_model(model).SerializeToString()
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    return Path(path)


def _make_model(model: Model):
    """Build ONNX's own representation, and let ONNX check it."""
    try:
        import onnx
    except ImportError as error:
        raise InstallationError(
            "the package onnx is not installed: pip install 'gluon_softmax[onnx]'"
        ) from error
    from onnx import helper

    graph = _Graph()
    scores = LAYERS[model.network](graph, graph.scale(model), model)
    graph.add("Identity", [scores], "scores")
    graph.add("Softmax", [scores], "probabilities", axis=-1)
    made = helper.make_model(
        graph.finish(model),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="gluon_softmax",
    )
    properties = {"classes": json.dumps(model.classes), "data": model.data}
    helper.set_model_props(made, properties)
    onnx.checker.check_model(made, full_check=True)
    return made


class _Graph:
    """Nodes and constants, one after the other."""

    def __init__(self):
        self._nodes, self._constants = [], []

    def add(self, operator: str, inputs: list[str], name: str = "", **options) -> str:
        """Add a node; give the name of its output."""
        from onnx import helper

        name = name or f"{operator.lower()}{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], **options))
        return name

    def constant(self, name: str, array: np.ndarray) -> str:
        """Add an array; give its name."""
        from onnx import numpy_helper

        array = np.ascontiguousarray(array, "float32")
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def scale(self, model: Model) -> str:
        """Add what brings pixels from 0-1 to what the model was trained on."""
        mean = self.constant("pixel_mean", np.array(model.pixel_mean))
        deviation = self.constant("pixel_deviation", np.array(model.pixel_deviation))
        return self.add("Div", [self.add("Sub", ["images", mean]), deviation])

    def layer(self, operator: str, X: str, model: Model, number: int, **options) -> str:
        """Add layer `number` of Gluon's, with its weights and biases."""
        names = [f"{number}.weight", f"{number}.bias"]
        params = [self.constant(name, model.params[name]) for name in names]
        return self.add(operator, [X, *params], **options)

    def finish(self, model: Model):
        """Return the graph, with its input and outputs described."""
        from onnx import TensorProto, helper

        def describe(name, *shape):
            shape = ["batch", *shape]
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        images = describe("images", 1, SIDE, SIDE)
        outputs = [
            describe(name, len(model.classes)) for name in ("scores", "probabilities")
        ]
        return helper.make_graph(
            self._nodes, model.network, [images], outputs, self._constants
        )


def _add_softmax(graph: _Graph, X: str, model: Model) -> str:
    """Add softmax regression's one layer; give the name of its scores."""
    W, b = (graph.constant(name, model.params[name]) for name in ("W", "b"))
    return graph.add("Gemm", [graph.add("Flatten", [X]), W, b])


def _add_perceptron(graph: _Graph, X: str, model: Model) -> str:
    """Add the perceptron's layers; give the name of its scores."""
    X = graph.add("Flatten", [X])
    for number in range(4):
        X = graph.add("Relu", [graph.layer("Gemm", X, model, number, transB=1)])
    return graph.layer("Gemm", X, model, 4, transB=1)


def _add_convolutional(graph: _Graph, X: str, model: Model) -> str:
    """Add the convolutional network's layers; give the name of its scores."""
    for number in (0, 3):  # as Gluon counts: pooling and ReLU are layers of their own
        X = graph.layer("Conv", X, model, number, kernel_shape=[5, 5])
        X = graph.add("MaxPool", [X], kernel_shape=[2, 2], strides=[2, 2])
        X = graph.add("Relu", [X])
    return graph.layer("Gemm", graph.add("Flatten", [X]), model, 6, transB=1)


LAYERS: dict[str, Callable[[_Graph, str, Model], str]] = {
    "softmax": _add_softmax,
    "perceptron": _add_perceptron,
    "convolutional": _add_convolutional,
}
