"""Batches through a graph: arrays used in turn, and an executor for each of them.

Called one by one from Python, the operators of a small net cost more than their
arithmetic, and so does recording them for autograd. A graph is called as a whole, on
arrays that the loader writes to and that are used in turn, so that Python reads the
next batches while MXNet computes.
"""

from __future__ import annotations

from itertools import islice
from threading import Lock
from typing import NamedTuple

import numpy as np
from mxnet import autograd, nd, sym
from mxnet.base import MXNetError
from mxnet.executor import Executor

from ..compat.internals import (
    binding_quietly,
    forward,
    mark_as_fresh,
    outputs,
    tape_name,
)
from .graph import Graph, Loss, Net, make_graph
from .known import NoGraph, check_types, is_library_unchanged
from .memory import Batches, InTurn, Ring, can_fill, take_turns

__all__ = ["BLOCK", "Runner"]

BLOCK = 4
"""How many batches are read before they are computed, and whose results are joined."""

TURNS = 3 * BLOCK
"""After how many batches an array comes again."""

ROOM = 2**28
"""Bytes for all batches in turn; a larger net gains nothing from a graph."""

SHAPES = 4
"""How many shapes of batches have graphs: there are two, with the smaller last one."""

TRIES = 2
"""A net may learn its shapes from the first batch, and have a graph from the second."""

_making = Lock()
"""Gluon names what it calls with symbols, and its names are of no one thread."""


class _Losses(InTurn):
    """The losses of a batch, whose backward pass is the graph's."""

    executor: Executor
    trained: list[nd.NDArray]

    def backward(self, *options, **named) -> None:
        """Compute the gradients of the summed losses."""
        self.executor.backward()
        for param in self.trained:
            mark_as_fresh(param)


class _Bound(NamedTuple):
    """A graph on the arrays of a turn, which are kept so that they stay its own."""

    executor: Executor
    results: list[nd.NDArray]
    X: nd.NDArray
    y: nd.NDArray


class Runner:
    """The graphs of a net and its loss, bound to arrays that are used in turn.

    The arrays of a batch come again after three blocks of batches. The loader is a
    block ahead, and results are read up to two blocks behind; what has been read is
    computed, and so are the backward passes up to there, because each forward pass
    waits for the backward pass before it (see `_order_passes`).
    """

    def __init__(self, training: bool):
        self._training = training
        self._ring = Ring(TURNS)
        self._overwritten: set[bytes] = set()
        self._kept: dict[tuple, tuple[tuple, dict[tuple[int, int], _Bound]]] = {}

    def begin(self, net: Net, loss: Loss | None) -> None:
        """Begin an epoch: what is called may differ from what was called before."""
        nd.waitall()
        self._reset(net, loss)
        self._ring.restart()
        if len(self._kept) >= SHAPES:
            self._kept.clear()
            self._ring.clear()

    def end(self) -> None:
        """Release net and loss; the memory of their graphs is kept."""
        self._reset(None, None)

    def _reset(self, net: Net | None, loss: Loss | None) -> None:
        """Forget what was found about a net in the epoch before."""
        self._net, self._loss, self._tries = net, loss, TRIES
        self._graphs: dict[tuple, Graph] = {}
        self._ready: dict[tuple[int, int], tuple[Graph, _Bound]] = {}
        self._batch: tuple = (None, None)
        self._given: dict[int, nd.NDArray] = {}
        self._present: _Bound | None = None

    def read(self, data_iter: Batches) -> Batches:
        """Read an epoch into arrays that are used in turn, some batches ahead."""
        fills = can_fill(data_iter)
        if fills:
            batches = iter(data_iter.read_into(self._ring.empty))
        else:
            batches = map(self._copy, data_iter)
        ahead = BLOCK if fills and getattr(data_iter, "may_read_ahead", False) else 1
        while burst := list(islice(batches, ahead)):
            for X, y in burst:
                self._batch = (X, y) if _is_alone() else (None, None)
                yield X, y

    def net(self, X: nd.NDArray) -> nd.NDArray:
        """Compute what the net gives for a batch, and the losses on the way."""
        self._present = self._find(X)
        if self._present is None:
            return self._net(self._own(X))
        forward(self._present.executor, self._training)
        return self._present.results[-1]

    def loss(self, y_hat: nd.NDArray, y: nd.NDArray) -> nd.NDArray:
        """Return the losses of a batch."""
        if self._present is None:
            return self._loss(y_hat, self._own(y))
        return self._present.results[0]

    def _copy(self, batch: tuple[nd.NDArray, nd.NDArray]):
        """Copy a batch to arrays in turn; leave one that is more than its numbers."""
        if not (_is_alone() and all(map(_is_plain, batch))):
            return batch
        places = [
            self._ring.empty(array.shape, np.dtype(array.dtype).name) for array in batch
        ]
        copies = [array.copyto(place.owner) for array, place in zip(batch, places)]
        self._given = dict(zip(map(id, copies), batch))
        return copies

    def _own(self, array: nd.NDArray) -> nd.NDArray:
        """Return an array that the user's code may keep or write to."""
        if id(array) in self._given:
            return self._given[id(array)]
        return array.copy() if self._ring.holds(array) else array

    def _find(self, X: nd.NDArray) -> _Bound | None:
        """Return the graph on a batch, if it does what calling the net would do."""
        if X is not self._batch[0] or not all(map(self._ring.holds, self._batch)):
            return None
        y = self._batch[1]
        ids = id(X), id(y)
        ready = self._ready.get(ids) or self._prepare(ids, X, y)
        if ready is None:
            return None
        graph, bound = ready
        return bound if is_library_unchanged() and graph.fingerprint.holds() else None

    def _prepare(
        self, ids: tuple[int, int], X: nd.NDArray, y: nd.NDArray
    ) -> tuple[Graph, _Bound] | None:
        """Return the graph for a batch's arrays, bound to them, if there is one."""
        shape = (X.shape, X.dtype, y.shape, y.dtype)
        graph = self._graphs.get(shape) or self._make(shape, X, y)
        if graph is None:
            return None
        bound = self._kept[shape][1]
        if ids not in bound:
            bound[ids] = _bind(graph, X, y, self._training)
        self._ready[ids] = graph, bound[ids]
        return self._ready[ids]

    def _make(self, shape: tuple, X: nd.NDArray, y: nd.NDArray) -> Graph | None:
        """Make the graph for a shape; keep the memory of one that is equal."""
        if not self._tries or len(self._kept.keys() | {shape}) > SHAPES:
            return None
        try:
            graph = self._compose(X, y)
        except (NoGraph, MXNetError):
            self._tries -= 1
            return None
        if shape not in self._kept or self._kept[shape][0] != graph.key:
            if graph.count_bytes(X, y) * TURNS > ROOM:
                self._tries = 0
                return None
            self._kept[shape] = graph.key, {}
        self._graphs[shape] = graph
        return graph

    def _compose(self, X: nd.NDArray, y: nd.NDArray) -> Graph:
        """Return a graph that batches like this fit, or raise `NoGraph`."""
        check_types({"data": X})
        for graph in self._graphs.values():
            if graph.fits_any_shape:
                return graph
        with _making:
            return make_graph(self._net, self._loss, X, y, self._overwritten)


