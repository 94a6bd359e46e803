"""A net and its loss as one graph of MXNet's operators, and what it was made from.

A graph takes the place of calling a net only where it is known to do the same: for the
layers and losses of Gluon that are listed here, by exact type, and for functions that
the user hybridized. Anything else may print, count, draw or decide, and is called.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import is_

import numpy as np
from mxnet import autograd, gluon, nd, sym
from mxnet.gluon import nn

from ..compat.internals import address, tape_name
from .fingerprint import Fingerprint, Snapshot
from .hybrid import Hybridized
from .symbols import describe, list_operators

__all__ = [
    "CONTAINERS",
    "LAYERS",
    "LOSSES",
    "OPERATORS",
    "Graph",
    "Loss",
    "Net",
    "NoGraph",
    "is_library_unchanged",
    "make_graph",
    "may_have_graph",
]

Net = Callable[[nd.NDArray], nd.NDArray]
Loss = Callable[[nd.NDArray, nd.NDArray], nd.NDArray]

CONTAINERS = (nn.Sequential, nn.HybridSequential)
LAYERS = (
    nn.Dense,
    nn.Activation,
    nn.Flatten,
    nn.Conv2D,
    nn.MaxPool2D,
    nn.AvgPool2D,
)
LOSSES = (gluon.loss.SoftmaxCrossEntropyLoss,)
OPERATORS = {
    *("null", "FullyConnected", "Activation", "Flatten", "Convolution", "Pooling"),
    *("log_softmax", "pick", "negative", "mean", "sum", "elemwise_mul"),
    *("reshape_like", "_mul_scalar"),
}
"""What these are made of; a hybridized block could hold others, from before."""

_NAMES = [*(name for name in OPERATORS if hasattr(nd, name)), "flatten"]
_FUNCTIONS = [getattr(nd, name) for name in _NAMES]
_METHODS = Snapshot(
    vars(base)
    for base in {
        base
        for kind in (*CONTAINERS, *LAYERS, *LOSSES, gluon.Parameter)
        for base in kind.__mro__
        if base is not object
    }
)


def is_library_unchanged() -> bool:
    """Return whether these layers and operators are as the engine found them."""
    return _METHODS.holds() and all(map(is_, map(vars(nd).get, _NAMES), _FUNCTIONS))


INPUTS = ("data", "label", "before")
"""Names of the graph's inputs; a parameter of such a name makes it ambiguous."""


class NoGraph(Exception):
    """There is no graph that is known to do what calling the net does."""


@dataclass(frozen=True)
class Graph:
    """Operators and the arrays that they work on.

    Attributes
    ----------
    symbol : mxnet.sym.Symbol
        Computes the losses and `y_hat`, or `y_hat` alone, from `data` and `label`.
    arrays : dict of str to mxnet.nd.NDArray
        The parameters.
    grads : dict of str to mxnet.nd.NDArray
        The gradients of those that are trained; each pass overwrites them.
    fingerprint : Fingerprint
        What the graph was made from.
    """

    symbol: sym.Symbol
    arrays: dict[str, nd.NDArray]
    grads: dict[str, nd.NDArray]
    fingerprint: Fingerprint

    def list_trained(self) -> list[nd.NDArray]:
        """Return the parameters that are trained."""
        return [self.arrays[name] for name in self.grads]

    @cached_property
    def key(self) -> tuple:
        """Return what is equal in two graphs that can stand in for each other."""
        places = [
            (name, address(array))
            for arrays in (self.arrays, self.grads)
            for name, array in arrays.items()
        ]
        return describe(self.symbol), tuple(places)

    def count_bytes(self, X: nd.NDArray, y: nd.NDArray) -> int:
        """Return what a batch and all that is computed from it take at most."""
        inner = self.symbol.get_internals()
        arrays = {"data": X, "label": y, **self.arrays}
        known = {name: arrays[name].shape for name in self.symbol.list_inputs()}
        _, shapes, _ = inner.infer_shape(**known)
        own = [f"{name}_output" for name in self.arrays] + list(self.arrays)
        sizes = zip(inner.list_outputs(), map(math.prod, shapes))
        return 2 * 4 * sum(size for name, size in sizes if name not in own)


