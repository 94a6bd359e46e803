"""A job from its plan to its end, with as many further attempts as are asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import ArgumentError, JobError
from .hosts import HERE, Host
from .plan import Task, make_plan
from .screen import Screen
from .supervisor import Interrupted, Supervisor, interruptible
from .survey import survey
from .verdict import Limits

__all__ = ["Job", "run_job"]

PAUSE = 2.0  # seconds before another attempt


class Job(NamedTuple):
    """What is to run.

    Parameters
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
        """Look at the machines, and deal the job out."""
        return make_plan(
            self.hosts,
            self.num_workers,
            self.num_servers,
            lambda counts: survey(counts, self.ssh),
        )

    def make_orders(self, resume: bool = False) -> list[tuple[Task, dict[str, Any]]]:
        """Give each task its keeper's order; `resume` is for a further attempt."""
        arguments = list(self.arguments)
        if resume and self.keeps_checkpoints and "--resume" not in arguments:
            arguments.append("--resume")
        argv = None if self.argv is None else list(self.argv)
        work = {"argv": argv, "arguments": arguments}
        return [
            (task, task.to_order(**(work if task.role == "worker" else {})))
            for task in self.make_plan()
        ]


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
    Interrupted
        If a signal ended it.
    """
    with interruptible(_raise):
        for attempt in range(job.restarts + 1):
            try:
                _run_once(job, screen, resume=attempt > 0)
                return
            except (JobError, ArgumentError) as error:
                if attempt == 0 and isinstance(error, ArgumentError):
                    raise
                if attempt == job.restarts:
                    raise JobError(str(error)) from error
                screen.say(f"{error}; attempt {attempt + 2} of {job.restarts + 1}")
            time.sleep(PAUSE)


def _run_once(job: Job, screen: Screen, resume: bool) -> None:
    """Start the job, and see it through."""
    orders = job.make_orders(resume)
    if any(not task.host.is_here for task, _ in orders):
        places = (f"{task.name} on {task.host.name}" for task, _ in orders)
        screen.say(", ".join(places))
    Supervisor(orders, job.limits, screen, job.ssh).run()


def _raise(number: int) -> None:
    """End what goes on."""
    raise Interrupted(number)
