"""Section 3.5: what a worker process does."""

from __future__ import annotations

import gc
import pickle
import signal
from collections.abc import Callable
from typing import Any

from ..errors import WorkerError
from ..storage.processes import end_with_parent

__all__ = ["Read", "answer", "describe_error", "prepare"]

Read = Callable[[Any], Any]

_reader: Read | bytes  # pickled until the first task asks for it


def prepare(read: Read | bytes) -> None:
    """Make this process a worker."""
    global _reader
    _reader = read
    gc.freeze()  # what a forked worker inherits is not its to clear up
    _take_signals()
    end_with_parent()


def answer(task: Any) -> Any:
    """Return what a task asks for; raise what can be sent, as not every error can."""
    global _reader
    try:
        if isinstance(_reader, bytes):
            _reader = pickle.loads(_reader)
            _take_signals()
        return _reader(task)
    except BaseException as error:
        line = describe_error(error)
        raise WorkerError(f"a worker process raised {line}") from error


def describe_error(error: BaseException) -> str:
    """Return type and text of an exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _take_signals() -> None:
    """Have signals but Ctrl-C end this process; MXNet turns each into exit code 255."""
    for number in (signal.SIGTERM, signal.SIGSEGV, signal.SIGFPE):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
