"""Functions on NDArrays as graphs, where the user asks for it: `hybridize`."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial, update_wrapper

import numpy as np
from mxnet import autograd, nd, sym

from ..compat.internals import tape_name
from ..errors import ArgumentError
from .fingerprint import Readings
from .symbols import describe

__all__ = ["Hybridized", "Trace", "hybridize"]

TRACES = 16
"""How many graphs of a function are kept: one for each shape of its inputs."""


def hybridize(function: Callable[..., nd.NDArray]) -> Hybridized:
    """Make a graph of a function on NDArrays, as `HybridBlock.hybridize` does of a net.

    Called for the first time with inputs of a shape, the function is run and the
    operators that it calls are recorded; from then on the record is run in its place,
    and `train_ch3` runs it together with the loss. So whatever else the function does
    is done once for each shape: it prints once, and takes one branch for all batches.

    Parameters
    ----------
    function : function or functools.partial
        A net or a loss from scratch. It may use arrays with gradients attached that are
        arguments of the `partial`, or variables of the function or its module; if one
        of these variables is changed, the function is recorded anew. Attributes of
        other objects, and numbers in NumPy arrays, are not looked at.

    Returns
    -------
    callable
        Takes and returns what the function does.

    Raises
    ------
    ArgumentError
        If it is no such function; and when it is called first, if it is seen to be
        unfit: if it uses the numbers of its inputs in Python, draws random numbers, or
        uses an array that cannot be found or has no gradient attached.

    Notes
    -----
    Section 12.1 of the book has the idea.

    Examples
    --------
    >>> W = nd.ones((2, 3))
    >>> W.attach_grad()
    >>> net = hybridize(lambda X: nd.dot(X, W))
    >>> net(nd.ones((1, 2))).asnumpy()
    array([[2., 2., 2.]], dtype=float32)
    """
    if not isinstance(_unwrap(function), types.FunctionType):
        raise ArgumentError(
            f"expected a function or functools.partial of one, found {function!r}: "
            "Gluon's blocks have a hybridize() of their own"
        )
    return Hybridized(function)


@dataclass(frozen=True)
class Trace:
    """The record of one call: its operators, and the variables that the function uses.

    The symbol has names of its own for the inputs, those of autograd for the arrays.
    """

    symbol: sym.Symbol
    inputs: list[str]
    arrays: dict[str, nd.NDArray]
    readings: Readings

    def run(self, inputs: Iterable[nd.NDArray]) -> nd.NDArray:
        """Compute what the function gives for inputs of the same shape."""
        arrays = {**dict(zip(self.inputs, inputs)), **self.arrays}
        return self._operator(*(arrays[name] for name in self.symbol.list_inputs()))

    @cached_property
    def _operator(self) -> nd.CachedOp:
        """Return the operators as one."""
        return nd.CachedOp(self.symbol)


class Hybridized:
    """A function that runs as a graph; made by `hybridize`."""

    def __init__(self, function: Callable[..., nd.NDArray]):
        self._function = function
        self._kept: dict[tuple, Trace] = {}
        update_wrapper(self, _unwrap(function))

    def __call__(self, *inputs: nd.NDArray) -> nd.NDArray:
        """Run the graph for inputs of this shape."""
        return self.trace(*inputs, training=autograd.is_training()).run(inputs)

    def trace(self, *inputs: nd.NDArray, training: bool) -> Trace:
        """Return the record of a call with inputs of this shape, or raise its error."""
        key = (training, *((x.shape, np.dtype(x.dtype), x.context) for x in inputs))
        kept = self._kept.get(key)
        if kept is None or not kept.readings.holds():
            if len(self._kept) >= TRACES:
                self._kept.clear()
            kept = self._kept[key] = _record(self._function, inputs, training)
        return kept


def _record(function: Callable, inputs: tuple, training: bool) -> Trace:
    """Record a call, and check that the record can take the function's place."""
    with autograd.pause():
        trace = _trace(function, inputs, training)
        other = _trace(function, [_vary(x) for x in inputs], training)
    if describe(trace.symbol) != describe(other.symbol):
        raise _unfit(function, "it uses the numbers of its inputs in Python")
    with autograd.train_mode() if training else autograd.predict_mode():
        found, expected = trace.run(inputs).asnumpy(), function(*inputs).asnumpy()
    if not np.allclose(found, expected, rtol=1e-4, atol=1e-5, equal_nan=True):
        raise _unfit(function, "called twice, it gives two results")
    # Whatever the function counts, it has counted by now, and is not called again.
    return replace(trace, readings=Readings(_list_reads(function)))


