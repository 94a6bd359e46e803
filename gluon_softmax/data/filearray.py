"""An array that stays in its file: data larger than memory.

Rows are read when they are asked for, with one system call each. Mapping the file into
memory would be less code, but Linux maps it in pieces of up to 2 MB, and a few hundred
shuffled batches make all of a file of gigabytes resident.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import DataError

__all__ = ["FileArray"]


class FileArray:
    """An array of bytes in a file, read row by row.

    Parameters
    ----------
    path : path
    shape : tuple of int
        Shape of the whole array; the first axis counts the rows.
    offset : int
        Where in the file the first row begins.

    Attributes
    ----------
    shape, ndim, size, dtype
        As a NumPy array of uint8 has them.

    Raises
    ------
    DataError
        If the file cannot be opened; later, if it changes while it is read.
    """

    dtype = np.dtype("uint8")

    def __init__(
        self, path: str | os.PathLike[str], shape: tuple[int, ...], offset: int
    ):
        self.shape = shape
        self._path, self._offset = Path(path), offset
        try:
            self._file = open(path, "rb", buffering=0)  # noqa: SIM115, kept open
        except OSError as error:
            raise DataError(f"{path} cannot be read ({error.strerror})") from error
        self._state = self._look()

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
            return self._read(indices.start, len(indices))
        return self.take(indices)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of bytes."""
        return int(np.prod(self.shape, dtype="int64"))

    def with_channels(self) -> FileArray:
        """Return each row an axis of one channel at its end."""
        return FileArray(self._path, (*self.shape, 1), self._offset)

    def take(self, indices: Sequence[int], axis: int = 0) -> np.ndarray:
        """Read rows.

        Parameters
        ----------
        indices : sequence of int
            Numbers of the rows.
        axis : int
            0, as for the NumPy method that this stands for.

        Returns
        -------
        numpy.ndarray
            Shape (n, ...), uint8.
        """
        row = self.size // len(self)
        file = self._file.fileno()
        places = (np.asarray(indices, "int64") * row + self._offset).tolist()
        content = b"".join([os.pread(file, row, place) for place in places])
        return self._decode(content, len(places))

    def check_unchanged(self) -> None:
        """Check that the file is still what it was."""
        if self._look() != self._state:
            raise self._changed()

    def _read(self, start: int, count: int) -> np.ndarray:
        """Read rows that follow each other, at once."""
        row = self.size // len(self)
        place = self._offset + start * row
        return self._decode(os.pread(self._file.fileno(), count * row, place), count)

    def _decode(self, content: bytes, count: int) -> np.ndarray:
        """Make an array of so many rows; refuse fewer."""
        if len(content) * len(self) != count * self.size:
            raise self._changed()
        return np.frombuffer(content, self.dtype).reshape(-1, *self.shape[1:])

    def _look(self) -> tuple[int, int]:
        """Note size and time of the last change."""
        state = os.stat(self._file.fileno())
        return state.st_size, state.st_mtime_ns

    def _changed(self) -> DataError:
        """Raise the error that says that the file was changed."""
        return DataError(
            f"{self._path} changed on disk while it was in use: open the data set again"
        )
