"""Whatever a user calls mini-batches, as pairs of arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import mxnet as mx
import numpy as np
from mxnet import gluon, nd

from ..engine.memory import Batches, can_fill
from ..errors import ArgumentError

__all__ = ["Batches", "read_batches"]

GIVE_NEW_ARRAYS = (list, tuple, gluon.data.DataLoader)
"""Iterables whose batches stay as they are while later ones are read."""


def read_batches(data_iter: Iterable) -> Batches:
    """Return an iterable of the mini-batches (X, y) of one epoch.

    They may be pairs of arrays, NumPy's or lists included, or of `mxnet.io.DataBatch`,
    whose padding is left out. An `mxnet.io.DataIter` is reset first. Labels of shape
    (n, 1) become (n,). A loader of this package is returned as it is.
    """
    if can_fill(data_iter):
        return data_iter
    if isinstance(data_iter, mx.io.DataIter):
        data_iter.reset()
    try:
        batches = iter(data_iter)
    except TypeError:
        raise ArgumentError(
            f"expected an iterable of mini-batches (X, y), found {data_iter!r}: pass a "
            "data loader"
        ) from None
    if isinstance(data_iter, GIVE_NEW_ARRAYS):
        return map(_read_batch, batches)
    return _read_in_turn(batches)


def _read_in_turn(batches: Iterator) -> Batches:
    """Read each batch when the one before is done with: its memory may be the same."""
    for batch in batches:
        yield _read_batch(batch)
        nd.waitall()


def _read_batch(batch: object) -> tuple[nd.NDArray, nd.NDArray]:
    """Return the images and labels of a batch."""
    if isinstance(batch, mx.io.DataBatch):
        end = len(batch.data[0]) - (batch.pad or 0)
        batch = [column[:end] for column in (*batch.data, *(batch.label or ()))]
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        found = f"{len(batch)} items" if hasattr(batch, "__len__") else repr(batch)
        raise ArgumentError(
            f"expected each mini-batch to be a pair (X, y) of images and labels, found "
            f"{found}: let the loader give these two"
        )
    X, y = _as_array("X", batch[0]), _as_array("y", batch[1])
    if len(X) != len(y):
        raise ArgumentError(
            f"expected as many labels as images in a mini-batch, found X {X.shape} and "
            f"y {y.shape}"
        )
    if not len(X):
        raise ArgumentError("expected a sample at least in a mini-batch, found none")
    return X, y.reshape((-1,)) if y.shape[1:] == (1,) else y


def _as_array(name: str, value: object) -> nd.NDArray:
    """Return an array of a batch, with whole numbers as int32, others as float32."""
    if isinstance(value, mx.np.ndarray) and not mx.util.is_np_array():
        raise ArgumentError(
            "expected batches of mx.nd arrays, found mx.np: convert them with "
            ".as_nd_ndarray(), and leave out npx.set_np()"
        )
    if isinstance(value, nd.NDArray):
        return value
    try:
        array = np.asarray(value)
        if not array.ndim:
            raise TypeError("a single value")
        if array.dtype.kind == "c":
            raise TypeError("complex numbers")
        is_label = name == "y" and array.dtype.kind in "iub"
        if (
            is_label
            and array.size
            and not -(2**31) <= array.min() <= array.max() < 2**31
        ):
            raise TypeError("numbers too large for a label")
        return nd.array(array.astype("int32" if is_label else "float32"))
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"expected {name} to be an array of numbers, found {type(value).__name__} "
            f"({error})"
        ) from None
