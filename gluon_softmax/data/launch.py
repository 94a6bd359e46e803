"""Starting a worker process: as a copy of this one, or as a fresh Python."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from ..errors import ArgumentError, WorkerError
from .slots import Slot
from .worker import Read, in_one_line, serve

__all__ = ["Start", "check_no_import_by_a_worker", "starter", "usual_start_method"]

Start = Callable[[Connection, list[Slot]], int]


@contextmanager
def starter(method: str, read: Read) -> Iterator[Start]:
    """Give a function that starts a worker with a pipe and slots, and gives its id."""
    if method == "fork":
        yield partial(_fork, read)
        return
    pickled = _pickled(read)
    main = _main_module() if b"__main__" in pickled else {}
    with open(os.memfd_create("read"), "wb") as file:
        file.write(pickled)
        file.flush()
        yield partial(_spawn, main, file.fileno())


def _fork(read: Read, connection: Connection, slots: list[Slot]) -> int:
    """Start a worker as a copy of this process."""
    parent, child = os.getpid(), os.fork()
    if child:
        return child
    try:
        gc.freeze()  # what the parent made is not this process's to clear up
        # Of a notebook's event loop; asyncio sees to it from Python 3.12 on.
        signal.set_wakeup_fd(-1)
        serve(lambda: read, connection, slots, parent)
    finally:
        os._exit(1)  # never on into the parent's program and its exit handlers


def _spawn(
    main: dict[str, Any], pickled: int, connection: Connection, slots: list[Slot]
) -> int:
    """Start a worker as a fresh Python."""
    shared = [pickled, connection.fileno(), *(slot.file.fileno() for slot in slots)]
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; "
        f"from {serve.__module__} import serve_spawned; "
        f"serve_spawned({main!r}, {os.getpid()}, *{shared!r})"
    )
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=shared)
    process.returncode = 0  # `_Worker` waits for it, as for a forked one
    return process.pid


def _pickled(read: Read) -> bytes:
    """Pickle what a fresh Python is to call."""
    try:
        return pickle.dumps(read, protocol=5)
    except Exception as error:  # pickling may raise any
        raise ArgumentError(
            "expected a function of a module, which can be sent to a fresh Python, "
            f"found one that cannot ({in_one_line(error)}): move it into a module, or "
            "use start_method='fork'"
        ) from error


def _main_module() -> dict[str, Any]:
    """Say how `multiprocessing.spawn.prepare` finds the script that runs here."""
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None):
        return {"sys_argv": sys.argv, "init_main_from_name": main.__spec__.name}
    path = os.path.abspath(getattr(main, "__file__", None) or "")
    if os.path.isfile(path):  # "<stdin>" is none
        return {"sys_argv": sys.argv, "init_main_from_path": path}
    raise ArgumentError(
        "expected a function of a module, found one of a notebook or a Python prompt, "
        "which a fresh Python cannot import: move it into a module, or use "
        "start_method='fork'"
    )


def check_no_import_by_a_worker() -> None:
    """Refuse a script that would start workers of workers of workers."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise WorkerError(
            "a worker that imports this script, for a function in it, came to start "
            "workers too: put what the script does under if __name__ == '__main__':, "
            "or move the function into a module"
        )


def usual_start_method() -> str:
    """Give `multiprocessing`'s start method, without fixing it as asking it does."""
    usual = multiprocessing.get_all_start_methods()[0]
    return multiprocessing.get_start_method(allow_none=True) or usual
