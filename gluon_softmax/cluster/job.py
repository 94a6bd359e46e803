"""A job: starts its processes, watches them, tries again, and leaves none of them."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TextIO

from ..errors import ArgumentError, JobError
from ..storage.processes import python_command
from .failure import Limits, find_failure
from .hosts import HERE, Host
from .plan import Task, describe_listening, make_plan
from .process import Process

__all__ = ["Job", "print_line", "run_job"]

PAUSE = 2.0
"""Seconds before another attempt."""
TICK = 1.0
"""Seconds from one sign of the launcher's life to the next."""
CLOSING = 2.0
"""Seconds until keepers that do not end by themselves are killed."""

Show = Callable[[str, TextIO], None]


class Job(NamedTuple):
    """What is to run, where, and how often it may be tried."""

    arguments: Sequence[str]  # of gluon-softmax, for each worker
    num_workers: int = 1
    num_servers: int = 1
    hosts: Sequence[Host] = (HERE,)
    ssh: Sequence[str] = ("ssh",)  # the program, with options
    limits: Limits = Limits()
    restarts: int = 0  # further attempts

    @property
    def keeps_checkpoints(self) -> bool:
        """Whether there is anything to resume."""
        names = (argument.partition("=")[0] for argument in self.arguments)
        return "--checkpoint" in names

    def make_plan(self) -> list[Task]:
        """List the tasks of the job."""
        return make_plan(self.hosts, self.num_workers, self.num_servers, self.ssh)

    def make_command(self, task: Task, resume: bool) -> list[str]:
        """Return the command of a task, which may be to resume, if it can."""
        arguments = list(self.arguments) if task.role == "worker" else []
        if arguments and resume and self.keeps_checkpoints:
            arguments.append("--resume")
        return python_command("commands.role", *arguments, python=task.host.python)


def print_line(line: str, stream: TextIO) -> None:
    """Print a line, if anybody reads it."""
    with suppress(BrokenPipeError):
        print(line, file=stream, flush=True)


def run_job(job: Job, show: Show = print_line) -> None:
    """Run a job to its end, with as many further attempts as it may have.

    Raises
    ------
    ArgumentError
        If it cannot be started so, or a worker says that of its arguments.
    JobError
        If it failed, and so did the further attempts; nothing of it is left.
    """
    for attempt in range(1, job.restarts + 2):
        try:
            _Attempt(job, show).run(resume=attempt > 1)
            return
        except (ArgumentError, JobError) as error:
            is_mistake = attempt == 1 and isinstance(error, ArgumentError)
            if is_mistake or attempt > job.restarts:
                raise
            line = f"{error}; attempt {attempt + 1} of {job.restarts + 1}"
            show(f"gluon-softmax: {line}", sys.stderr)
        time.sleep(PAUSE)


class _Attempt:
    """Runs a job once."""

    def __init__(self, job: Job, show: Show):
        self._job, self._show = job, show
        self._events: queue.SimpleQueue = queue.SimpleQueue()
        self._processes: list[Process] = []

    def run(self, resume: bool) -> None:
        """Run the job to its end, or to the first failure, and end what is left."""
        closed = threading.Event()
        threading.Thread(target=self._show_life, args=[closed], daemon=True).start()
        try:
            tasks = self._job.make_plan()
            for line in describe_listening(tasks):
                self._show(f"gluon-softmax: {line}", sys.stderr)
            for task in tasks:
                command = self._job.make_command(task, resume)
                process = Process(task, command, self._job.ssh, self._events)
                self._processes.append(process)
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
            self._show_lines(process.task.name, message or {})

    def _show_lines(self, name: str, message: Mapping[str, Any]) -> None:
        """Show what a process has printed, under its name."""
        for kind, stream in (("out", sys.stdout), ("err", sys.stderr)):
            if kind in message:
                self._show(f"{name} | {message[kind]}", stream)

    def _check(self) -> None:
        """Raise an error if a process has failed."""
        failure = find_failure(self._processes, self._job.limits, time.monotonic())
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

    def _show_life(self, closed: threading.Event) -> None:
        """Show the keepers on other machines that the launcher lives."""
        while not closed.wait(TICK):
            for process in list(self._processes):
                process.show_life()
