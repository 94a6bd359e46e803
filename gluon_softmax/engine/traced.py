"""Functions on NDArrays as graphs: section 3.6's code, called once and recorded.

Autograd records the operators that a function calls. Its record can stand in for the
function only where calling it again would call the same ones: where its code runs
straight through, without a branch, a loop or a look at the numbers, and reads nothing
but arrays, numbers and other functions of that kind. That is decided from the code
itself; any function that does more is called as it is.
"""

from __future__ import annotations

import builtins
import dis
import math
import re
import types
from collections.abc import Iterator
from functools import partial
from numbers import Real
from typing import Any

import mxnet as mx
from mxnet import autograd, nd, sym

from .graphs import Graph, Loss, Net, is_graph

__all__ = ["is_straight", "is_traceable", "trace"]

OPERATORS = re.compile(
    "T|abs|argmax|broadcast_(add|sub|mul|div)|clip|concat|dot|exp|expand_dims|flatten|"
    "log|log_softmax|max|maximum|mean|min|minimum|negative|norm|one_hot|pick|power|"
    "relu|reshape|shape|sigmoid|size|softmax|sqrt|square|squeeze|sum|swapaxes|tanh|"
    "transpose|nd"
)
"""Names that `nd` and its arrays have for what reads no number and draws none."""

INSTRUCTIONS = re.compile(
    "BINARY_(OP|SUBSCR|ADD|SUBTRACT|MULTIPLY|TRUE_DIVIDE|MATRIX_MULTIPLY|POWER)|"
    "UNARY_NEGATIVE|BUILD_(TUPLE|LIST|CONST_KEY_MAP)|UNPACK_SEQUENCE|STORE_FAST|"
    "LOAD_(CONST|FAST|GLOBAL|DEREF|ATTR|METHOD)|CALL(_FUNCTION|_FUNCTION_KW|_METHOD)?|"
    "KW_NAMES|PRECALL|PUSH_NULL|RESUME|COPY_FREE_VARS|RETURN_(VALUE|CONST)|"
    "EXTENDED_ARG|CACHE|NOP"
)
"""What straight code is made of: no jump, no write but to local names."""


def is_straight(function: object) -> bool:
    """Say whether a function calls the same operators whenever it is called.

    Parameters
    ----------
    function : object
        A function on NDArrays, or `functools.partial` of one.

    Returns
    -------
    bool

    Examples
    --------
    >>> from gluon_softmax.scratch import cross_entropy
    >>> is_straight(cross_entropy)
    True
    >>> is_straight(lambda X: X / X.max().asscalar())
    False
    """
    return all(_is_constant(value) for value in _reads(function, set()))


def is_traceable(net: Net, loss: Loss | None) -> bool:
    """Say whether the record of one call may stand in for a net and its loss.

    Parameters
    ----------
    net, loss : callable
        As for `trace`.

    Returns
    -------
    bool
    """
    return is_straight(net) and (loss is None or _is_plain(loss))


def trace(net: Net, loss: Loss | None, X: nd.NDArray, y: nd.NDArray) -> Graph | None:
    """Call a net and its loss once, and give the graph of what they called.

    Parameters
    ----------
    net, loss : callable
        A net and its loss, or none for the net alone, which `is_traceable`.
    X, y : mxnet.nd.NDArray
        A batch. The graph holds for batches of its shape.

    Returns
    -------
    Graph or None
        None where the record cannot stand in for the functions.
    """
    X, y = X.copy(), y.copy()
    for array in (X, y):
        array.attach_grad()
    with autograd.record():
        y_hat = net(X)
        outputs = [y_hat] if loss is None else [loss(y_hat, y), y_hat]
    names = {"data": X, "label": y, **_name_arrays(net, loss)}
    graph = _read_record(outputs, names)
    if graph is not None and loss is not None and not _overwrites(outputs[0], graph):
        return None
    return graph


def _is_plain(loss: object) -> bool:
    """Say whether a loss is a straight function, or Gluon's own as it comes."""
    if is_graph(loss):
        return not (loss._active or loss.collect_params().keys())
    return is_straight(loss)


