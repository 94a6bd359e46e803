"""A worker's signs of life: that it makes steps, which rank it has, that it is done.

They are lines in a pipe that the worker's keeper reads. Outside a launched job there is
no such pipe, and the functions do nothing.
"""

from __future__ import annotations

import os
import time

__all__ = ["VARIABLE", "announce", "beat", "finish"]

VARIABLE = "GLUON_SOFTMAX_HEARTBEAT"
"""Names the file descriptor of the pipe."""
INTERVAL = 0.25
"""Seconds within which one step is enough to be told of."""

# Taken out, for what this process starts inherits the variable, but not the file: under
# its number may be anything, which must not be written to.
_pipe = int(os.environ.pop(VARIABLE, -1))
_told = 0.0


def announce(rank: int) -> None:
    """Report which rank KVStore has given this worker, `kv.rank`."""
    _tell(f"rank {rank}")


def beat() -> None:
    """Report that another step is done; cheap enough for every batch."""
    global _told
    now = time.monotonic()
    if now - _told >= INTERVAL:
        _told = now
        _tell("step")


def finish() -> None:
    """Report that no further step will come."""
    _tell("finished")


def _tell(sign: str) -> None:
    """Write a line into the pipe, where there is one."""
    if _pipe >= 0:
        os.write(_pipe, f"{sign}\n".encode())
