"""A worker's signs of life: that it makes steps, which rank it has, that it is done.

They stand in a few bytes of memory that the worker shares with its keeper, so a sign
costs about a microsecond and waits for nobody. Outside a launched job there is no such
memory, and the functions do nothing.
"""

from __future__ import annotations

import os
import struct
import time
from functools import cache
from typing import NamedTuple

__all__ = ["VARIABLE", "Pulse", "announce", "beat", "finish", "make", "read"]

VARIABLE = "GLUON_SOFTMAX_HEARTBEAT"
"""Names the file descriptor of the memory."""

_NAME = "gluon-softmax-heartbeat"
_WHOLE = struct.Struct("=dqq")  # time of the last step, rank, whether it is done
_TIME, _NUMBER = struct.Struct("=d"), struct.Struct("=q")


class Pulse(NamedTuple):
    """What a keeper finds.

    Parameters
    ----------
    age : float or None
        Seconds since the last step; None before the first.
    rank : int or None
        What KVStore calls the worker, once the worker has said so.
    finished : bool
        Whether there will be no further steps.
    """

    age: float | None = None
    rank: int | None = None
    finished: bool = False


def beat() -> None:
    """Say that another step is done; cheap enough for every batch."""
    _write(_TIME.pack(time.monotonic()), 0)


def announce(rank: int) -> None:
    """Say which rank KVStore has given this worker, `kv.rank`."""
    _write(_NUMBER.pack(rank), 8)


def finish() -> None:
    """Say that no further step will come, and none need be waited for."""
    _write(_NUMBER.pack(1), 16)


def make() -> int:
    """Make the memory.

    Returns
    -------
    int
        Its file descriptor, for the worker to inherit.
    """
    file = os.memfd_create(_NAME)
    os.pwrite(file, _WHOLE.pack(0.0, -1, 0), 0)
    return file


def read(file: int) -> Pulse:
    """Read what the worker has said so far.

    Parameters
    ----------
    file : int
        What `make` gave.

    Returns
    -------
    Pulse
    """
    last, rank, finished = _WHOLE.unpack(os.pread(file, _WHOLE.size, 0))
    age = time.monotonic() - last if last else None
    return Pulse(age, rank if rank >= 0 else None, bool(finished))


def _write(content: bytes, place: int) -> None:
    """Write into the memory, where there is one."""
    file = _file()
    if file is not None:
        os.pwrite(file, content, place)


@cache
def _file() -> int | None:
    """Find the memory.

    A process that a worker starts inherits the variable and not the file: under its
    number may be anything, which must not be written to.
    """
    number = os.environ.get(VARIABLE, "")
    try:
        name = os.readlink(f"/proc/self/fd/{int(number)}")
    except (OSError, ValueError):
        return None
    return int(number) if name.startswith(f"/memfd:{_NAME}") else None
