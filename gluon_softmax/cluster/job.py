"""A job from its plan to its end, with as many further attempts as are asked for."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from .. import __version__
from ..errors import ArgumentError, JobError
from .hosts import HERE, Host, python_command
from .plan import Task, make_plan
from .screen import Screen
from .supervisor import Limits, Supervisor

__all__ = ["Job", "run_job"]

PAUSE = 2.0  # seconds before another attempt
SILENCE = 6.0  # seconds until a keeper elsewhere takes the launcher for lost


class Job(NamedTuple):
    """What is to run.

    Attributes
    ----------
    arguments : sequence of str
        Of `gluon-softmax`, for each worker.
    num_workers, num_servers : int
    hosts : sequence of Host
    ssh : sequence of str
        The program, with options.
    limits : Limits
    restarts : int
        How many further attempts there may be.
    argv : sequence of str or None
        A worker's whole command, in place of `gluon-softmax` with `arguments`.
    """

    arguments: Sequence[str]
    num_workers: int = 1
    num_servers: int = 1
    hosts: Sequence[Host] = (HERE,)
    ssh: Sequence[str] = ("ssh",)
    limits: Limits = Limits()
    restarts: int = 0
    argv: Sequence[str] | None = None

    @property
    def keeps_checkpoints(self) -> bool:
        """Whether there is anything to go on from."""
        names = (argument.partition("=")[0] for argument in self.arguments)
        return "--checkpoint" in names

    def make_plan(self) -> list[Task]:
        """List the tasks of the job."""
        return make_plan(self.hosts, self.num_workers, self.num_servers, self.ssh)

    def make_orders(self, resume: bool = False) -> list[tuple[Task, dict[str, Any]]]:
        """Return each task with its keeper's order.

        Parameters
        ----------
        resume : bool, optional
            Whether to go on from the last checkpoint, if the job keeps any.
        """
        arguments = list(self.arguments)
        if resume and self.keeps_checkpoints and "--resume" not in arguments:
            arguments.append("--resume")
        return [(task, self._make_order(task, arguments)) for task in self.make_plan()]

    def _make_order(self, task: Task, arguments: Sequence[str]) -> dict[str, Any]:
        """Return the order for the keeper of a task."""
        argv = python_command(task.host, "commands.role")
        if task.role == "worker":
            argv = self.argv or [*argv, *arguments]
        return {
            "version": __version__,
            "argv": argv,
            "variables": task.variables,
            "folder": os.getcwd(),
            "silence": None if task.host.is_here else SILENCE,
        }


def run_job(job: Job, screen: Screen) -> None:
    """Run a job.

    Parameters
    ----------
    job : Job
    screen : Screen

    Raises
    ------
    ArgumentError
        If it cannot be started so.
    JobError
        If it failed, and so did the further attempts.
    """
    for attempt in range(job.restarts + 1):
        try:
            orders = job.make_orders(resume=attempt > 0)
            Supervisor(orders, job.limits, screen, job.ssh).run()
            return
        except (JobError, ArgumentError) as error:
            if attempt == 0 and isinstance(error, ArgumentError):
                raise
            if attempt == job.restarts:
                raise JobError(str(error)) from error
            screen.say(f"{error}; attempt {attempt + 2} of {job.restarts + 1}")
        time.sleep(PAUSE)
