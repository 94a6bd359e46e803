"""Standard output on which no name of a file or a class can act."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TextIO

from ..errors import DataError, OutputError, show

__all__ = ["showing_names"]


class _Terminal:
    """A stream in which control characters, and what it cannot encode, are visible."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def __getattr__(self, name: str):
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write text; newlines and tabs are what they are."""
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        content = show(text, keep="\n\t").encode(encoding, "backslashreplace")
        with self._explaining():
            self._stream.write(content.decode(encoding))
        return len(text)

    def flush(self) -> None:
        """Bring to its place what was written."""
        with self._explaining():
            self._stream.flush()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Raise an error that says what it is about; Python's end stays silent."""
        try:
            yield
        except OSError as error:
            with suppress(OSError):  # where it is no stream of the system's
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            if isinstance(error, BrokenPipeError):
                raise
            raise OutputError(
                f"standard output cannot be written ({error.strerror})"
            ) from error


@contextmanager
def showing_names() -> Iterator[None]:
    """Print names as they may be shown, and all there is by the end of the block.

    What the system refuses within it is an error of one line.
    """
    terminal = _Terminal(sys.stdout)
    try:
        with redirect_stdout(terminal):
            yield
        terminal.flush()  # here, where it can still be caught
    except BrokenPipeError:
        raise
    except OSError as error:
        where = show(error.filename) if error.filename else "a file"
        raise DataError(
            f"{where} cannot be used ({error.strerror or error})"
        ) from error
