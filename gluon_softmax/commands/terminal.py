"""Standard output on which no name of a file or a class can act."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TextIO

from ..errors import show

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
        return self._stream.write(content.decode(encoding))


def showing_names() -> redirect_stdout:
    """Return a context in which names are printed as they may be shown."""
    return redirect_stdout(_Terminal(sys.stdout))
