"""The keeper of one process of a job, on the machine where that process runs.

The launcher starts it, directly or over ssh, with an order as its argument. It passes
on what the process prints and how it lives, in lines of JSON, until the process ends or
the launcher closes stdin, is gone, or has not been heard for so long that the network
must be cut.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from .. import __version__
from . import heartbeat
from .variables import remove_variables

__all__ = ["main"]

RELAY_SECONDS = 1.0
"""How long the last lines may take to be passed on."""
LONGEST_LINE = 1 << 16
"""Bytes of a line that never ends."""
PR_SET_PDEATHSIG = 1
_libc, _sending = ctypes.CDLL(None), threading.Lock()


def main() -> None:
    """Carry out the launcher's order, which `Process` describes."""
    order = json.loads(sys.argv[1])
    if order["version"] != __version__:
        sys.exit(
            f"expected gluon_softmax {order['version']} as on the launcher's machine, "
            f"found {__version__}: install the same on both"
        )
    if os.getpgrp() != os.getpid():
        os.setsid()  # the group that ends with this process is its own
    _keep(order)
    _end_all()


def _keep(order: Mapping[str, Any]) -> None:
    """See the process through to its end."""
    read_end, write_end = os.pipe()
    process = _start_process(order, write_end)
    os.close(write_end)
    relays = [
        _start_thread(_relay, process.stdout, "out"),
        _start_thread(_relay, process.stderr, "err"),
        _start_thread(_relay, os.fdopen(read_end, "rb"), "sign"),
    ]
    _start_thread(_follow_launcher, process.pid, order["silence"])
    code = process.wait()
    for relay in relays:
        relay.join(RELAY_SECONDS)  # what the process has started may print on
    _send(end=code)


def _start_process(order: Mapping[str, Any], pipe: int) -> subprocess.Popen:
    """Start the process, with the job's variables in place of this machine's."""
    with suppress(OSError):
        os.chdir(order["folder"])
    remove_variables(os.environ)
    own = {heartbeat.VARIABLE: str(pipe), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        order["argv"],
        env={**os.environ, **own, **order["variables"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[pipe],
        preexec_fn=_end_with_parent,  # should this keeper be killed
    )


def _relay(stream: BinaryIO, name: str) -> None:
    """Pass on each line; of one that was written over, only the last state."""
    for line in iter(lambda: stream.readline(LONGEST_LINE), b""):
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        _send(**{name: text.rpartition("\r")[2]})


def _follow_launcher(pid: int, silence: float | None) -> None:
    """End everything when there is no launcher any more."""
    while True:
        ready, _, _ = select.select([0], [], [], silence)
        if not ready or not os.read(0, 4096):
            break
    with suppress(ProcessLookupError, ChildProcessError):  # it has just ended
        os.kill(pid, signal.SIGKILL)
        # Once this keeper is gone, so is the process.
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    _end_all()


def _send(**message: Any) -> None:
    """Send a message to the launcher, if it is there."""
    with _sending, suppress(OSError):
        print(json.dumps(message), flush=True)


def _start_thread(target, *arguments) -> threading.Thread:
    """Start a thread that does not keep this process from ending."""
    thread = threading.Thread(target=target, args=arguments, daemon=True)
    thread.start()
    return thread


def _end_with_parent() -> None:
    """Have the kernel end this process when its parent ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_all() -> None:
    """End this keeper, and all that the process has started."""
    os.killpg(0, signal.SIGKILL)
