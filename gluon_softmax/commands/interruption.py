"""Ctrl-C and SIGTERM as a question that is asked between two batches."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Interruption", "Terminated", "hinting", "raising_at_sigterm"]

PATIENCE = 1.5
"""Seconds after which what still runs is broken off where it is."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, for code that knows what to do at Ctrl-C."""


@contextmanager
def raising_at_sigterm() -> Iterator[None]:
    """Raise `Terminated` at SIGTERM for the length of a block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number, frame):
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def hinting(hint: str) -> Iterator[None]:
    """Add how to go on, should the block be interrupted.

    Parameters
    ----------
    hint : str
        What the command's last line is to say.
    """
    try:
        yield
    except KeyboardInterrupt as stop:
        raise type(stop)(hint) from stop


class Interruption:
    """Notes SIGINT and SIGTERM for the length of a block, to be asked for.

    A second signal, or the end of `PATIENCE` seconds, break off whatever runs then.

    Examples
    --------
    >>> with Interruption() as interruption:
    ...     for batch in range(3):
    ...         if interruption():
    ...             break
    """

    def __init__(self):
        self._number, self._before = 0, {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is not threading.main_thread():
            return self  # signals come to the main thread only
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._break_off)
        return self

    def __exit__(self, *error) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __call__(self) -> bool:
        """Return whether there was a signal."""
        return bool(self._number)

    def make_error(self, hint: str) -> KeyboardInterrupt:
        """Make the error that the signal would have been.

        Parameters
        ----------
        hint : str
            How to go on.

        Returns
        -------
        KeyboardInterrupt
            `Terminated` after SIGTERM.
        """
        kind = Terminated if self._number == signal.SIGTERM else KeyboardInterrupt
        return kind(hint)

    def _note(self, number: int, frame) -> None:
        """Remember the first signal; break off at the second."""
        if self._number:
            self._break_off(number, frame)
        self._number = number
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)

    def _break_off(self, number: int, frame) -> None:
        """End what does not ask."""
        raise self.make_error("")
