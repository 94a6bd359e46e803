"""Batches through a net and its loss, as one graph where they have one.

Called one by one from Python, the operators of a small net cost more than their
arithmetic, and so does recording them for autograd. A graph is called as a whole, on
arrays that the loader writes to and that are used in turn, so that Python reads the
next batches while MXNet computes. What has no graph is called as it is.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import NamedTuple
from weakref import WeakKeyDictionary

import mxnet as mx
import numpy as np
from mxnet import autograd, nd, sym
from mxnet.base import _LIB, check_call
from mxnet.executor import Executor

from ..errors import ArgumentError
from .graphs import Graph, Loss, Net, is_graph, make_graph
from .memory import Ring
from .traced import is_traceable, trace

__all__ = ["BLOCK", "predict", "run_training"]

BLOCK = 4
"""Batches in a block, if they are small; Python runs at most two blocks ahead."""

ROOM = 2**26
"""Bytes for the batches of two blocks, and for what is computed from them."""

SHAPES = 4
"""How many shapes of batches to keep memory for."""

Batches = Iterable["tuple[nd.NDArray, nd.NDArray]"]
Result = tuple[nd.NDArray, ...]


def run_training(
    net: Net, loss: Loss, train_iter: Batches, step: Callable[..., None]
) -> Iterator[list[Result]]:
    """Take batches forward and backward through a net and its loss.

    Parameters
    ----------
    net : callable
        Takes `X`, gives `y_hat`.
    loss : callable
        Takes ``y_hat, y``, gives one number per sample.
    train_iter : iterable of (X, y)
    step : callable
        Called with ``l, y_hat, y`` of each batch, when the gradients of the summed loss
        are on their way to where the net's parameters have them.

    Yields
    ------
    list of tuple
        ``l, y_hat, y`` of some batches. Their arrays are used again: what is computed
        from them must be asked for before the next block is, and read before the block
        after that.
    """
    return _run(net, loss, train_iter, step)


def predict(net: Net, data_iter: Batches) -> Iterator[list[Result]]:
    """Take batches forward through a net.

    Parameters
    ----------
    net : callable
        Takes `X`, gives `y_hat`.
    data_iter : iterable of (X, y)

    Yields
    ------
    list of tuple
        ``y_hat, y`` of some batches, with the same conditions as `run_training`.
    """
    return _run(net, None, data_iter, lambda y_hat, y: None)


def _run(
    net: Net, loss: Loss | None, data_iter: Batches, step: Callable[..., None]
) -> Iterator[list[Result]]:
    """Take batches through a net, in blocks."""
    with _borrow(net, loss) as passes:
        batches = iter(passes.read(data_iter))
        block: list[Result] = []
        while burst := list(islice(batches, passes.burst)):
            for X, y in burst:
                result = passes.run(X, y)
                step(*result)
                block.append(result)
            if len(block) >= passes.block:
                yield block
                block = []
        if block:
            yield block


Maker = Callable[[nd.NDArray, nd.NDArray], "Graph | None"]
_idle: WeakKeyDictionary[Net, dict[bool, _Graphs]] = WeakKeyDictionary()


@contextmanager
def _borrow(net: Net, loss: Loss | None) -> Iterator[_Calls | _Graphs]:
    """Lend what takes batches through a net; the memory of one loop serves the next."""
    make = _choose(net, loss)
    if make is None:
        yield _Calls(net, loss)
        return
    kept = _idle.setdefault(net, {})
    graphs = kept.pop(loss is None, None) or _Graphs(training=loss is not None)
    graphs.begin(partial(make, net, loss), _Calls(net, loss))
    yield graphs
    graphs.end()
    kept[loss is None] = graphs


def _choose(net: Net, loss: Loss | None) -> Callable[..., Graph | None] | None:
    """Choose how to make the graph, if there can be one."""
    if is_graph(net) and (loss is None or is_graph(loss)):
        return make_graph
    return trace if is_traceable(net, loss) else None


class _Calls:
    """A net and its loss, called as they are."""

    block = BLOCK
    burst = 1

    def __init__(self, net: Net, loss: Loss | None):
        self._net, self._loss = net, loss

    def read(self, data_iter: Batches) -> Batches:
        """Read an epoch."""
        return map(_check_arrays, data_iter)

    def run(self, X: nd.NDArray, y: nd.NDArray) -> Result:
        """Compute one batch."""
        if self._loss is None:
            return self._net(X), y
        with autograd.record():
            y_hat = self._net(X)
            l = self._loss(y_hat, y)
        l.backward()
        return l, y_hat, y


class _Bound(NamedTuple):
    """A graph on its memory; the batch's arrays are kept so that they stay its own."""

    executor: Executor
    outputs: list[nd.NDArray]
    trained: list[nd.NDArray]
    X: nd.NDArray
    y: nd.NDArray
    shape: tuple


