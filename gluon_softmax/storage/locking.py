"""Locks on files, which end with the process that holds them."""

from __future__ import annotations

from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    import msvcrt

__all__ = ["lock"]


def lock(file: IO) -> None:
    """Lock an open file; raise `BlockingIOError` where another process has done so."""
    if "fcntl" in globals():
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    try:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except PermissionError as error:
        raise BlockingIOError from error
