"""What counts as a failure of a job, by what is known of its processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..storage.processes import describe_exit
from .process import Process

__all__ = ["Limits", "find_failure"]

AFTER = 5.0
"""Seconds for scheduler and servers to end, after the last worker has."""


class Limits(NamedTuple):
    """How long to wait for a worker's first step and for each further one, in s."""

    start: float = 120.0  # imports, connecting, reading data
    hang: float = 60.0


def find_failure(
    processes: Sequence[Process], limits: Limits, now: float
) -> tuple[Process, str] | None:
    """Return the process that has failed first, and what happened to it; or None."""
    failed = [process for process in processes if process.code]
    if failed:
        first = min(failed, key=lambda process: process.ended)
        return first, describe_exit(first.code)
    for process in processes:
        if process.code is None and process.is_gone:
            return process, "was lost: nothing is heard of it any more"
    workers = [process for process in processes if process.task.role == "worker"]
    if any(worker.code is None for worker in workers):
        return _find_hanging(workers, limits, now)
    ended = max(worker.ended for worker in workers)
    for process in processes:
        if process.code is None and now - ended > AFTER:
            return process, f"still ran {AFTER:g} s after the last worker"
    return None


def _find_hanging(
    workers: Sequence[Process], limits: Limits, now: float
) -> tuple[Process, str] | None:
    """Return the worker that keeps the others waiting, if one does."""
    running = [worker for worker in workers if worker.code is None]
    training = [worker for worker in running if not worker.is_finished]
    late = [p for p in training or running if _is_late(p, limits, now)]
    if not late:
        return None
    first = min(late, key=lambda process: process.stepped or process.started)
    if first.stepped is None:
        return first, f"hung: it made no step within {limits.start:g} s of its start"
    return first, f"hung: it made no step for {limits.hang:g} s"


def _is_late(process: Process, limits: Limits, now: float) -> bool:
    """Return whether a step should have been made by now."""
    if process.stepped is None:
        return now - process.started > limits.start
    return now - process.stepped > limits.hang
