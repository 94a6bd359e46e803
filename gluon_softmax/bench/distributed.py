"""What several processes cost on this machine, and what one costs alone.

Each network trains in jobs of 1 to 4 workers, as `launch` starts them, and in a process
without a store. Seconds are those of ordinary epochs. The share of communication comes
from epochs between these in which each exchange is waited for, so that it can be timed:
nothing else goes on meanwhile, and waiting for slower workers counts as communication.
Bytes are those of the arrays that a worker pushes and pulls.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from ..cluster.job import Job, run_job
from ..cluster.screen import Screen
from .distributed_cost import IMAGES, Cost, Run
from .environment import PACKAGE_FOLDER, last_line
from .processes import ContenderError

__all__ = ["Plan", "list_runs", "measure_distributed"]

BATCH_SIZE, LARGE_BATCH_SIZE = 256, 8192


class Plan(NamedTuple):
    """What is measured.

    Parameters
    ----------
    shared : list of Run
        By one process without a store, and by each job.
    alone : list of Run
        By one process only, for what follows for more workers.
    workers : sequence of int
        The jobs.
    epochs : int
        How many are counted, of each kind.
    """

    shared: list[Run]
    alone: list[Run]
    workers: Sequence[int]
    epochs: int


def list_runs(quick: bool = False) -> Plan:
    """List what is to be measured.

    Parameters
    ----------
    quick : bool
        Whether to leave out a job, and to train on few images, for one epoch.

    Returns
    -------
    Plan
        Softmax regression trains on all images, a slower network on fewer.
    """
    counts = {"softmax": IMAGES, "perceptron": 10_240, "convolutional": 10_240}
    large, single = 2 * LARGE_BATCH_SIZE, 512
    if quick:
        counts = dict.fromkeys(counts, 1280)
        large, single = LARGE_BATCH_SIZE, 128
    shared = [Run(name, BATCH_SIZE, count) for name, count in counts.items()]
    alone = [Run(name, LARGE_BATCH_SIZE, large) for name in counts]
    alone += [Run(name, 1, single) for name in counts]
    if quick:
        return Plan(shared, alone, (1, 2, 4), 1)
    return Plan(shared, alone, (1, 2, 3, 4), 3)


def measure_distributed(
    plan: Plan, data: str, report: Callable[[], None] = lambda: None
) -> list[Cost]:
    """Measure one process alone, then a job for each number of workers.

    Parameters
    ----------
    plan : Plan
    data : str
        As for `read_arrays`.
    report : callable, optional
        Called after each job.

    Returns
    -------
    list of Cost

    Raises
    ------
    ContenderError, JobError
        If a process fails.
    """
    costs = []
    for workers in (0, *plan.workers):
        runs = plan.shared if workers else plan.shared + plan.alone
        text = json.dumps(
            {
                "data": data,
                "runs": [asdict(run) for run in runs],
                "epochs": plan.epochs,
                "store": workers > 0,
            }
        )
        found = _run_job(text, workers) if workers else _run_alone(text)
        costs += [_make_cost(run, workers, row) for run, row in zip(runs, found)]
        report()
    return costs


class _Listener(Screen):
    """Shows nothing of a job, and keeps what its first worker prints."""

    def __init__(self):
        super().__init__()
        self.lines: list[str] = []

    def show(self, name: str, message: dict[str, Any]) -> None:
        """Keep a line."""
        if "out" in message:
            self.lines.append(message["out"])


def _command(text: str) -> list[str]:
    """Give the command of a process that finds this copy of the package."""
    code = (
        f"import sys; sys.path.insert(0, {PACKAGE_FOLDER!r}); "
        "from gluon_softmax.bench.work.sharing import main; main(sys.argv[1])"
    )
    return [sys.executable, "-c", code, text]


def _run_alone(text: str) -> list[dict]:
    """Run one process without a store."""
    done = subprocess.run(
        _command(text), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        cause = last_line(done.stderr) or f"exit code {done.returncode}"
        raise ContenderError(f"one process alone: it failed ({cause})")
    return json.loads(last_line(done.stdout))


def _run_job(text: str, workers: int) -> list[dict]:
    """Run a job with one server, as `launch` does."""
    listener = _Listener()
    run_job(Job([], workers, argv=_command(text)), listener)
    if not listener.lines:
        raise ContenderError(f"{workers} workers: the first one printed nothing")
    return json.loads(listener.lines[-1])


def _make_cost(run: Run, workers: int, row: dict) -> Cost:
    """Put together what a process found."""
    return Cost(run, workers, **row)
