"""What the workers of `test_workers` read; a fresh Python imports it from here."""

from __future__ import annotations

import os
import signal
import sys
import time
from multiprocessing.connection import Connection

import numpy as np


def numbered(task: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return images that hold their numbers, not in C order, and labels."""
    X = np.broadcast_to(task.astype("float32"), (2, 3, 1, len(task))).T
    return X, (task % 10).astype("int32")


def slow(seconds: float) -> float:
    """Take some time."""
    time.sleep(seconds)
    return seconds


def kill(task: tuple[int, np.ndarray] | int) -> None:
    """Die of a signal, unless it is 0."""
    number = task if isinstance(task, int) else task[0]
    if number:
        os.kill(os.getpid(), number)


def die_while_writing(task: int) -> int:
    """Die of a signal in the midst of sending what is returned, unless it is 0."""

    def send(self, data):
        os.write(self.fileno(), bytes(data)[:3])
        os.kill(os.getpid(), signal.SIGKILL)

    if task:
        Connection._send = send
    return task


class OddError(Exception):
    """An error that can be sent to another process, and not be received there."""

    def __init__(self, first, second):
        super().__init__(f"{first}\n{second}")


def stumble(task: int) -> int:
    """Raise an error of two lines for one of the tasks, and end Python for another."""
    if task == 5:
        raise OddError("sample 1234", "is bad")
    if task == 6:
        sys.exit("enough")
    return task


def modules(_) -> set[str]:
    """Return the names of what a worker has imported."""
    return set(sys.modules)
