"""An array that stays in its file: data larger than memory.

Rows are read when they are asked for, with one system call each. Mapping the file into
memory would be less code, but Linux maps it in pieces of up to 2 MB, and a few hundred
shuffled batches make all of a file of gigabytes resident.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..storage.files import open_file

__all__ = ["FileArray"]

try:
    from os import pread
except ImportError:  # Windows
    _moving = threading.Lock()

    def pread(file: int, size: int, place: int) -> bytes:
        """Read from a place in a file."""
        with _moving:
            os.lseek(file, place, os.SEEK_SET)
            return os.read(file, size)


class FileArray:
    """An array of bytes in a file, read row by row; the first axis counts the rows.

    `shape`, `ndim`, `size` and `dtype` are as a NumPy array has them. A file that
    changes while it is read raises `DataError`.
    """

    dtype = np.dtype("uint8")

    def __init__(
        self, path: str | os.PathLike[str], shape: tuple[int, ...], offset: int
    ):
        self.shape = shape
        self._path, self._offset = Path(path), offset
        self._file = open_file(path, buffering=0)
        self._state = self._read_state()

    def __reduce__(self):
        """Open the file anew in a process that this is sent to."""
        return FileArray, (self._path, self.shape, self._offset)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, idx: int | slice) -> np.ndarray:
        indices = range(len(self))[idx]
        if isinstance(indices, int):
            return self.take([indices])[0]
        if indices.step == 1:
            return self._read_rows(indices.start, len(indices))
        return self.take(indices)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of bytes."""
        return int(np.prod(self.shape, dtype="int64"))

    def reshape(self, *shape: int) -> FileArray:
        """Return the same bytes in another shape."""
        return FileArray(self._path, shape, self._offset)

    def take(self, indices: Sequence[int], axis: int = 0) -> np.ndarray:
        """Read rows by number; `axis` is NumPy's, and always 0."""
        row = self.size // len(self)
        file = self._file.fileno()
        places = (np.asarray(indices, "int64") * row + self._offset).tolist()
        content = b"".join([pread(file, row, place) for place in places])
        return self._decode(content, len(places))

    def check_unchanged(self) -> None:
        """Check that the file is still what it was."""
        if self._read_state() != self._state:
            raise self._changed()

    def _read_rows(self, start: int, num_rows: int) -> np.ndarray:
        """Read rows that follow each other, at once."""
        row = self.size // len(self)
        place = self._offset + start * row
        content = pread(self._file.fileno(), num_rows * row, place)
        return self._decode(content, num_rows)

    def _decode(self, content: bytes, num_rows: int) -> np.ndarray:
        """Convert bytes to so many rows; raise if there are fewer."""
        if len(content) * len(self) != num_rows * self.size:
            raise self._changed()
        return np.frombuffer(content, self.dtype).reshape(-1, *self.shape[1:])

    def _read_state(self) -> tuple[int, int]:
        """Return size and time of the last change."""
        state = os.stat(self._file.fileno())
        return state.st_size, state.st_mtime_ns

    def _changed(self) -> DataError:
        """Return the error that says that the file was changed."""
        return DataError(
            f"{self._path} changed on disk while it was in use: open the data set again"
        )
