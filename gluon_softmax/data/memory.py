"""Memory that NumPy fills and MXNet computes on, so that no batch is copied.

`nd.from_numpy` shares memory too, but hands it back through a Python callback in
MXNet's own thread, which then waits for the interpreter lock while batches queue up.
Here the memory is MXNet's from the start.
"""

from __future__ import annotations

import ctypes

import numpy as np
from mxnet import nd
from mxnet.base import _LIB, check_call

__all__ = ["as_ndarray", "empty"]


class _View(np.ndarray):
    """A NumPy view of the memory of a whole NDArray, which it keeps alive."""

    owner: nd.NDArray | None = None

    def __array_finalize__(self, parent):
        """Leave the owner to the whole view: a part of it is another array."""
        self.owner = None


def empty(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Make an array to fill, in memory that `as_ndarray` hands to MXNet as it is.

    Parameters
    ----------
    shape : tuple of int
    dtype : str
        A type that NumPy and MXNet share.

    Returns
    -------
    numpy.ndarray
        Uninitialised.
    """
    owner = nd.empty(shape, dtype=dtype)
    address = ctypes.c_void_p()
    check_call(_LIB.MXNDArrayGetData(owner.handle, ctypes.byref(address)))
    size = owner.size * np.dtype(dtype).itemsize
    buffer = (ctypes.c_char * size).from_address(address.value)
    view = np.frombuffer(buffer, dtype).reshape(shape).view(_View)
    view.owner = owner
    return view


def as_ndarray(array: np.ndarray) -> nd.NDArray:
    """Turn an array into an NDArray.

    Parameters
    ----------
    array : numpy.ndarray
        What `empty` made, filled; or any other array.

    Returns
    -------
    mxnet.nd.NDArray
        Of the same shape, type and numbers: what was behind `empty`, or else a copy.

    Examples
    --------
    >>> array = empty((2,), "int32")
    >>> array[:] = 3, 4
    >>> as_ndarray(array).asnumpy()
    array([3, 4], dtype=int32)
    """
    owner = getattr(array, "owner", None)
    if owner is not None:
        return owner
    return nd.array(array, dtype=array.dtype)
