"""Defer SIGINT and SIGTERM so that training can stop between two batches."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Interruption", "Terminated", "hinting", "raising_at_sigterm"]

GRACE = 1.5
"""Seconds after which what still runs is broken off where it is."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, for code that knows what to do at Ctrl-C."""


@contextmanager
def raising_at_sigterm() -> Iterator[None]:
    """Raise `Terminated` at SIGTERM for the length of a block."""

    def end(number, frame):
        raise Terminated

    with _handling(end, signal.SIGTERM):
        yield


@contextmanager
def hinting(hint: str) -> Iterator[None]:
    """Add how to go on, which the command says last, to an interruption of a block."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise type(stop)(hint) from stop


class Interruption:
    """Notes SIGINT and SIGTERM for the length of a block, to be asked for.

    A second signal, or the end of `GRACE` seconds, break off whatever runs then.

    Examples
    --------
    >>> with Interruption() as interruption:
    ...     for batch in range(3):
    ...         if interruption():
    ...             break
    """

    def __init__(self):
        self._number = 0
        numbers = [signal.SIGINT, signal.SIGTERM]
        if hasattr(signal, "SIGALRM"):
            numbers.append(signal.SIGALRM)
        self._handlers = _handling(self._note, *numbers)

    def __enter__(self) -> Interruption:
        self._handlers.__enter__()
        return self

    def __exit__(self, *error) -> None:
        _set_alarm(0)
        self._handlers.__exit__(None, None, None)

    def __call__(self) -> bool:
        """Return whether there was a signal."""
        return bool(self._number)

    def make_error(self, hint: str = "") -> KeyboardInterrupt:
        """Make the error that the signal would have been, with how to go on."""
        kind = Terminated if self._number == signal.SIGTERM else KeyboardInterrupt
        return kind(hint)

    def _note(self, number: int, frame) -> None:
        """Remember the first signal; break off at the second, or at the alarm."""
        if self._number:
            raise self.make_error()
        self._number = number
        _set_alarm(GRACE)


def _set_alarm(seconds: float) -> None:
    """Set off an alarm later; Windows has none, and waits for the second signal."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


@contextmanager
def _handling(handler: Callable, *numbers: int) -> Iterator[None]:
    """Handle some signals for the length of a block; only the main thread gets any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)
