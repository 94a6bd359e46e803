"""A net and its loss as one graph of MXNet's operators, and what it was made from.

A graph takes the place of calling a net only where it is known to do the same: for the
layers and losses of Gluon that are in `known`, by exact type, and for functions that
the user hybridized. Anything else may print, count, draw or decide, and is called.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from mxnet import autograd, gluon, nd, sym

from ..compat.internals import address, tape_name
from . import known
from .fingerprint import Fingerprint, Readings
from .hybrid import Hybridized
from .known import NoGraph
from .symbols import describe

__all__ = ["Graph", "Loss", "Net", "make_graph", "may_have_graph"]

Net = Callable[[nd.NDArray], nd.NDArray]
Loss = Callable[[nd.NDArray, nd.NDArray], nd.NDArray]

INPUTS = ("data", "label", "before")
"""Names of the graph's inputs; a parameter of such a name makes it ambiguous."""


@dataclass(frozen=True)
class Graph:
    """Operators, the arrays that they work on, and what all of it was made from.

    The symbol computes the losses and `y_hat`, or `y_hat` alone, from `data` and
    `label`. There are gradients of the arrays that are trained; each pass overwrites
    them. One of blocks alone fits batches of any shape.
    """

    symbol: sym.Symbol
    arrays: dict[str, nd.NDArray]
    grads: dict[str, nd.NDArray]
    fingerprint: Fingerprint
    fits_any_shape: bool

    @cached_property
    def key(self) -> tuple:
        """Return what is equal in two graphs that can stand in for each other."""
        arrays = [*self.arrays.items(), *self.grads.items()]
        places = tuple((name, address(array)) for name, array in arrays)
        return describe(self.symbol), places

    def count_bytes(self, X: nd.NDArray, y: nd.NDArray) -> int:
        """Return what a batch and all that is computed from it take at most."""
        inner = self.symbol.get_internals()
        arrays = {"data": X, "label": y, **self.arrays}
        given = {name: arrays[name].shape for name in self.symbol.list_inputs()}
        _, shapes, _ = inner.infer_shape(**given)
        own = [f"{name}_output" for name in self.arrays] + list(self.arrays)
        sizes = zip(inner.list_outputs(), map(math.prod, shapes))
        return 2 * 4 * sum(size for name, size in sizes if name not in own)


def may_have_graph(net: object, loss: object | None) -> bool:
    """Return whether a net and its loss are of types that graphs are made of."""
    return type(net) in (Hybridized, *known.CONTAINERS, *known.LAYERS) and (
        loss is None or type(loss) in (Hybridized, *known.LOSSES)
    )


def make_graph(
    net: Net, loss: Loss | None, X: nd.NDArray, y: nd.NDArray, overwritten: set[bytes]
) -> Graph:
    """Make the graph of a net, and of its loss if there is one, for batches like this.

    `may_have_graph` holds for them; `overwritten` keeps what autograd calls arrays of
    which backward is known to overwrite the gradients. Raises `NoGraph` if the graph is
    not known to do what calling the net does, or cannot be made yet, and
    `ArgumentError` if a hybridized function is seen to be unfit.
    """
    parts = _Parts(training=loss is not None)
    outputs = [parts.compose(net, [sym.var("data")], [X])]
    if loss is not None:
        y_hat = None
        if type(loss) is Hybridized:  # it is recorded with numbers
            with autograd.train_mode():
                y_hat = net(X)
        inputs = [outputs[0], sym.var("label")]
        outputs.insert(0, parts.compose(loss, inputs, [y_hat, y]))
    symbol = sym.Group(outputs)
    if not parts.readings:  # a traced function was compared with its graph instead
        known.check_operators(symbol)
    names = [name for name in symbol.list_inputs() if name not in INPUTS]
    arrays = {name: parts.arrays[name] for name in names}
    if len(set(map(address, arrays.values()))) < len(names):
        raise NoGraph("an array is in two places, whose gradients would overwrite")
    known.check_types(arrays)
    grads = {} if loss is None else _find_gradients(arrays, overwritten)
    marked = arrays.values() if grads else []
    fingerprint = Fingerprint(parts.blocks, marked, parts.readings)
    return Graph(symbol, arrays, grads, fingerprint, not parts.readings)


class _Parts:
    """Blocks and functions on their way to a graph, and the arrays that they use."""

    def __init__(self, training: bool):
        self._training = training
        self.arrays: dict[str, nd.NDArray] = {}
        self.blocks: list[gluon.Block] = []
        self.readings: list[Readings] = []

    def compose(self, part, inputs: list[sym.Symbol], batch: list) -> sym.Symbol:
        """Return what a net or a loss computes from symbols."""
        if type(part) is not Hybridized:
            return self._compose_block(part, inputs)
        trace = part.trace(*batch, training=self._training)
        self.readings.append(trace.readings)
        for name, array in trace.arrays.items():
            self._add(name, array)
        return trace.symbol(**dict(zip(trace.inputs, inputs)))

    def _compose_block(self, block: gluon.Block, inputs: list) -> sym.Symbol:
        """Return what a block computes from symbols, its children included."""
        known.check_block(block)
        self.blocks.append(block)
        if getattr(block, "_active", False):  # hybridized: it runs its own graph
            return self._compose_cached(block, inputs)
        children = block._children.values()
        if type(block) in known.CONTAINERS:
            for child in children:
                inputs = [self._compose_block(child, inputs)]
            return inputs[0]
        for child in children:  # the activation of a dense layer, which calls it
            known.check_block(child)
            self.blocks.append(child)
            if child._active or child._children:
                raise NoGraph(f"{child.name} has a graph of its own")
        for param in block._reg_params.values():
            self._add(param.var().name, known.read_parameter(param))
        return block(*inputs)

    def _compose_cached(self, block: gluon.HybridBlock, inputs: list) -> sym.Symbol:
        """Return what the graph computes that Gluon keeps of a hybridized block."""
        if not block._cached_op_args or block._backend or block._callback:
            raise NoGraph(f"{block.name} has no graph yet, or one that is watched")
        data, symbol = block._cached_graph
        known.check_operators(symbol)
        for name, (is_input, param) in zip(symbol.list_inputs(), block._cached_op_args):
            if not is_input:
                self._add(name, known.read_parameter(param))
        self.blocks += _list_descendants(block)
        return symbol(**{var.name: value for var, value in zip(data, inputs)})

    def _add(self, name: str, array: nd.NDArray) -> None:
        """Add a parameter under the name that the graph has for it."""
        if name in INPUTS or self.arrays.setdefault(name, array) is not array:
            raise NoGraph(f"two arrays are called {name!r}")


def _list_descendants(block: gluon.Block) -> Iterator[gluon.Block]:
    """List all blocks below a block."""
    for child in block._children.values():
        yield child
        yield from _list_descendants(child)


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
