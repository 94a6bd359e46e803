"""The door: every file and folder that a user names is opened here, or refused.

What is opened is a regular file of a size that memory holds. A pipe never ends, a
device acts when it is opened, and a name may be too long or not the user's to read.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..errors import DataError, show

__all__ = [
    "check_regular",
    "check_there",
    "hash_file",
    "list_folder",
    "open_file",
    "reading",
]

AT_ONCE = getattr(os, "O_NONBLOCK", 0)
"""Opens a pipe that took the file's place without waiting for its other end."""
KINDS = {
    stat.S_IFDIR: os.strerror(errno.EISDIR),
    stat.S_IFLNK: "Is a link",
    stat.S_IFIFO: "Is a pipe",
    stat.S_IFSOCK: "Is a socket",
}
"""What is no regular file; all else is a device."""
PIECE = 2**20


def open_file(
    path: str | os.PathLike[str], most: float = float("inf"), buffering: int = -1
) -> BinaryIO:
    """Open a regular file of at most so many bytes for reading.

    Raises
    ------
    DataError
        If there is none, with the reason in one line.
    """
    with _explaining(path):
        check_regular(os.stat(path))  # first, for opening a device may do something
        file = open(path, "rb", buffering, opener=_open_at_once)  # noqa: SIM115
        try:
            state = os.fstat(file.fileno())
            check_regular(state)
            _check_size(path, state.st_size, most)
        except BaseException:
            file.close()
            raise
    return file


@contextmanager
def reading(
    path: str | os.PathLike[str], most: float = float("inf")
) -> Iterator[BinaryIO]:
    """Open a file as `open_file` does, for the length of a block.

    Where the system cannot read on within it, `DataError` is raised as well.
    """
    with open_file(path, most) as file, _explaining(path):
        yield file


def list_folder(path: str | os.PathLike[str]) -> list[Path]:
    """List what is in a folder, by name; raise `DataError` if it cannot be read."""
    with _explaining(path):
        return sorted(Path(path).iterdir(), key=lambda found: found.name)


def hash_file(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """Return a file's checksum in hexadecimal digits; only a piece is in memory."""
    digest = hashlib.new(algorithm)
    with reading(path) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def check_there(path: str | os.PathLike[str], remedy: str) -> None:
    """Raise `DataError` with what to do if there is nothing at a path."""
    if not os.path.exists(path):  # false for names that are too long, too
        raise DataError(f"{show(path)} is not there: {remedy}")


def check_regular(state: os.stat_result) -> None:
    """Raise an `OSError` that says what is there in place of a regular file."""
    kind = stat.S_IFMT(state.st_mode)
    if kind != stat.S_IFREG:
        raise OSError(errno.EINVAL, KINDS.get(kind, "Is a device"))


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting for anything."""
    return os.open(path, flags | AT_ONCE)


def _check_size(path: str | os.PathLike[str], size: int, most: float) -> None:
    """Check that a file is no larger than what is expected there can be."""
    if size > most:
        raise DataError(
            f"{show(path)}: expected a file of at most {most:,} bytes, found {size:,}: "
            "name another file"
        )


@contextmanager
def _explaining(path: str | os.PathLike[str]) -> Iterator[None]:
    """Raise `DataError` where the system refuses; what a decoder raises stays."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # Pillow's and gzip's own errors are of this class
            raise
        raise DataError(
            f"{show(path)} cannot be read ({error.strerror}): check the path"
        ) from error
