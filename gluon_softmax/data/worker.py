"""A worker process, as it sees itself: it reads what it is asked for until it ends."""

from __future__ import annotations

import itertools
import mmap
import multiprocessing
import os
import pickle
import signal
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.spawn import prepare
from typing import Any, NamedTuple

import numpy as np

from .slots import Arrays, Layout, Slot

__all__ = ["Failure", "Read", "in_one_line", "serve", "serve_spawned"]

# The parent may handle the first; MXNet makes an exit code of 255 of the others.
OWN_SIGNALS = (signal.SIGTERM, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE)

Read = Callable[[Any], Arrays]


class Failure(NamedTuple):
    """What a worker sends in place of a batch when reading it raised an exception."""

    line: str
    traceback: str

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Describe an exception, which may be one that cannot be sent."""
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        return cls(in_one_line(error), "".join(lines))


def serve_spawned(
    main: dict[str, Any], parent: int, pickled: int, connection: int, *slots: int
) -> None:
    """Be a worker in a fresh Python."""

    def load() -> Read:
        process = multiprocessing.current_process()
        process._inheriting = True  # refuses to start processes, as under `spawn`
        prepare(main)
        process._inheriting = False
        with mmap.mmap(pickled, 0, access=mmap.ACCESS_READ) as data:
            os.close(pickled)
            return pickle.loads(data)

    serve(load, Connection(connection), [Slot(slot) for slot in slots], parent)


def serve(
    load: Callable[[], Read], connection: Connection, slots: list[Slot], parent: int
) -> None:
    """Answer tasks until the parent ends this process, or ends itself."""
    threading.Thread(target=_follow, args=[parent], daemon=True).start()
    try:
        read = load()
        for number in OWN_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        for slot in itertools.cycle(slots):
            connection.send(_answer(read, connection.recv(), slot))
    except BaseException as error:
        with suppress(OSError):  # the parent has ended: that is the error
            connection.send(Failure.of(error))


def _answer(read: Read, task: Any, slot: Slot) -> list[Layout] | Failure:
    """Read what a task asks for."""
    try:
        return slot.write(_checked(read(task)))
    except Exception as error:
        return Failure.of(error)


def _follow(parent: int) -> None:
    """End this process, though it may be reading, when the parent has ended.

    The kernel's own means, PR_SET_PDEATHSIG, ends it with the thread that started it.
    """
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(0)


def _checked(arrays: Any) -> Arrays:
    """Refuse what cannot be laid into shared memory."""
    for array in arrays:
        if not isinstance(array, np.ndarray) or array.dtype.hasobject:
            raise TypeError(f"expected arrays of numbers to be read, found {array!r}")
    return arrays


def in_one_line(error: BaseException) -> str:
    """Give the type and the text of an exception."""
    lines = traceback.format_exception_only(type(error), error)
    return " ".join("".join(lines).split())
