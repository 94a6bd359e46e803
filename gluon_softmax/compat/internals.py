"""What the engine uses of MXNet that has no public name, a function each.

Written for MXNet 1.9.1 and 1.7.0; the tests of the engine see what each does.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from mxnet import nd
from mxnet.base import _LIB, NDArrayHandle, check_call
from mxnet.executor import Executor

__all__ = [
    "address",
    "binding_quietly",
    "forward",
    "mark_as_fresh",
    "outputs",
    "take_handle",
    "tape_name",
    "view",
]

_environment = threading.Lock()


def address(array: nd.NDArray) -> int:
    """Return where the memory of an array begins; two handles of one array agree."""
    start = ctypes.c_void_p()
    check_call(_LIB.MXNDArrayGetData(array.handle, ctypes.byref(start)))
    return start.value


def view(array: nd.NDArray) -> np.ndarray:
    """Return NumPy's view of an array's memory, which does not keep it alive."""
    dtype = np.dtype(array.dtype)
    size = array.size * dtype.itemsize
    buffer = (ctypes.c_char * size).from_address(address(array))
    return np.frombuffer(buffer, dtype).reshape(array.shape)


def tape_name(array: nd.NDArray) -> bytes | None:
    """Return what autograd calls an array; None if it is in no graph.

    Each time an array is marked, by `attach_grad` or otherwise, it gets a new name. So
    an equal name means the same gradient, written to in the same way.
    """
    symbol, name, found = ctypes.c_void_p(), ctypes.c_char_p(), ctypes.c_int()
    if _LIB.MXAutogradGetSymbol(array.handle, ctypes.byref(symbol)):
        return None
    check_call(_LIB.MXSymbolGetName(symbol, ctypes.byref(name), ctypes.byref(found)))
    text = name.value
    check_call(_LIB.MXSymbolFree(symbol))
    return text


def mark_as_fresh(array: nd.NDArray) -> None:
    """Notify a `gluon.Trainer` that a parameter's gradient was computed anew."""
    array._fresh_grad = True


def forward(executor: Executor, training: bool) -> None:
    """Run a forward pass, without the new handles that `Executor.forward` makes."""
    check_call(_LIB.MXExecutorForward(executor.handle, ctypes.c_int(training)))


def outputs(executor: Executor) -> list[nd.NDArray]:
    """Return an executor's outputs."""
    size, handles = ctypes.c_uint(), ctypes.POINTER(NDArrayHandle)()
    check_call(
        _LIB.MXExecutorOutputs(
            executor.handle, ctypes.byref(size), ctypes.byref(handles)
        )
    )
    return [nd.NDArray(NDArrayHandle(handles[i])) for i in range(size.value)]


def take_handle(array: nd.NDArray) -> NDArrayHandle:
    """Return the handle of an array that is not used again."""
    handle, array.handle = array.handle, NDArrayHandle()
    return handle


@contextmanager
def binding_quietly() -> Iterator[None]:
    """Keep MXNet from printing a line to stderr for each executor that is bound."""
    variable = "MXNET_SUBGRAPH_VERBOSE"
    with _environment:
        before = os.environ.get(variable)
        os.environ[variable] = "0"
        try:
            yield
        finally:
            del os.environ[variable]
            if before is not None:
                os.environ[variable] = before