class _Graphs:
    """The graphs of a net and its loss, bound to the arrays of some batches.

    Batches come in bursts: some are read, then all of them computed, so that MXNet does
    not fall asleep between two, which would cost as much as a batch to wake it again.

    The arrays of a batch come again after two blocks, the first of which has a batch
    more, and one batch. By then the block before the last has been read, so its passes
    are over; the backward pass of its last batch too, because the forward pass that
    followed waited for it (see `_bind`).
    """

    def __init__(self, training: bool):
        self.block = BLOCK
        self._training = training
        self._ring = Ring(2 * BLOCK + 2)
        self._graphs: dict[tuple, Graph | None] = {}
        self._blocks: dict[tuple, int] = {}
        self._bound: dict[tuple[int, int], _Bound] = {}
        self._checked: set[tuple] = set()

    def begin(self, make: Maker, calls: _Calls) -> None:
        """Begin an epoch: what was computed before is over, what is called may differ.

        Parameters
        ----------
        make : callable
            Makes the graph for a batch.
        calls : _Calls
            What to do with batches that have none.
        """
        self._make, self._calls = make, calls
        self.burst = 1
        self._settled = False
        self._checked.clear()
        for graph in filter(None, self._graphs.values()):
            for grad in graph.grads.values():
                grad.wait_to_read()

    def end(self) -> None:
        """Let go of the net and the loss."""
        del self._make, self._calls

    def read(self, data_iter: Batches) -> Batches:
        """Read an epoch into arrays that are used in turn."""
        self._ring.restart()
        self._fills = _can_fill(data_iter)
        if self._fills:
            return data_iter.read_into(self._ring.empty)
        return (tuple(map(self._copy, _check_arrays(batch))) for batch in data_iter)

    def run(self, X: nd.NDArray, y: nd.NDArray) -> Result:
        """Compute one batch, whose arrays `read` gave."""
        bound = self._bound.get((id(X), id(y)))
        if bound is None or bound.shape not in self._checked:
            bound = self._prepare(X, y)
        if bound is None:
            return self._calls.run(X.copy(), y.copy())
        _forward(bound.executor, self._training)
        if self._training:
            bound.executor.backward()
            for param in bound.trained:
                param._fresh_grad = True  # what a trainer asks before it steps
        return (*bound.outputs, y)

    def _copy(self, array: nd.NDArray) -> nd.NDArray:
        """Copy an array of a batch to memory that is used in turn."""
        place = self._ring.empty(array.shape, np.dtype(array.dtype).name)
        return array.copyto(place.owner)

    def _prepare(self, X: nd.NDArray, y: nd.NDArray) -> _Bound | None:
        """Give the graph on a batch's arrays, as the net is in this epoch."""
        shape = (X.shape, X.dtype, y.shape, y.dtype)
        if shape not in self._checked:
            self._check(shape, X, y)
        graph = self._graphs[shape]
        if graph is not None and (id(X), id(y)) not in self._bound:
            executor = _bind(graph, X, y, self._training)
            outputs = executor.outputs[: 2 if self._training else 1]
            arrays = (executor, outputs, graph.trained(), X, y)
            self._bound[id(X), id(y)] = _Bound(*arrays, shape)
        return graph and self._bound[id(X), id(y)]

    def _check(self, shape: tuple, X: nd.NDArray, y: nd.NDArray) -> None:
        """Make the graph for a shape; keep the one of the last epoch if it is equal."""
        graph, before = self._make(X, y), self._graphs.get(shape)
        if graph is None or before is None or graph.key != before.key:
            self._forget(shape)
            self._graphs[shape] = graph
            self._blocks[shape] = _count_batches(graph, X, y)
        if not self._settled:
            self._settle(self._blocks[shape])
        self._checked.add(shape)

    def _settle(self, block: int) -> None:
        """Choose at the first batch of an epoch how many go together."""
        self._settled = True
        self.block = block
        self.burst = block if self._fills else 1
        self._ring.turns = 2 * block + 2

    def _forget(self, shape: tuple) -> None:
        """Drop what is bound for a shape, or for all where there are too many."""
        if len(self._graphs) == SHAPES and shape not in self._graphs:
            self._graphs.clear()
            self._checked.clear()
            self._ring.clear()
        self._graphs[shape] = None
        self._bound = {
            ids: bound
            for ids, bound in self._bound.items()
            if self._graphs.get(bound.shape)
        }


