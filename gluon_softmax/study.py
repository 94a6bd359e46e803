"""Many trainings that differ in a few settings: run, kept, summed up.

The file of a study holds every finished run, so that a study that was broken off goes
on where it was.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from .atomic import write_json
from .errors import ArgumentError
from .experiments import Experiment
from .history import History
from .json_data import read_json

QUOTES = "'\""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")

__all__ = [
    "Run",
    "Study",
    "choose_processes",
    "format_summary",
    "list_differences",
    "list_experiments",
    "run_all",
    "summarise",
]


@dataclass(frozen=True)
class Run:
    """A finished experiment."""

    experiment: Experiment
    history: History


def list_experiments(
    options: Mapping[str, Sequence], num_seeds: int
) -> list[Experiment]:
    """List every combination of some settings, for several seeds.

    Parameters
    ----------
    options : mapping of str to sequence
        The values of each setting of `Experiment` that is not to be the usual one.
    num_seeds : int
        How many seeds, from 0.

    Returns
    -------
    list of Experiment

    Examples
    --------
    >>> experiments = list_experiments({"momentum": [0, 0.9], "lr": [0.01, 0.1]}, 3)
    >>> len(experiments)
    12
    """
    return [
        Experiment(**dict(zip(options, values)), seed=seed)
        for values in itertools.product(*options.values())
        for seed in range(num_seeds)
    ]


class Study:
    """The runs of a study, in a file.

    Parameters
    ----------
    path : path
        A JSON file; read if it is there, and written again after each run.
    experiments : list of Experiment
        What the study consists of.

    Raises
    ------
    ArgumentError
        If the file is no study's, or holds runs that are not among the experiments.
    """

    def __init__(self, path: str | os.PathLike[str], experiments: list[Experiment]):
        self.path, self.experiments = Path(path), experiments
        self.runs = self._read()
        others = [found for found in self.runs if found not in set(experiments)]
        if others:
            raise ArgumentError(
                f"{self.path} is of another study, with {_describe(others[0])}: "
                "repeat its options, or name another folder with --output"
            )

    def missing(self) -> list[Experiment]:
        """List what is still to be run."""
        return [found for found in self.experiments if found not in self.runs]

    def add(self, run: Run) -> None:
        """Keep a run, and write the file."""
        self.runs[run.experiment] = run
        write_json({"runs": [_to_dict(run) for run in self.finished()]}, self.path)

    def finished(self) -> list[Run]:
        """List the finished runs in the order of the experiments."""
        return [self.runs[found] for found in self.experiments if found in self.runs]

    def _read(self) -> dict[Experiment, Run]:
        """Read the file, if there is one."""
        if not self.path.exists():
            return {}
        try:
            runs = [_from_dict(run) for run in read_json(self.path)["runs"]]
            return {run.experiment: run for run in runs}
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ArgumentError(
                f"{self.path} is not the file of a study ({error!r:.300}): delete it, "
                "or name another folder with --output"
            ) from error


def run_all(
    experiments: Iterable[Experiment],
    run: Callable[[Experiment], History],
    num_processes: int = 1,
) -> Iterator[Run]:
    """Run experiments, one after the other or some at a time.

    Parameters
    ----------
    experiments : iterable of Experiment
    run : callable
        Runs one; has to be importable where there are several processes.
    num_processes : int
        How many at a time.

    Yields
    ------
    Run
        Each as soon as it is finished.
    """
    if num_processes == 1:
        for experiment in experiments:
            yield Run(experiment, run(experiment))
        return
    processes = ProcessPoolExecutor(num_processes, get_context("spawn"))
    try:
        with _one_thread_each():
            tasks = {processes.submit(run, found): found for found in experiments}
        for task in as_completed(tasks):
            yield Run(tasks[task], task.result())
    finally:
        processes.shutdown(cancel_futures=True)


def choose_processes(experiments: Iterable[Experiment]) -> int:
    """Say how many trainings at a time are fastest.

    NumPy alone leaves cores idle; MXNet computes on one core while Python reads the
    next batches on another, so that a second training gains nothing.

    Parameters
    ----------
    experiments : iterable of Experiment

    Returns
    -------
    int
    """
    by_hand = all(experiment.model == "numpy" for experiment in experiments)
    return len(os.sched_getaffinity(0)) if by_hand else 1


def summarise(runs: Iterable[Run], target: float) -> list[dict]:
    """Sum up runs that differ in their seed alone.

    Parameters
    ----------
    runs : iterable of Run
    target : float
        An accuracy; the summary says in which epoch it was reached.

    Returns
    -------
    list of dict
        For each experiment the settings in which it differs from others, and of each
        figure ``[mean, standard deviation]`` over the seeds.
    """
    runs = list(runs)
    groups: dict[Experiment, list[History]] = {}
    for run in runs:
        groups.setdefault(replace(run.experiment, seed=0), []).append(run.history)
    names = list_differences(groups)
    return [
        {
            "settings": {name: getattr(experiment, name) for name in names},
            "seeds": len(histories),
            **_average([_read_figures(history, target) for history in histories]),
        }
        for experiment, histories in groups.items()
    ]


def list_differences(experiments: Iterable[Experiment]) -> list[str]:
    """Name the settings in which experiments differ; the momentum if in none."""
    experiments = list(experiments)
    names = [field.name for field in fields(Experiment) if field.name != "seed"]
    return [
        name
        for name in names
        if len({getattr(found, name) for found in experiments}) > 1
    ] or ["momentum"]


def format_summary(summary: list[dict]) -> list[str]:
    """Lay a summary out as a table in Markdown."""
    settings = list(summary[0]["settings"])
    figures = [name for name in FIGURES if any(row[name] for row in summary)]
    lines = [
        _row([*settings, "seeds", *figures]),
        _row(["---"] * (len(settings) + 1 + len(figures))),
    ]
    for row in summary:
        cells = [str(value) for value in row["settings"].values()]
        cells += [str(row["seeds"]), *(_format(row[name]) for name in figures)]
        lines.append(_row(cells))
    return lines


FIGURES = (
    "loss",
    "train acc",
    "valid acc",
    "test acc",
    "epochs to target",
    "seconds",
)


def _read_figures(history: History, target: float) -> dict[str, float | None]:
    """Take the figures of one run."""
    last = history[-1]
    held_out = [
        epoch.test_acc if epoch.valid_acc is None else epoch.valid_acc
        for epoch in history
    ]
    reached = [number for number, found in enumerate(held_out, 1) if found >= target]
    values = (last.loss, last.train_acc, last.valid_acc, last.test_acc)
    seconds = sum(history.column("seconds"))
    return dict(zip(FIGURES, (*values, reached[0] if reached else None, seconds)))


def _average(figures: list[dict[str, float | None]]) -> dict[str, list[float] | None]:
    """Give mean and standard deviation of each figure; None where one is missing."""
    averages = {}
    for name in FIGURES:
        values = [found[name] for found in figures]
        averages[name] = None
        if None not in values:
            averages[name] = [float(np.mean(values)), _deviation(values)]
    return averages


def _deviation(values: list[float]) -> float:
    """Compute the standard deviation of a sample; 0 for a single value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _format(figure: list[float] | None) -> str:
    """Write mean and standard deviation."""
    return "not reached" if figure is None else f"{figure[0]:.4g} ± {figure[1]:.2g}"


def _row(cells: list[str]) -> str:
    """Write a row in Markdown."""
    return f"| {' | '.join(cells)} |"


def _describe(experiment: Experiment) -> str:
    """Name an experiment's settings in a line."""
    return ", ".join(
        f"{name} {repr(value).strip(QUOTES):.40}"  # read from a file: of any length
        for name, value in experiment.to_dict().items()
    )


def _to_dict(run: Run) -> dict:
    """Give a run as plain data."""
    return {"experiment": run.experiment.to_dict(), "history": run.history.to_list()}


def _from_dict(run: dict) -> Run:
    """Take a run from plain data."""
    return Run(Experiment(**run["experiment"]), History.from_list(run["history"]))


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that start here compute with one thread, and leave other cores."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
