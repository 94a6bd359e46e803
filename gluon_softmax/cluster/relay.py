"""What a process prints, cut into lines; its progress bar, where it has a terminal."""

from __future__ import annotations

import codecs
import fcntl
import os
import struct
import termios
import tty
from collections.abc import Callable, Iterator
from typing import NamedTuple

__all__ = ["Terminal", "relay"]

_LONGEST = 1 << 16  # characters of a line that never ends


class Terminal(NamedTuple):
    """A terminal for one process's stderr, so that it shows a progress bar.

    Parameters
    ----------
    near, far : int
        File descriptors: here to read what is printed, there to print to.
    """

    near: int
    far: int

    @classmethod
    def open(cls, size: tuple[int, int] | None) -> Terminal | None:
        """Open one of so many rows and columns, or none."""
        if size is None:
            return None
        terminal = cls(*os.openpty())
        tty.setraw(terminal.far)  # a line's end stays as it is printed
        window = struct.pack("HHHH", *size, 0, 0)
        fcntl.ioctl(terminal.far, termios.TIOCSWINSZ, window)
        return terminal


def relay(
    file: int, stream: str, send: Callable[[dict], None], has_bar: bool = False
) -> None:
    """Pass on each line that is printed, until the last.

    Of a line that was written over, as progress bars are, only the last state counts.

    Parameters
    ----------
    file : int
        Where to read.
    stream : str
        'out' or 'err': the key of each message.
    send : callable
        Takes a message.
    has_bar : bool, optional
        Whether to send unfinished lines too, as `bar`.
    """
    rest = ""
    for text in _read(file):
        *lines, rest = (rest + text).split("\n")
        for line in lines:
            send({stream: _last_state(line)})
        if len(rest) > _LONGEST:
            send({stream: _last_state(rest)})
            rest = ""
        if has_bar:
            rest = rest[max(rest.rfind("\r"), 0) :]
            send({"bar": rest.strip("\r")})
    if has_bar:
        send({"bar": ""})
    if rest.strip():
        send({stream: _last_state(rest)})


def _read(file: int) -> Iterator[str]:
    """Read text as it comes."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while True:
        try:
            content = os.read(file, 1 << 16)
        except OSError:  # a terminal ends so
            return
        if not content:
            return
        yield decoder.decode(content)


def _last_state(line: str) -> str:
    """Give what a terminal would show of a line in the end."""
    return line.rstrip("\r").rpartition("\r")[2]