def _bind(graph: Graph, X: nd.NDArray, y: nd.NDArray, training: bool) -> Executor:
    """Give a graph its memory.

    In training each forward pass waits for the backward pass before it, by asking for
    the shape of a gradient. A gradient is bound for prediction too, where none is
    computed: without, MXNet takes a fused layer that keeps the weights it first saw.
    """
    symbol, grads = graph.symbol, graph.grads
    if training:
        l, y_hat = symbol
        symbol = [sym.make_loss(l), sym.BlockGrad(y_hat)]
        symbol += [sym.shape_array(sym.var("before"))] if grads else []
        symbol = sym.Group(symbol)
    elif graph.arrays:
        name, smallest = min(graph.arrays.items(), key=lambda item: item[1].size)
        grads = {name: nd.zeros_like(smallest)}
    arrays = {"data": X, "label": y, "before": next(iter(grads.values()), None)}
    arrays.update(graph.arrays)
    with _quiet_binding():
        return symbol.bind(
            X.context,
            {name: arrays[name] for name in symbol.list_arguments()},
            args_grad=grads,
            grad_req={name: graph.grad_req.get(name, "write") for name in grads},
            aux_states={name: arrays[name] for name in symbol.list_auxiliary_states()},
        )


def _forward(executor: Executor, training: bool) -> None:
    """Run a forward pass, without making new handles of its outputs as MXNet does."""
    check_call(_LIB.MXExecutorForward(executor.handle, ctypes.c_int(training)))


def _count_batches(graph: Graph | None, X: nd.NDArray, y: nd.NDArray) -> int:
    """Say how many batches there is room for in a block."""
    if graph is None:
        return BLOCK
    return min(max(ROOM // (2 * graph.count_bytes(X, y)), 1), BLOCK)


def _can_fill(data_iter: Batches) -> bool:
    """Say whether a loader can read into given arrays what it would iterate over."""
    kind = next(kind for kind in type(data_iter).__mro__ if "__iter__" in vars(kind))
    return "read_into" in vars(kind)


def _check_arrays(batch: tuple[nd.NDArray, nd.NDArray]):
    """Refuse MXNet's NumPy-like arrays, which the chapter's operators do not take."""
    X, y = batch
    if isinstance(X, mx.np.ndarray) or isinstance(y, mx.np.ndarray):
        raise ArgumentError(
            "expected batches of mx.nd arrays, found mx.np: convert them with "
            ".as_nd_ndarray(), and leave out npx.set_np()"
        )
    return X, y


@contextmanager
def _quiet_binding() -> Iterator[None]:
    """Keep MXNet from printing a line to stderr for each graph that it binds."""
    variable = "MXNET_SUBGRAPH_VERBOSE"
    before = os.environ.get(variable)
    os.environ[variable] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before
