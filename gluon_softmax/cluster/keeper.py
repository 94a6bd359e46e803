"""The keeper of one process of a job, on the machine where that process runs.

The launcher starts it, directly or over ssh, with an order as its argument. It passes
on what the process prints and how it lives, in lines of JSON, until the process ends or
the launcher closes stdin, is gone, or has not been heard for so long that the network
must be cut.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any

import psutil

from .. import __version__
from . import heartbeat

__all__ = ["Keeper", "main"]

ALIVE = 0.5  # seconds from one report to the next
PATIENCE = 1.0  # seconds for the last lines to be passed on
LONGEST = 1 << 16  # characters of a line that never ends
_LIBC, _PR_SET_PDEATHSIG = ctypes.CDLL(None), 1


def main() -> None:
    """Carry out the order."""
    order = json.loads(sys.argv[1])
    if order["version"] != __version__:
        sys.exit(
            f"expected gluon_softmax {order['version']} as on the launcher's machine, "
            f"found {__version__}: install the same on both"
        )
    if os.getpgrp() != os.getpid():
        os.setsid()  # the group that ends with this process is its own
    Keeper(order).run()


class Keeper:
    """Starts a process, watches it and ends it.

    Parameters
    ----------
    order : dict
        What to run: `argv`; its `variables`, beside those of this machine; the
        `folder` to run it in, if that is there; after how many seconds of `silence` the
        launcher is taken for lost, or None for never.
    """

    def __init__(self, order: dict[str, Any]):
        self._order = order
        self._heart = heartbeat.make()
        self._sending = threading.Lock()

    def run(self) -> None:
        """See the process through to its end, and end what it has started."""
        try:
            process = self._start_process()
        except OSError as error:
            self._send(err=f"{error.filename}: {error.strerror}")
            self._send(end=127)
        else:
            relays = [
                _start_thread(self._relay, process.stdout, "out"),
                _start_thread(self._relay, process.stderr, "err"),
            ]
            _start_thread(self._report, psutil.Process(process.pid))
            _start_thread(self._listen, process)
            code = process.wait()
            for relay in relays:
                relay.join(PATIENCE)
            self._send(end=code)
        _end_all()

    def _start_process(self) -> subprocess.Popen:
        """Start the process."""
        with suppress(OSError):
            os.chdir(self._order["folder"])
        own = {heartbeat.VARIABLE: str(self._heart), "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(
            self._order["argv"],
            env={**os.environ, **own, **self._order["variables"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[self._heart],
            preexec_fn=_end_with_parent,  # should this keeper be killed
        )

    def _relay(self, stream: io.BufferedReader, name: str) -> None:
        """Pass on each line; of one that was written over, only the last state."""
        text = io.TextIOWrapper(stream, "utf-8", "replace", newline="\n")
        for line in iter(lambda: text.readline(LONGEST), ""):
            self._send(**{name: line.rstrip("\r\n").rpartition("\r")[2]})

    def _report(self, process: psutil.Process) -> None:
        """Report to the launcher how the process lives."""
        with suppress(psutil.NoSuchProcess):
            while True:
                stopped = process.status() == psutil.STATUS_STOPPED
                self._send(alive=[*heartbeat.read(self._heart), stopped])
                time.sleep(ALIVE)

    def _listen(self, process: subprocess.Popen) -> None:
        """End everything when there is no launcher any more."""
        while True:
            ready, _, _ = select.select([0], [], [], self._order["silence"])
            if not ready or not os.read(0, 4096):
                break
        process.kill()
        process.wait()  # when this keeper is gone, nothing else is to be waited for
        _end_all()

    def _send(self, **message: Any) -> None:
        """Send a message to the launcher, if it is there."""
        with self._sending, suppress(OSError):
            print(json.dumps(message), flush=True)


def _start_thread(target, *arguments) -> threading.Thread:
    """Start a thread that does not keep this process from ending."""
    thread = threading.Thread(target=target, args=arguments, daemon=True)
    thread.start()
    return thread


def _end_with_parent() -> None:
    """Have the kernel end this process when its parent ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_all() -> None:
    """End the process, what it has started, and this keeper."""
    os.killpg(0, signal.SIGKILL)