def _reads(function: object, seen: set) -> Iterator[Any]:
    """Give what a function reads from outside; an object() where it does more."""
    if isinstance(function, partial):
        yield from (*function.args, *function.keywords.values())
        function = function.func
    if not isinstance(function, types.FunctionType):
        yield object()
    elif function not in seen:
        seen.add(function)
        for value in _look_up(function):
            if isinstance(value, types.FunctionType):
                yield from _reads(value, seen)
            else:
                yield value


def _look_up(function: types.FunctionType) -> Iterator[Any]:
    """Give the values of the names in a function's code; an object() for a misfit."""
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    closure = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
    steps = list(dis.get_instructions(function))
    for number, step in enumerate(steps):
        if not INSTRUCTIONS.fullmatch(step.opname) or step.argrepr.endswith("="):
            yield object()
        elif step.opname == "BINARY_SUBSCR" and steps[number - 2].argval != "shape":
            yield object()  # an index could be numbers that the function computed
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            yield None if OPERATORS.fullmatch(step.argval) else object()
        elif step.opname == "LOAD_GLOBAL":
            yield _look_up_global(function, step.argval)
        elif step.opname == "LOAD_DEREF":
            yield closure[step.argval].cell_contents


def _look_up_global(function: types.FunctionType, name: str) -> Any:
    """Find what a global name means to a function."""
    if name in function.__globals__:
        return function.__globals__[name]
    return getattr(builtins, name, object())


def _is_constant(value: Any) -> bool:
    """Say whether a value is one that a graph can hold, or MXNet itself."""
    if isinstance(value, (tuple, list)):
        return all(_is_constant(item) for item in value)
    if isinstance(value, nd.NDArray):
        return value.context.device_type == "cpu"
    return value is nd or value is mx or isinstance(value, (Real, str, type(None)))


def _name_arrays(net: Net, loss: Loss | None) -> dict[str, nd.NDArray]:
    """Number the arrays that a net and its loss read."""
    found = {}
    for function in (net, loss):
        for value in _reads(function, set()):
            if isinstance(value, nd.NDArray):
                found[id(value)] = value
    return {f"array{i}": array for i, array in enumerate(found.values())}


def _read_record(
    outputs: list[nd.NDArray], names: dict[str, nd.NDArray]
) -> Graph | None:
    """Turn autograd's record to a graph of named arrays; to None if one is unknown."""
    record = autograd.get_symbol(outputs[0])
    inner = record.get_internals()
    others = [autograd.get_symbol(output).list_outputs()[0] for output in outputs[1:]]
    if not set(others) <= set(inner.list_outputs()):
        return None  # the loss does not depend on what the net gave
    if record.get_children() is None:
        return None  # the net gives its input back: there is nothing to compute
    found = {_name_in_records(array): name for name, array in names.items()}
    if not set(record.list_inputs()) <= set(found):
        return None
    symbol = sym.Group([record, *(inner[name] for name in others)])
    used = {old: found[old] for old in record.list_inputs()}
    symbol = symbol(**{old: sym.var(new) for old, new in used.items()})
    arrays = {new: names[new] for new in used.values() if new not in ("data", "label")}
    grads = {name: array.grad for name, array in arrays.items()}
    return Graph(symbol, arrays, grads, dict.fromkeys(grads, "write"))


def _name_in_records(array: nd.NDArray) -> str:
    """Ask what autograd calls an array; nothing if it has no gradient."""
    if array.grad is None:
        return ""
    with autograd.record():
        copy = array * 1
    return autograd.get_symbol(copy).list_inputs()[0]


def _overwrites(l: nd.NDArray, graph: Graph) -> bool:
    """Say whether the backward pass overwrites each gradient, rather than adding to it.

    MXNet does not tell; so gradients are set to what no sum can leave behind, and then
    to what they were.
    """
    before = {name: grad.copy() for name, grad in graph.grads.items()}
    for grad in graph.grads.values():
        grad[:] = math.nan
    l.backward()
    sums = [grad.sum().asscalar() for grad in graph.grads.values()]
    for name, grad in graph.grads.items():
        grad[:] = before[name]
    return all(math.isfinite(total) for total in sums)
