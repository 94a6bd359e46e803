"""What the launcher shows: lines of all processes, each with its name, and one bar."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

__all__ = ["Screen"]


class Screen:
    """Prints on stdout and stderr; the bar only where stderr is a terminal."""

    def __init__(self):
        self._bar = ""

    @property
    def size(self) -> tuple[int, int] | None:
        """Rows and columns for the process with the bar; None without a terminal."""
        if not sys.stderr.isatty():
            return None
        columns, rows = shutil.get_terminal_size()
        return rows, max(columns - len("worker 0 | "), 20)

    def show(self, name: str, message: Mapping[str, Any]) -> None:
        """Print what a keeper's message says that its process printed."""
        if "out" in message:
            self._print(f"{name} | {message['out']}", sys.stdout)
        if "err" in message:
            self._print(f"{name} | {message['err']}", sys.stderr)
        if "bar" in message:
            self._move_bar(f"{name} | {message['bar']}" if message["bar"] else "")

    def say(self, line: str) -> None:
        """Print a line of the launcher's own."""
        self._print(f"gluon-softmax: {line}", sys.stderr)

    def _print(self, line: str, stream) -> None:
        """Print a line, above the bar if there is one."""
        bar = self._bar
        self._move_bar("")
        with suppress(BrokenPipeError):
            print(line, file=stream, flush=True)
        self._move_bar(bar)

    def _move_bar(self, bar: str) -> None:
        """Show the bar in place of the last."""
        if not (bar or self._bar):
            return
        sys.stderr.write(f"\r\x1b[K{bar}")
        sys.stderr.flush()
        self._bar = bar
