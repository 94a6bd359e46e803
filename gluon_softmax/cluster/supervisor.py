"""Runs a job once: starts its processes, watches them, and leaves none of them."""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import ArgumentError, JobError
from .plan import Task
from .process import Process
from .screen import Screen

__all__ = ["Limits", "Supervisor", "find_failure"]

TICK = 1.0  # seconds from one sign of the launcher's life to the next
CLOSING = 2.0  # seconds until keepers that do not end by themselves are killed
AFTER = 5.0  # seconds for scheduler and servers to end, after the last worker has


class Limits(NamedTuple):
    """How long to wait for a worker, in seconds.

    Attributes
    ----------
    start : float
        For its first step: imports, connecting, reading data.
    hang : float
        For each further step.
    """

    start: float = 120.0
    hang: float = 60.0


class Supervisor:
    """Runs a job.

    Parameters
    ----------
    orders : sequence of (Task, mapping)
        Each process, and the order for its keeper.
    limits : Limits
    screen : Screen
    ssh : sequence of str, optional
    """

    def __init__(
        self,
        orders: Sequence[tuple[Task, Mapping[str, Any]]],
        limits: Limits,
        screen: Screen,
        ssh: Sequence[str] = ("ssh",),
    ):
        self._orders, self._limits, self._ssh = orders, limits, ssh
        self._screen = screen
        self._events: queue.SimpleQueue = queue.SimpleQueue()
        self._processes: list[Process] = []

    def run(self) -> None:
        """Run the job to its end.

        Raises
        ------
        JobError
            If a process failed; the others have been ended.
        ArgumentError
            If it did so because of its arguments.
        """
        closed = threading.Event()
        threading.Thread(target=self._tick, args=[closed], daemon=True).start()
        try:
            for task, order in self._orders:
                self._processes.append(Process(task, order, self._events, self._ssh))
            while not self._are_all_gone():
                self._take_in(0.1)
                self._check()
        finally:
            closed.set()
            self._end()

    def _are_all_gone(self) -> bool:
        """Return whether no keeper is left."""
        return all(process.is_gone for process in self._processes)

    def _take_in(self, seconds: float) -> None:
        """Read messages for so many seconds, or until none came for as long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                process, message = self._events.get(timeout=seconds)
            except queue.Empty:
                return
            process.take_in(message)
            if message:
                self._screen.show(process.task.name, message)

    def _check(self) -> None:
        """Raise an error if a process has failed."""
        failure = find_failure(self._processes, self._limits, time.monotonic())
        if not failure:
            return
        self._take_in(0.1)  # its last lines may be under way
        process, reason = failure
        # A worker's own word for bad input is 2: trying again would not help.
        kind = ArgumentError if process.code == 2 else JobError
        task = process.task
        raise kind(f"{task.name} on {task.host.name} {reason}; {process.quote()}")

    def _end(self) -> None:
        """End what still runs, and wait until it is gone."""
        until = time.monotonic() + CLOSING
        for process in self._processes:
            process.end()
        while time.monotonic() < until and not self._are_all_gone():
            self._take_in(0.02)
        for process in self._processes:
            process.kill()

    def _tick(self, closed: threading.Event) -> None:
        """Show the keepers on other machines that the launcher lives."""
        while not closed.wait(TICK):
            for process in list(self._processes):
                process.show_life()


def find_failure(
    processes: Sequence[Process], limits: Limits, now: float
) -> tuple[Process, str] | None:
    """Return the process that has failed, and what happened to it; or None.

    Parameters
    ----------
    processes : sequence of Process
    limits : Limits
    now : float
        By `time.monotonic`.
    """
    failed = [process for process in processes if process.code]
    if failed:
        first = min(failed, key=lambda process: process.ended)
        return first, _describe_code(first.code)
    for process in processes:
        if process.code is None and process.is_gone:
            return process, "was lost: nothing is heard of it any more"
    workers = [process for process in processes if process.task.role == "worker"]
    if any(worker.code is None for worker in workers):
        return _find_hanging(processes, limits, now)
    ended = max(worker.ended for worker in workers)
    for process in processes:
        if process.code is None and now - ended > AFTER:
            return process, f"still ran {AFTER:g} s after the last worker"
    return None


def _describe_code(code: int) -> str:
    """Return an exit code in words."""
    if code > 0:
        return f"exited with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _find_hanging(
    processes: Sequence[Process], limits: Limits, now: float
) -> tuple[Process, str] | None:
    """Return the process that keeps the others waiting, if one does."""
    workers = [p for p in processes if p.task.role == "worker" and p.code is None]
    training = [worker for worker in workers if not worker.is_finished]
    late = [p for p in training or workers if _is_late(p, limits, now)]
    for process in processes:
        if process.stopped and (late or now - process.stopped > limits.hang):
            return process, "hung: it is stopped"
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
