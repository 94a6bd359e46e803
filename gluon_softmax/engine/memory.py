"""Memory that NumPy fills and MXNet computes on, so that no batch is copied.

`nd.from_numpy` shares memory too, but hands it back through a Python callback in
MXNet's own thread, which then waits for the interpreter lock while batches queue up.
Here the memory is MXNet's from the start.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np
from mxnet import nd

from ..compat.internals import take_handle, view

__all__ = [
    "Batches",
    "Empty",
    "InTurn",
    "Ring",
    "as_ndarray",
    "as_numpy",
    "can_fill",
    "empty",
    "take_turns",
]

Batches = Iterable["tuple[nd.NDArray, nd.NDArray]"]
Empty = Callable[["tuple[int, ...]", str], np.ndarray]


LARGE = 4 * 2**20
"""Bytes from which an array is put on large pages; NumPy's number for its own."""


class _View(np.ndarray):
    """A NumPy view of the memory of a whole NDArray, which it keeps alive."""

    owner: nd.NDArray | None = None

    def __array_finalize__(self, parent):
        """Leave the owner to the whole view: a part of it is another array."""
        self.owner = None


def empty(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Make an array to fill, in memory that `as_ndarray` hands to MXNet as it is."""
    return _on_large_pages(as_numpy(nd.empty(shape, dtype=dtype)))


def _on_large_pages(array: np.ndarray) -> np.ndarray:
    """Ask Linux for pages of 2 MB, as NumPy does, for an array not written to yet.

    Getting pages of 4 KB takes longer than filling them.
    """
    if array.nbytes >= LARGE and hasattr(mmap, "MADV_HUGEPAGE"):
        start = -(-array.ctypes.data // mmap.PAGESIZE) * mmap.PAGESIZE
        size = ctypes.c_size_t(array.ctypes.data + array.nbytes - start)
        advise = ctypes.CDLL(None).madvise
        advise(ctypes.c_void_p(start), size, mmap.MADV_HUGEPAGE)
    return array


def as_numpy(array: nd.NDArray) -> np.ndarray:
    """Return the memory of an NDArray, which `as_ndarray` turns into it again.

    It is on the processor, and MXNet may not write to it afterwards.
    """
    array.wait_to_read()
    filled = view(array).view(_View)
    filled.owner = array
    return filled


class InTurn(nd.NDArray):
    """An array whose memory is used again some batches later.

    Its shape is known without asking MXNet, and its numbers can be read where they are.
    MXNet makes parts of it of the same type, which do not know their memory.
    """

    memory: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return super().shape if self.memory is None else self.memory.shape

    def peek(self) -> np.ndarray:
        """Wait for the numbers, and return them where they are."""
        if self.memory is None:
            return self.asnumpy()
        self.wait_to_read()
        return self.memory


AnyInTurn = TypeVar("AnyInTurn", bound=InTurn)


def take_turns(array: nd.NDArray, kind: type[AnyInTurn] = InTurn) -> AnyInTurn:
    """Return an array as one in turn; it cannot be used itself any more."""
    memory = view(array)
    taken = kind(take_handle(array))
    taken.memory = memory
    return taken


class Ring:
    """Arrays as `empty` makes them; those of a shape and type are used in turn."""

    def __init__(self, turns: int):
        self._turns = turns
        self._arrays: dict[tuple, list[np.ndarray]] = {}
        self._next: dict[tuple, int] = {}
        self._ids: set[int] = set()

    def empty(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        """Return the next array, which holds what was last written there."""
        arrays = self._arrays.setdefault((shape, dtype), [])
        turn = self._next.get((shape, dtype), 0) % self._turns
        self._next[shape, dtype] = turn + 1
        if turn == len(arrays):
            array = as_numpy(take_turns(nd.empty(shape, dtype=dtype)))
            arrays.append(_on_large_pages(array))
            self._ids.add(id(arrays[turn].owner))
        return arrays[turn]

    def holds(self, array: nd.NDArray) -> bool:
        """Return whether an array is one of these."""
        return id(array) in self._ids

    def restart(self) -> None:
        """Begin with the first arrays again."""
        self._next.clear()

    def clear(self) -> None:
        """Release all arrays."""
        self._arrays.clear()
        self._next.clear()
        self._ids.clear()


def as_ndarray(array: np.ndarray, make: Empty = empty) -> nd.NDArray:
    """Return the NDArray behind an array of `empty`, or a copy of any other array.

    The copy goes to the place that `make` makes.
    """
    if getattr(array, "owner", None) is None:
        place = make(array.shape, array.dtype.name)
        np.copyto(place, array)
        array = place
    return array.owner


def can_fill(data_iter: object) -> bool:
    """Return whether a loader reads into given arrays what its loop would give.

    It does not where the loop was changed in a subclass.
    """
    kinds = (kind for kind in type(data_iter).__mro__ if "__iter__" in vars(kind))
    return "read_into" in vars(next(kinds, object))
