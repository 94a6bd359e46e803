"""Runs a job once: starts its processes, watches them, and leaves none of them."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import ArgumentError, JobError
from .plan import Task
from .process import Process
from .screen import Screen
from .verdict import Limits, find_failure

__all__ = ["Interrupted", "Supervisor", "interruptible"]

TICK = 1.0  # seconds from one sign of the launcher's life to the next
REMOTE_SILENCE = 6.0  # seconds until a keeper elsewhere takes the launcher for lost
GRACE = 1.4  # seconds that workers have to write a checkpoint
CLOSING = 2.0  # seconds until keepers that do not end by themselves are killed
CLOSING_AFTER_GRACE = 0.4
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal came that is to end the job.

    Parameters
    ----------
    number : int
        Of the signal.
    """

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


@contextmanager
def interruptible(act) -> Iterator[None]:
    """Let the signals that end a program call `act` with their number.

    Parameters
    ----------
    act : callable

    A signal that is ignored, as under nohup, stays so; in another thread than the main
    one nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, old in before.items():
        if old is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: act(number))
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


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
        self._orders, self._limits, self._screen, self._ssh = (
            orders,
            limits,
            screen,
            ssh,
        )
        self._events: queue.SimpleQueue = queue.SimpleQueue()
        self._processes: list[Process] = []
        self._signals: list[int] = []
        self._done_at: float | None = None

    def run(self) -> None:
        """Run the job to its end.

        Raises
        ------
        JobError
            If a process failed; the others have been ended.
        ArgumentError
            If it did so because of its arguments.
        Interrupted
            If a signal came; all have been ended.
        """
        closed = threading.Event()
        threading.Thread(target=self._tick, args=[closed], daemon=True).start()
        with interruptible(self._signals.append):
            try:
                for task, order in self._orders:
                    self._start(task, order)
                while not all(process.is_gone for process in self._processes):
                    self._look()
            finally:
                self._end()
                closed.set()

    def _start(self, task: Task, order: Mapping[str, Any]) -> None:
        """Start a process."""
        has_bar = (task.role, task.number) == ("worker", 0)
        order = {
            "folder": os.getcwd(),
            "silence": None if task.host.is_here else REMOTE_SILENCE,
            "terminal": self._screen.size if has_bar else None,
            **order,
        }
        self._processes.append(Process(task, order, self._events, self._ssh))

    def _look(self) -> None:
        """Take in what has happened; raise an error if that is the end."""
        self._wait(0.1)
        if self._signals:
            self._stop_gently()
            raise Interrupted(self._signals[0])
        now = time.monotonic()
        failure = find_failure(self._processes, self._limits, now)
        failure = failure or self._find_left_over(now)
        if failure:
            process, reason = failure
            self._wait(0.1)  # its last lines may be under way
            # A worker's own word for bad input is 2: trying again would not help.
            kind = ArgumentError if process.code == 2 else JobError
            raise kind(
                f"{process.name} on {process.task.host.name} {reason}; "
                f"{process.quote()}"
            )

    def _wait(self, seconds: float) -> None:
        """Take in messages for so many seconds, or until none came for as long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                process, message = self._events.get(timeout=seconds)
            except queue.Empty:
                return
            process.take_in(message)
            if message:
                self._screen.show(process.name, message)

    def _find_left_over(self, now: float) -> tuple[Process, str] | None:
        """Look for a scheduler or server that does not end with the workers."""
        workers = [p for p in self._processes if p.task.role == "worker"]
        left = [p for p in self._processes if p.code is None]
        if self._done_at is None and all(p.code == 0 for p in workers):
            self._done_at = now
        if self._done_at is None or not left:
            return None
        if now - self._done_at <= self._limits.after:
            return None
        return left[0], (
            f"still ran {self._limits.after:g} s after the last worker: "
            "does the command train with --kvstore?"
        )

    def _stop_gently(self) -> None:
        """Let the workers write what they want to keep."""
        until = time.monotonic() + GRACE
        workers = [p for p in self._processes if p.task.role == "worker"]
        for worker in workers:
            worker.send({"stop": GRACE})
        while time.monotonic() < until and len(self._signals) < 2:
            if all(worker.code is not None for worker in workers):
                return
            self._wait(0.05)

    def _end(self) -> None:
        """End what still runs, and wait until it is gone."""
        for process in self._processes:
            process.send({"stop": 0})
        closing = CLOSING_AFTER_GRACE if self._signals else CLOSING
        until = time.monotonic() + closing
        while time.monotonic() < until:
            if all(process.is_gone for process in self._processes):
                break
            self._wait(0.02)
        for process in self._processes:
            process.close(max(until - time.monotonic(), 0))

    def _tick(self, closed: threading.Event) -> None:
        """Show the keepers on other machines that the launcher lives."""
        while not closed.wait(TICK):
            for process in list(self._processes):
                process.send({})