def may_have_graph(net: object, loss: object | None) -> bool:
    """Return whether a net and its loss are of types that graphs are made of."""
    if type(net) is not Hybridized and type(net) not in CONTAINERS + LAYERS:
        return False
    if loss is None or type(loss) in LOSSES:
        return True
    return type(loss) is Hybridized


def make_graph(
    net: Net, loss: Loss | None, X: nd.NDArray, y: nd.NDArray, overwritten: set[bytes]
) -> Graph:
    """Make the graph of a net, and of its loss if there is one.

    Parameters
    ----------
    net, loss : callable
        Such that `may_have_graph` holds.
    X, y : mxnet.nd.NDArray
        A batch. The graph of a hybridized function holds for batches of its shape.
    overwritten : set of bytes
        What autograd calls arrays whose gradients are known to be overwritten; others
        are added.

    Returns
    -------
    Graph

    Raises
    ------
    NoGraph
        If it is not known to do what calling the net does, or cannot be made yet.
    ArgumentError
        If a hybridized function is seen to be unfit.
    """
    parts = _Parts(training=loss is not None)
    outputs = [parts.compose(net, [sym.var("data")], [X])]
    if loss is not None:
        y_hat = parts.evaluate(net, X) if type(loss) is Hybridized else None
        inputs = [outputs[0], sym.var("label")]
        outputs.insert(0, parts.compose(loss, inputs, [y_hat, y]))
    symbol = sym.Group(outputs)
    if not parts.traced:  # a traced function was compared with its graph instead
        _check_operators(symbol)
    names = [name for name in symbol.list_inputs() if name not in INPUTS]
    arrays = {name: parts.arrays[name] for name in names}
    if len(set(map(address, arrays.values()))) < len(names):
        raise NoGraph("an array is in two places, whose gradients would overwrite")
    _check_types({"data": X, **arrays})
    grads = {} if loss is None else _find_gradients(arrays, overwritten)
    reads = [read for part in parts.traced for read in part.reads]
    fingerprint = Fingerprint(parts.blocks, arrays.values(), reads)
    return Graph(symbol, arrays, grads, fingerprint)


class _Parts:
    """Blocks and functions on their way to a graph, and the arrays that they use."""

    def __init__(self, training: bool):
        self._training = training
        self.arrays: dict[str, nd.NDArray] = {}
        self.blocks: list[gluon.Block] = []
        self.traced: list = []

    def compose(self, part, inputs: list[sym.Symbol], batch: list) -> sym.Symbol:
        """Return what a net or a loss computes from symbols."""
        if type(part) is not Hybridized:
            return self._compose_block(part, inputs)
        trace = part.trace(*batch, training=self._training)
        self.traced.append(trace)
        for name, array in trace.arrays.items():
            self._add(name, array)
        return trace.symbol(**dict(zip(trace.inputs, inputs)))

    def evaluate(self, net: Net, X: nd.NDArray) -> nd.NDArray:
        """Return what a net gives for a batch, to trace its loss with."""
        with autograd.train_mode() if self._training else autograd.predict_mode():
            return net(X)

    def _compose_block(self, block: gluon.Block, inputs: list) -> sym.Symbol:
        """Return what a block computes from symbols, its children included."""
        self._check(block)
        self.blocks.append(block)
        if getattr(block, "_active", False):  # hybridized: it runs its own graph
            return self._compose_cached(block, inputs)
        children = block._children.values()
        if type(block) in CONTAINERS:
            for child in children:
                inputs = [self._compose_block(child, inputs)]
            return inputs[0]
        for child in children:  # the activation of a dense layer
            self._check_leaf(child)
        for param in block._reg_params.values():
            self._add(param.var().name, _read(param))
        return block(*inputs)

    def _check_leaf(self, child: gluon.Block) -> None:
        """Check a layer that is called by the one that it belongs to."""
        self._check(child)
        self.blocks.append(child)
        if child._active or child._children:
            raise NoGraph(f"{child.name} has a graph of its own")

    def _compose_cached(self, block: gluon.HybridBlock, inputs: list) -> sym.Symbol:
        """Return what the graph computes that Gluon keeps of a hybridized block."""
        if not block._cached_op_args or block._backend or block._callback:
            raise NoGraph(f"{block.name} has no graph yet, or one that is watched")
        known, symbol = block._cached_graph
        _check_operators(symbol)
        for name, (is_input, param) in zip(symbol.list_inputs(), block._cached_op_args):
            if not is_input:
                self._add(name, _read(param))
        self.blocks += _list_descendants(block)
        return symbol(**{var.name: value for var, value in zip(known, inputs)})

    def _check(self, block: gluon.Block) -> None:
        """Check that a block does no more than its type says."""
        if type(block) not in CONTAINERS + LAYERS + LOSSES:
            raise NoGraph(f"{block!r} may do anything")
        if block._forward_hooks or block._forward_pre_hooks:
            raise NoGraph(f"{block.name} has a hook")
        if _has_own_methods(block):
            raise NoGraph(f"{block.name} has a method of its own")

    def _add(self, name: str, array: nd.NDArray) -> None:
        """Add a parameter under the name that the graph has for it."""
        if name in INPUTS or self.arrays.setdefault(name, array) is not array:
            raise NoGraph(f"two arrays are called {name!r}")


