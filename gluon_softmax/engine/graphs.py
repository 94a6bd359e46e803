"""A net and its loss as a graph of MXNet's operators, and the arrays that it works on.

A graph does what calling the net does, and nothing else; a net that may print, count or
decide in Python has none. Gluon's own layers give theirs when called with a symbol; for
functions on NDArrays see `traced`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from mxnet import autograd, gluon, nd, sym
from mxnet.gluon import nn
from mxnet.gluon.parameter import DeferredInitializationError

from .memory import address

__all__ = ["Graph", "Loss", "Net", "is_graph", "make_graph"]

Net = Callable[[nd.NDArray], nd.NDArray]
Loss = Callable[[nd.NDArray, nd.NDArray], nd.NDArray]


@dataclass(frozen=True)
class Graph:
    """Operators and their arrays; inputs are named `data` and `label`."""

    symbol: sym.Symbol
    """Gives losses and `y_hat`, or `y_hat` alone."""
    arrays: dict[str, nd.NDArray]
    """Parameters, running means and the like."""
    grads: dict[str, nd.NDArray]
    """Gradients of the parameters that are trained."""
    grad_req: dict[str, str]
    """What happens to each of them: 'write' or 'add'."""

    def trained(self) -> list[nd.NDArray]:
        """Give the parameters that are trained."""
        return [self.arrays[name] for name in self.grads]

    @cached_property
    def key(self) -> tuple:
        """Give what two graphs have in common if one can stand in for the other."""
        nodes = json.loads(self.symbol.tojson())["nodes"]
        operators = [
            (node["op"], node["op"] == "null" and node["name"], node.get("attrs"))
            for node in nodes
        ]
        inputs = [node["inputs"] for node in nodes]
        places = [
            (name, address(array))
            for arrays in (self.arrays, self.grads)
            for name, array in arrays.items()
        ]
        return repr((operators, inputs)), tuple(places), tuple(self.grad_req.items())

    def count_bytes(self, X: nd.NDArray, y: nd.NDArray) -> int:
        """Count what a batch and all that is computed from it take at most."""
        inner = self.symbol.get_internals()
        arrays = {"data": X, "label": y, **self.arrays}
        known = {name: arrays[name].shape for name in self.symbol.list_inputs()}
        _, shapes, _ = inner.infer_shape(**known)
        own = [f"{name}_output" for name in self.arrays] + list(self.arrays)
        sizes = zip(inner.list_outputs(), map(math.prod, shapes))
        return 2 * 4 * sum(size for name, size in sizes if name not in own)


def make_graph(
    net: gluon.Block, loss: gluon.loss.Loss | None, X: nd.NDArray, y: nd.NDArray
) -> Graph:
    """Give the graph of a net, and of its loss if there is one.

    Parameters
    ----------
    net : mxnet.gluon.Block
    loss : mxnet.gluon.loss.Loss, optional
        Both such that `is_graph` holds.
    X, y : mxnet.nd.NDArray
        A batch, from which Gluon learns the shapes of the parameters.

    Returns
    -------
    Graph
    """
    params = net.collect_params()
    try:
        arrays = {name: params[name].data() for name in params}
    except DeferredInitializationError:
        with autograd.pause():
            net(X)
        arrays = {name: params[name].data() for name in params}
    trained = [name for name in params if params[name].grad_req != "null"]
    symbol = net(sym.var("data"))
    if loss is not None:
        symbol = sym.Group([loss(symbol, sym.var("label")), symbol])
    return Graph(
        symbol,
        arrays,
        {name: params[name].grad() for name in trained},
        {name: params[name].grad_req for name in trained},
    )


def is_graph(block: object) -> bool:
    """Say whether calling a block does no more than its graph.

    That is so where the user hybridized it, and for Gluon's own layers in sequence;
    another block may print, count or decide in Python. Dropout draws other numbers in a
    graph, so it becomes one only where the user asked for it.

    Parameters
    ----------
    block : object
        A net or a loss.

    Returns
    -------
    bool
    """
    if not isinstance(block, gluon.Block) or _has_hooks(block):
        return False
    if not all(_is_on_cpu(param) for param in block.collect_params().values()):
        return False
    if getattr(block, "_active", False):  # set by hybridize()
        return True
    if type(block) in (nn.Sequential, nn.HybridSequential):
        return all(is_graph(block[i]) for i in range(len(block)))
    own = type(block).__module__.startswith("mxnet.gluon.")
    return (
        own and isinstance(block, gluon.HybridBlock) and type(block) is not nn.Dropout
    )


def _is_on_cpu(param: gluon.Parameter) -> bool:
    """Say whether a parameter is on the one device that the loader writes for."""
    try:
        (context,) = param.list_ctx()
    except (RuntimeError, ValueError):  # not initialised; on several
        return False
    return context.device_type == "cpu"


def _has_hooks(block: gluon.Block) -> bool:
    """Say whether the user wants to be called at each pass."""
    return bool(block._forward_hooks or block._forward_pre_hooks)
