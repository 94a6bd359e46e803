"""Files and folders that one process uses at a time, on every system."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from ..errors import ArgumentError, OutputError

__all__ = ["lock", "locked"]

FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Neither follow a link nor wait for a pipe's other end; Windows has neither flag."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep a folder, made if it is missing, from all who lock it during a block.

    The lock ends with the process, however that ends; the file that stands for it
    stays.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = lock(folder / ".lock")
    except BlockingIOError as error:
        raise ArgumentError(
            f"expected a folder that nothing else writes to, found {folder} in use by "
            "another process: wait for its end, or name another with --output"
        ) from error
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written to ({error.strerror}): choose another folder"
        ) from error
    with file:
        yield


def lock(path: str | os.PathLike[str]) -> FileIO:
    """Lock a file, which is made if it is missing, until what is returned is closed.

    What is in the file stays as it is.

    Raises
    ------
    BlockingIOError
        If another process holds the lock.
    OSError
        If the file cannot be opened, or is a link, a pipe or a device.
    """
    if Path(path).is_symlink():
        raise OSError(errno.EINVAL, f"{path} is a link")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | FLAGS, 0o666)
    file = FileIO(descriptor, "r+")
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, f"{path} is no regular file")
        _lock(descriptor)
    except OSError:
        file.close()
        raise
    return file


def _lock(descriptor: int) -> None:
    """Lock an open file in the way of this system."""
    try:
        import fcntl
    except ImportError:
        _lock_on_windows(descriptor)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _lock_on_windows(descriptor: int) -> None:
    """Lock the first byte of an open file, there or not."""
    import msvcrt

    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except PermissionError as error:
        raise BlockingIOError(*error.args) from error