def _list_descendants(block: gluon.Block) -> Iterator[gluon.Block]:
    """List all blocks below a block."""
    for child in block._children.values():
        yield child
        yield from _list_descendants(child)


def _read(param: gluon.Parameter) -> nd.NDArray:
    """Return the array of a parameter, if it is plain and on the processor alone."""
    arrays = param._data
    if type(param) is not gluon.Parameter or _has_own_methods(param):
        raise NoGraph(f"{param.name} is a parameter of another kind")
    if not arrays or len(arrays) > 1:
        raise NoGraph(f"{param.name} has no array yet, or several")
    return arrays[0]


def _check_types(arrays: dict[str, nd.NDArray]) -> None:
    """Check that arrays are plain float32 on the processor."""
    for name, array in arrays.items():
        if type(array) is not nd.NDArray or array.dtype != np.float32:
            raise NoGraph(f"{name} is of another type")
        if array.context.device_type != "cpu":
            raise NoGraph(f"{name} is on another device")


def _find_gradients(
    arrays: dict[str, nd.NDArray], overwritten: set[bytes]
) -> dict[str, nd.NDArray]:
    """Return the gradients of the arrays that are trained, one at least."""
    trained = {name: array for name, array in arrays.items() if array.grad is not None}
    if not trained:
        raise NoGraph("nothing is trained")
    for array in trained.values():
        mark = tape_name(array)
        if mark not in overwritten:
            _check_overwritten(array)
            overwritten.add(mark)
    return {name: array.grad for name, array in trained.items()}


def _check_overwritten(array: nd.NDArray) -> None:
    """Check that backward overwrites an array's gradient; MXNet does not tell."""
    grad, is_fresh = array.grad, array._fresh_grad
    before = grad.copy()
    grad[:] = 1
    with autograd.record():
        nothing = array * 0
    nothing.backward()
    is_added_to = grad.sum().asscalar() != 0
    grad[:] = before
    array._fresh_grad = is_fresh
    if is_added_to:
        raise NoGraph("gradients are added up")


def _check_operators(symbol: sym.Symbol) -> None:
    """Check that a graph holds no operators but those of the layers listed."""
    others = list_operators(symbol) - OPERATORS
    if others:
        raise NoGraph(f"it holds {', '.join(sorted(others))}")


def _has_own_methods(owner: object) -> bool:
    """Return whether an object has a method that its class does not know."""
    return any(callable(getattr(type(owner), name, None)) for name in vars(owner))
