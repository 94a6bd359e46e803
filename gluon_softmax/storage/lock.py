"""Folders that one process uses at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ArgumentError, OutputError

__all__ = ["locked"]

LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep a folder, made if it is missing, from all who lock it during a block.

    The lock ends with the process, however that ends; the file that stands for it
    stays. Windows has no such lock.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT
        for name in ("O_NOFOLLOW", "O_NONBLOCK"):  # no link, no waiting for a pipe
            flags |= getattr(os, name, 0)
        file = open(os.open(folder / LOCK, flags), "rb")  # noqa: SIM115
    except OSError as error:
        reason = error.strerror
        raise OutputError(
            f"{folder} cannot be written to ({reason}): choose another folder"
        ) from error
    with file:
        _take(file, folder)
        yield


def _take(file, folder: Path) -> None:
    """Lock a file, or raise where another process has it."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ArgumentError(
            f"expected a folder that nothing else writes to, found {folder} in use by "
            "another process: wait for its end, or name another with --output"
        ) from error
