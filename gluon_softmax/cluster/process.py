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

from ..errors import JobError
from .heartbeat import Pulse
from .hosts import python_command
from .plan import Task

__all__ = ["Process"]

LAST_LINES = 3


class Process:
    """Starts a keeper, and keeps what is heard from it.

    Parameters
    ----------
    task : Task
    order : mapping
        What the keeper is to do.
    events : queue.SimpleQueue
        Takes (this process, message) for each message of the keeper, and (this process,
        None) when there will be no more.
    ssh : sequence of str

    Attributes
    ----------
    started, heard : float
        When it was started, and when the keeper was last heard, by `time.monotonic`.
    pulse : Pulse
    finished : float or None
        When it was heard that no further step will come.
    stopped : float or None
        Since when it is stopped, as by SIGSTOP.
    code : int or None
        How it ended, as `subprocess` has it.
    is_gone : bool
        Whether the keeper is gone.
    """

    def __init__(
        self,
        task: Task,
        order: Mapping[str, Any],
        events: queue.SimpleQueue,
        ssh: Sequence[str],
    ):
        self.task, self.number = task, task.number
        self.pulse, self.code, self.is_gone = Pulse(), None, False
        self.finished: float | None = None
        self.stopped: float | None = None
        self.started = self.heard = time.monotonic()
        self._events, self._sending = events, threading.Lock()
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._keeper = _start_keeper(python_command(task.host, "keeper", ssh))
        self.send(order)
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._listen_to_errors, daemon=True).start()

    @property
    def name(self) -> str:
        """What to call it; a worker by its rank, once it has said which it has."""
        return self.task._replace(number=self.number).name

    def send(self, message: Mapping[str, Any]) -> None:
        """Send something to the keeper, if it is there."""
        with self._sending, suppress(OSError, ValueError):
            self._keeper.stdin.write(json.dumps(message) + "\n")
            self._keeper.stdin.flush()

    def take_in(self, message: Mapping[str, Any] | None) -> None:
        """Remember what a message says."""
        if message is None:
            self.is_gone = True
            return
        self.code = message.get("end", self.code)
        for stream in ("out", "err"):
            if message.get(stream, "").strip():
                self._lines.append(message[stream].strip())
        if "alive" in message:
            alive = dict(message["alive"])
            is_stopped = alive.pop("state") in ("T", "t")
            self.stopped = (self.stopped or time.monotonic()) if is_stopped else None
            self.pulse = Pulse(**alive)
            if self.pulse.rank is not None:
                self.number = self.pulse.rank
            if self.pulse.finished and self.finished is None:
                self.finished = time.monotonic()

    def quote(self) -> str:
        """Give the last lines it printed, in one."""
        if not self._lines:
            return "it printed nothing"
        lines = (
            line if len(line) < 200 else f"{line[:200]}..." for line in self._lines
        )
        return f"its last lines: {' / '.join(lines)}"

    def close(self, timeout: float) -> None:
        """End the keeper, if it does not end by itself in time, and what it keeps."""
        with suppress(subprocess.TimeoutExpired):
            self._keeper.wait(timeout)
        with suppress(ProcessLookupError):
            os.killpg(self._keeper.pid, signal.SIGKILL)
        self._keeper.wait()

    def _listen(self) -> None:
        """Hand on the keeper's messages."""
        for line in self._keeper.stdout:
            self.heard = time.monotonic()
            with suppress(json.JSONDecodeError):  # a greeting of the other machine
                self._events.put((self, json.loads(line)))
        self._events.put((self, None))

    def _listen_to_errors(self) -> None:
        """Hand on what ssh, or a keeper that stumbles, has to say."""
        for line in self._keeper.stderr:
            self._events.put((self, {"err": line.rstrip("\n")}))


def _start_keeper(command: Sequence[str]) -> subprocess.Popen:
    """Start a keeper, out of reach of the terminal's Ctrl-C."""
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise JobError(f"{command[0]} cannot be started ({error.strerror})") from error
