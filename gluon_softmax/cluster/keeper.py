"""The keeper of one process of a job, on the machine where that process runs.

The launcher starts it, directly or over ssh, and talks to it in lines of JSON. First
it reads its order from stdin: what to run, under which variables. Then it passes on
what the process prints and how it lives, until that ends or is to end: when the
launcher says so, when the launcher is gone (the end of stdin), and when nothing has
been heard from it for so long that the network must be cut.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from . import heartbeat
from .relay import Terminal, relay

__all__ = ["ALIVE", "Keeper", "main"]

ALIVE = 0.5  # seconds from one report to the next
PATIENCE = 1.0  # seconds for the last lines to be passed on
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Read the order and carry it out."""
    order = sys.stdin.readline()
    if order:
        Keeper(json.loads(order)).run()


class Keeper:
    """Starts a process, watches it and ends it.

    Parameters
    ----------
    order : dict
        `argv` (or None, to play a role of this package with `arguments`), `variables`,
        `folder` to run in if it is there, `silence` in seconds after which the launcher
        is taken for lost (None: never), `terminal` as (rows, columns) if stderr is to
        be one (or None).
    """

    def __init__(self, order: dict[str, Any]):
        self._order = order
        self._messages: queue.Queue = queue.Queue(maxsize=1000)
        self._heard, self._kill_at = time.monotonic(), math.inf
        self._heart = heartbeat.make()

    def run(self) -> None:
        """See the process through to its end."""
        writer = _start(self._write)
        try:
            process, relays = self._begin()
        except OSError as error:
            self._messages.put({"err": f"{error.filename}: {error.strerror}"})
            code = 127
        else:
            code = self._watch(process, relays)
        with suppress(queue.Full):
            self._messages.put({"end": code}, timeout=PATIENCE)
            self._messages.put(None, timeout=PATIENCE)
        writer.join(PATIENCE)
        os._exit(0)  # threads may wait for a launcher that is gone

    def _begin(self) -> tuple[subprocess.Popen, list[threading.Thread]]:
        """Start the process, and the threads that pass on what it prints."""
        with suppress(OSError):
            os.chdir(self._order["folder"])
        terminal = Terminal.open(self._order["terminal"])
        process = self._start_process(terminal)
        out = process.stdout.fileno()
        err = terminal.near if terminal else process.stderr.fileno()
        relays = [
            _start(relay, out, "out", self._messages.put),
            _start(relay, err, "err", self._messages.put, terminal is not None),
        ]
        _start(self._listen, process)
        return process, relays

    def _start_process(self, terminal: Terminal | None) -> subprocess.Popen:
        """Start the process in a group of its own, which ends with this one."""
        die_with_me = _DieWith(os.getpid())
        process = subprocess.Popen(
            self._order["argv"] or _play(self._order["arguments"]),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=terminal.far if terminal else subprocess.PIPE,
            start_new_session=True,
            pass_fds=[self._heart],
            preexec_fn=die_with_me,
        )
        if terminal:
            os.close(terminal.far)
        return process

    def _environment(self) -> dict[str, str]:
        """Add the job's variables to those of this machine."""
        own = {heartbeat.VARIABLE: str(self._heart), "PYTHONUNBUFFERED": "1"}
        return {**os.environ, **own, **self._order["variables"]}

    def _watch(self, process: subprocess.Popen, relays: list[threading.Thread]) -> int:
        """Wait until the process has ended; end it when it is time."""
        report_at = 0.0
        while not _has_ended(process.pid):
            now = time.monotonic()
            silence = self._order["silence"]
            lost = silence is not None and now - self._heard > silence
            if lost or now >= self._kill_at:
                _kill_group(process.pid)
            if now >= report_at:
                report_at = now + ALIVE
                self._report(process.pid)
            time.sleep(0.02)
        self._report(process.pid)
        _kill_group(process.pid)  # what it has started, if it left that behind
        for thread in relays:
            thread.join(PATIENCE)
        return process.wait()

    def _report(self, pid: int) -> None:
        """Tell the launcher how the process lives."""
        pulse = heartbeat.read(self._heart)._asdict()
        with suppress(queue.Full):  # other messages show that this keeper lives
            self._messages.put_nowait({"alive": {**pulse, "state": _state(pid)}})

    def _listen(self, process: subprocess.Popen) -> None:
        """Do as the launcher says; end the process if there is no launcher any more."""
        for line in sys.stdin:
            self._heard = time.monotonic()
            grace = json.loads(line).get("stop")
            if grace is None:
                continue
            self._kill_at = self._heard + grace
            if grace:
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
        self._kill_at = 0.0

    def _write(self) -> None:
        """Send the messages."""
        with suppress(OSError):
            while True:
                message = self._messages.get()
                if message is None:
                    return
                sys.stdout.write(json.dumps(message) + "\n")
                sys.stdout.flush()


class _DieWith:
    """Has the kernel end a process together with its parent.

    Parameters
    ----------
    parent : int
    """

    def __init__(self, parent: int):
        self._parent, self._libc = parent, ctypes.CDLL(None)

    def __call__(self) -> None:
        """Ask for it; called in the new process."""
        self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self._parent:
            os._exit(1)


def _play(arguments: list[str]) -> list[str]:
    """Give the command of a role, which finds the packages that this process finds."""
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; "
        "from gluon_softmax.cluster.role import main; main()"
    )
    return [sys.executable, "-c", code, *arguments]


def _has_ended(pid: int) -> bool:
    """Say whether a process has ended; it keeps its number until it is waited for."""
    return bool(os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG))


def _kill_group(pid: int) -> None:
    """End a process and what it has started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _state(pid: int) -> str:
    """Give the kernel's letter for what a process does: T is stopped."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[0]


def _start(target, *arguments) -> threading.Thread:
    """Start a thread that does not keep this process from ending."""
    thread = threading.Thread(target=target, args=arguments, daemon=True)
    thread.start()
    return thread


if __name__ == "__main__":
    main()
