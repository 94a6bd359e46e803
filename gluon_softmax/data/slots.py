"""Memory of two processes, for a batch on its way from one to the other.

It is Linux's `memfd`, which lies in no folder: a container's small /dev/shm does not
limit it (tested with one of 4 kB; what limits it is the memory that the container has),
and it goes with the last process that holds it, however that ends.
"""

from __future__ import annotations

import mmap
import os

import numpy as np

__all__ = ["Arrays", "Layout", "Slot"]

ALIGNMENT = 64  # bytes, a cache line

Arrays = tuple[np.ndarray, ...]
Layout = tuple[tuple[int, ...], np.dtype, int, int]  # shape, type, first byte, last


class Slot:
    """Memory of two processes that holds one batch, and grows with the batches."""

    def __init__(self, descriptor: int):
        self.file = open(descriptor, "r+b", buffering=0)  # noqa: SIM115
        self._map: mmap.mmap | None = None

    def write(self, arrays: Arrays) -> list[Layout]:
        """Copy arrays in, and say how they lie there."""
        layouts, end = [], 0
        for array in arrays:
            layouts.append((array.shape, array.dtype, end, end := end + array.nbytes))
            end = -(-end // ALIGNMENT) * ALIGNMENT
        for view, array in zip(self._views(layouts), arrays):
            np.copyto(view, array)
        return layouts

    def read(self, layouts: list[Layout]) -> Arrays:
        """Copy arrays out."""
        return tuple(view.copy() for view in self._views(layouts))

    def close(self) -> None:
        """Give the memory back, whoever else was forked and holds the file too."""
        if not self.file.closed:
            self.file.truncate(0)
            self.file.close()
            self._map = None

    def _views(self, layouts: list[Layout]) -> list[np.ndarray]:
        """Give arrays that lie in the memory, which is made as large as they need."""
        size = max((end for *_, end in layouts), default=0) or 1
        if self._map is None or len(self._map) < size:
            if os.fstat(self.file.fileno()).st_size < size:
                self.file.truncate(size)
            self._map = mmap.mmap(self.file.fileno(), 0)  # all of it
        return [np.ndarray(*kind, self._map, start) for *kind, start, _ in layouts]
