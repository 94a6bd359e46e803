"""A worker's signs of life: that it makes steps, which rank it has, that it is done.

They stand in a few bytes of memory that the worker shares with its keeper, so a sign
costs about a microsecond and waits for nobody. Outside a launched job there is no such
memory, and the functions do nothing.
"""

from __future__ import annotations

import os
import struct
import time
from typing import NamedTuple

__all__ = ["VARIABLE", "Pulse", "announce", "beat", "finish", "make", "read"]

VARIABLE = "GLUON_SOFTMAX_HEARTBEAT"
"""Names the file descriptor of the memory."""

# Taken out, for what this process starts inherits the variable, but not the file: under
# its number may be anything, which must not be written to.
_FILE = int(os.environ.pop(VARIABLE, -1))
_WHOLE = struct.Struct("=dqq")  # time of the last step, rank, whether it is done
_TIME, _NUMBER = struct.Struct("=d"), struct.Struct("=q")


class Pulse(NamedTuple):
    """What a worker has said so far.

    Attributes
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
    """Record that another step is done; cheap enough for every batch."""
    _write(_TIME.pack(time.monotonic()), 0)


def announce(rank: int) -> None:
    """Record which rank KVStore has given this worker, `kv.rank`."""
    _write(_NUMBER.pack(rank), 8)


def finish() -> None:
    """Record that no further step will come."""
    beat()
    _write(_NUMBER.pack(1), 16)


def make() -> int:
    """Return a file descriptor of new memory, for the worker to inherit."""
    file = os.memfd_create("gluon-softmax-heartbeat")
    os.pwrite(file, _WHOLE.pack(0.0, -1, 0), 0)
    return file


def read(file: int) -> Pulse:
    """Return what the worker has written to the memory of a file descriptor."""
    last, rank, finished = _WHOLE.unpack(os.pread(file, _WHOLE.size, 0))
    age = time.monotonic() - last if last else None
    return Pulse(age, rank if rank >= 0 else None, bool(finished))


def _write(content: bytes, place: int) -> None:
    """Write into the memory, where there is one."""
    if _FILE >= 0:
        os.pwrite(_FILE, content, place)
