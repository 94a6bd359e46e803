"""What the launcher shows: the lines of all processes, each with its name."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TextIO

__all__ = ["Screen"]


class Screen:
    """Prints on stdout and stderr."""

    def show(self, name: str, message: Mapping[str, Any]) -> None:
        """Print what a keeper's message says that its process printed."""
        if "out" in message:
            _print(f"{name} | {message['out']}", sys.stdout)
        if "err" in message:
            _print(f"{name} | {message['err']}", sys.stderr)

    def say(self, line: str) -> None:
        """Print a line of the launcher's own."""
        _print(f"gluon-softmax: {line}", sys.stderr)


def _print(line: str, stream: TextIO) -> None:
    """Print a line, if anybody reads it."""
    with suppress(BrokenPipeError):
        print(line, file=stream, flush=True)
