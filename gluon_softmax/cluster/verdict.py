"""Judges from what is known of its processes whether a job has failed, and how."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import NamedTuple

from .process import Process

__all__ = ["Limits", "find_failure"]


class Limits(NamedTuple):
    """How long to wait for what, in seconds.

    Parameters
    ----------
    start : float
        For a worker's first step: imports, connecting, reading data.
    hang : float
        For each further step.
    silence : float
        For any sign of a keeper, which gives one every half second.
    after : float
        For scheduler and servers to end, after the last worker has.
    """

    start: float = 120.0
    hang: float = 60.0
    silence: float = 5.0
    after: float = 5.0


def find_failure(
    processes: Sequence[Process], limits: Limits, now: float
) -> tuple[Process, str] | None:
    """Look for a process that has failed.

    Parameters
    ----------
    processes : sequence of Process
    limits : Limits
    now : float
        By `time.monotonic`.

    Returns
    -------
    tuple of (Process, str) or None
        Which, and what happened to it.
    """
    for process in processes:
        reason = _end(process) or _silence(process, limits, now)
        if reason:
            return process, reason
    return _find_hanging(processes, limits, now)


def _end(process: Process) -> str:
    """Say how a process ended badly; empty if it did not."""
    if process.code:
        return _describe(process.code)
    if process.code is None and process.is_gone:
        return f"was lost: its keeper on {process.task.host.name} ended"
    return ""


def _describe(code: int) -> str:
    """Put an exit code into words."""
    if code > 0:
        return f"exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was ended by {name}"


def _silence(process: Process, limits: Limits, now: float) -> str:
    """Say for how long nothing was heard of a process, if that is too long."""
    if process.code is not None or now - process.heard <= limits.silence:
        return ""
    host = process.task.host.name
    return f"was lost: no sign of {host} for {limits.silence:g} s"


def _find_hanging(
    processes: Sequence[Process], limits: Limits, now: float
) -> tuple[Process, str] | None:
    """Look for the process that keeps the others waiting."""
    workers = [p for p in processes if p.task.role == "worker" and p.code is None]
    training = [p for p in workers if p.finished is None]
    late = {p: _find_lateness(p, limits, now) for p in training or workers}
    late = {process: reason for process, reason in late.items() if reason}
    for process in processes:
        stopped = process.stopped
        if stopped and (late or now - stopped > limits.hang):
            return (
                process,
                f"hung: it is stopped, and has been for {now - stopped:.0f} s",
            )
    if not late:
        return None
    first = max(late, key=lambda p: p.pulse.age or 0)
    others = [p.name for p in late if p is not first]
    waiting = f" (nor did {', '.join(others)}, which may wait for it)" if others else ""
    return first, f"hung: it {late[first]}{waiting}"


def _find_lateness(process: Process, limits: Limits, now: float) -> str:
    """Say what a worker should have done by now; empty if nothing."""
    if process.finished is not None:
        late = now - process.finished > limits.hang
        return f"did not end within {limits.hang:g} s of its last step" if late else ""
    if process.pulse.age is None:
        late = now - process.started > limits.start
        return f"made no step within {limits.start:g} s of its start" if late else ""
    late = process.pulse.age > limits.hang
    return f"made no step for {limits.hang:g} s" if late else ""