def _bind(graph: Graph, X: nd.NDArray, y: nd.NDArray, training: bool) -> _Bound:
    """Return a graph on a batch's arrays, with memory of its own."""
    symbol, grads = graph.symbol, graph.grads
    arrays = {"data": X, "label": y, **graph.arrays}
    if training:
        symbol = _order_passes(symbol)
        arrays["before"] = next(iter(grads.values()))
    else:
        grads = _keep_from_fusing(graph)
    with binding_quietly():
        executor = symbol.bind(
            X.context,
            {name: arrays[name] for name in symbol.list_arguments()},
            args_grad=grads,
            grad_req=dict.fromkeys(grads, "write"),
        )
    if not training:
        return _Bound(executor, [take_turns(outputs(executor)[0])], X, y)
    l, y_hat, _ = outputs(executor)
    l = take_turns(l, _Losses)
    l.executor, l.trained = executor, [graph.arrays[name] for name in grads]
    return _Bound(executor, [l, take_turns(y_hat)], X, y)


def _order_passes(symbol: sym.Symbol) -> sym.Symbol:
    """Have each forward pass wait for the backward pass before it.

    They share the gradients, so asking for the shape of one orders them. Without, an
    updater that does nothing lets the loader write to images that are still in use.
    """
    l, y_hat = symbol
    before = sym.shape_array(sym.var("before"))
    return sym.Group([sym.make_loss(l), sym.BlockGrad(y_hat), before])


def _keep_from_fusing(graph: Graph) -> dict[str, nd.NDArray]:
    """Return a gradient to bind, which is never computed.

    Without any, MXNet takes fused layers, which keep the weights that they saw first.
    """
    if not graph.arrays:
        return {}
    name, smallest = min(graph.arrays.items(), key=lambda item: item[1].size)
    return {name: nd.zeros_like(smallest)}


def _is_alone() -> bool:
    """Return whether nobody else records.

    Under a scope of the user's the net may do, or mean, something else.
    """
    return not (autograd.is_recording() or autograd.is_training())


def _is_plain(array: nd.NDArray) -> bool:
    """Return whether an array is dense, in this computer's memory, and in no graph."""
    if type(array) is not nd.NDArray or array.stype != "default":
        return False
    if not array.context.device_type.startswith("cpu") or array.context.device_id:
        return False
    return (tape_name(array) or b"null").startswith(b"null") and array.grad is None
