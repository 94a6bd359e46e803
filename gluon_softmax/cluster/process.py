"""One process of a job, as the launcher sees it: through its keeper."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from .. import __version__
from ..errors import JobError
from ..storage.processes import python_command
from .hosts import add_ssh
from .plan import Task

__all__ = ["Process"]

SILENCE = 6.0
"""Seconds until a keeper elsewhere takes the launcher for lost."""
NUM_QUOTED = 3  # lines
LONGEST_QUOTE = 200  # characters of a line


class Process:
    """Starts a keeper, and remembers what is heard from it.

    Each message of the keeper is put on `events` with this process; None where there
    will be no more.

    Attributes
    ----------
    started, stepped, ended : float or None
        When it was started, made its last step, and ended, by `time.monotonic`; None
        for what has not been.
    is_finished, is_gone : bool
        Whether there will be no further step, and whether the keeper is gone.
    code : int or None
        How it ended, as `subprocess` has it.
    """

    def __init__(
        self,
        task: Task,
        argv: Sequence[str],
        ssh: Sequence[str],
        events: queue.SimpleQueue,
    ):
        self.task = task
        self.started = time.monotonic()
        self.stepped = self.ended = self.code = None
        self.is_finished = self.is_gone = False
        self._lines: deque[str] = deque(maxlen=NUM_QUOTED)
        order = {
            "version": __version__,
            "argv": argv,
            "variables": task.variables,
            "folder": os.getcwd(),
            "silence": None if task.host.is_here else SILENCE,
        }
        command = python_command(
            "cluster.keeper", json.dumps(order), python=task.host.python
        )
        self._keeper = _start(add_ssh(task.host, command, ssh))
        threading.Thread(target=self._listen, args=[events], daemon=True).start()

    def show_life(self) -> None:
        """Send the keeper a sign that the launcher lives, if the keeper does."""
        with suppress(OSError, ValueError):
            self._keeper.stdin.write(b"\n")
            self._keeper.stdin.flush()

    def take_in(self, message: Mapping[str, Any] | None) -> None:
        """Remember what a message says."""
        if message is None:
            self.is_gone = True
            return
        if "end" in message:
            self.code, self.ended = message["end"], time.monotonic()
        if "sign" in message:
            self._take_sign(*message["sign"].split())
        for stream in ("out", "err"):
            if message.get(stream, "").strip():
                self._lines.append(message[stream].strip()[:LONGEST_QUOTE])

    def _take_sign(self, sign: str, rank: str = "") -> None:
        """Remember what the process itself says, by `heartbeat`."""
        if sign == "rank":
            self.task = self.task._replace(number=int(rank))
            return
        self.stepped = time.monotonic()
        self.is_finished = sign == "finished"

    def quote(self) -> str:
        """Return the last lines it printed, in one."""
        if not self._lines:
            return "it printed nothing"
        return f"its last lines: {' / '.join(self._lines)}"

    def end(self) -> None:
        """Have the keeper end the process at once, and itself."""
        with suppress(OSError):
            self._keeper.stdin.close()

    def kill(self) -> None:
        """End a keeper that has not ended by itself, with all that is here of it."""
        with suppress(ProcessLookupError):
            os.killpg(self._keeper.pid, signal.SIGKILL)
        self._keeper.wait()

    def _listen(self, events: queue.SimpleQueue) -> None:
        """Pass on what the keeper says."""
        for line in self._keeper.stdout:
            events.put((self, _parse(line.decode(errors="replace"))))
        events.put((self, None))


def _parse(line: str) -> dict[str, Any]:
    """Return a message; what is none comes from ssh, or a keeper that stumbles."""
    with suppress(json.JSONDecodeError):
        message = json.loads(line)
        if isinstance(message, dict):
            return message
    return {"err": line.rstrip()}


def _start(command: Sequence[str]) -> subprocess.Popen:
    """Start a keeper, out of reach of the terminal's Ctrl-C."""
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise JobError(f"{command[0]} cannot be started ({error.strerror})") from error