def _trace(function: Callable, inputs: Iterable[nd.NDArray], training: bool) -> Trace:
    """Call a function once, and read what autograd recorded."""
    inputs = [x.copy() for x in inputs]
    for x in inputs:
        x.attach_grad()
    with autograd.record(train_mode=training):
        output = function(*inputs)
    if type(output) is not nd.NDArray or tape_name(output) is None:
        raise _unfit(function, f"it returned {type(output).__name__}, not a result")
    symbol = autograd.get_symbol(output)
    reads = list(_list_reads(function))
    arrays = {
        tape_name(value).decode(): value
        for value in [read() for read in reads]
        if type(value) is nd.NDArray and value.grad is not None
    }
    names = [tape_name(x).decode() for x in inputs]
    used = set(symbol.list_inputs())
    if used - {*names, *arrays}:
        raise _unfit(
            function,
            "it uses an array that has no gradient attached, or is neither among its "
            "variables nor an argument of a functools.partial",
        )
    renamed = {name: f"input{number}" for number, name in enumerate(names)}
    symbol = symbol(**{name: sym.var(renamed[name]) for name in used & {*names}})
    arrays = {name: array for name, array in arrays.items() if name in used}
    return Trace(symbol, list(renamed.values()), arrays, Readings(reads))


def _vary(x: nd.NDArray) -> nd.NDArray:
    """Return an array of other numbers, which stay labels or probabilities."""
    is_float = np.issubdtype(np.dtype(x.dtype), np.floating)
    return x * 0.75 if is_float else x[::-1]


def _unfit(function: Callable, reason: str) -> ArgumentError:
    """Make the error that says why a function cannot be hybridized."""
    name = getattr(_unwrap(function), "__name__", "the function")
    return ArgumentError(f"{name} cannot be hybridized: {reason}; use it as it is")


def _unwrap(function: Callable) -> Callable:
    """Return the function in a `functools.partial`."""
    return function.func if isinstance(function, partial) else function


def _list_reads(value: object, seen: set | None = None) -> Iterator[Callable]:
    """List what reads each variable of a function, and what these variables hold."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return
    seen.add(id(value))
    for read in list(_list_parts(value)):
        yield read
        yield from _list_reads(read(), seen)


def _list_parts(value: object) -> Iterable[Callable]:
    """List what reads the parts of a function, a partial, a list, a tuple or a dict."""
    if isinstance(value, types.FunctionType):
        return _list_variables(value)
    if isinstance(value, partial):
        return [partial(getattr, value, name) for name in ("func", "args", "keywords")]
    return _list_items(value)


def _list_variables(function: types.FunctionType) -> Iterator[Callable]:
    """List what reads a function's code, and its variables from around it."""
    for name in ("__code__", "__defaults__", "__kwdefaults__"):
        yield partial(getattr, function, name)
    for name in _list_names(function.__code__):
        yield partial(function.__globals__.get, name)
    for cell in function.__closure__ or ():
        yield partial(getattr, cell, "cell_contents")


def _list_names(code: types.CodeType) -> set[str]:
    """List the names that code looks up, that of functions inside it included."""
    inner = (c for c in code.co_consts if isinstance(c, types.CodeType))
    return set(code.co_names).union(*map(_list_names, inner))


def _has_length(holder: list | dict, length: int) -> bool:
    """Return whether nothing was added to a list or dict, or taken from it."""
    return len(holder) == length


def _list_items(holder: object) -> Iterator[Callable]:
    """List what reads the items of a list, a tuple or a dict."""
    if isinstance(holder, (list, dict)):
        yield partial(_has_length, holder, len(holder))
    if isinstance(holder, dict):
        yield from (partial(holder.get, name) for name in holder)
    elif isinstance(holder, (list, tuple)):
        yield from (partial(holder.__getitem__, n) for n in range(len(holder)))
