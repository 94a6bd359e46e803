"""Ctrl-C and SIGTERM as a question that is asked between two batches."""

from __future__ import annotations

import signal
import sys

__all__ = ["Interruption", "Terminated"]

PATIENCE = 1.5
"""Seconds after which what still runs is broken off where it is."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, for code that knows what to do at Ctrl-C."""


class Interruption:
    """Notes SIGINT and SIGTERM for the length of a block, to be asked for.

    A second signal, or `PATIENCE` seconds without an answer, break off whatever runs.

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
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._break_off)
        return self

    def __exit__(self, *error) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __call__(self) -> bool:
        """Say whether there was a signal."""
        return bool(self._number)

    def end(self, hint: str) -> int:
        """Print the one line that an interrupted command ends with.

        Parameters
        ----------
        hint : str
            How to go on.

        Returns
        -------
        int
            The exit code: 130 after Ctrl-C, 143 after SIGTERM.
        """
        print(f"gluon-softmax: interrupted: {hint}", file=sys.stderr)
        return 128 + (self._number or signal.SIGINT)

    def _note(self, number: int, frame) -> None:
        """Remember the first signal; break off at the second."""
        if self._number:
            self._break_off(number, frame)
        self._number = number
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)

    def _break_off(self, number: int, frame) -> None:
        """End what does not ask."""
        if self._number == signal.SIGTERM:
            raise Terminated
        raise KeyboardInterrupt
