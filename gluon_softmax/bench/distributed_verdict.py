"""Where one process is the better choice, said in sentences."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .distributed_cost import Cost
from .distributed_model import (
    LINKS,
    WAYS,
    Basis,
    Link,
    Way,
    list_workers,
    make_bases,
    predict_epoch,
)

__all__ = [
    "NOTE",
    "Gain",
    "describe_sharing",
    "find_gain",
    "judge_measured",
    "judge_modelled",
]

NOTE = (
    "the model favours jobs: it leaves out a server's work for further workers, "
    "waiting for the slowest, and whatever else a link carries"
)


class Gain(NamedTuple):
    """Which numbers of workers are faster than one process.

    Parameters
    ----------
    least, most, best : int
        The fewest, the most, and the fastest.
    ratio : float
        How many times as fast the best is.
    """

    least: int
    most: int
    best: int
    ratio: float


def find_gain(basis: Basis, link: Link, way: Way) -> Gain | None:
    """Find where several processes are faster than one, by the model.

    Parameters
    ----------
    basis : Basis
    link : Link
    way : Way

    Returns
    -------
    Gain or None
        None where one process is faster at any number of workers.
    """
    alone = predict_epoch(basis, 1, link, way)
    epochs = {n: predict_epoch(basis, n, link, way) for n in list_workers(basis)}
    faster = [workers for workers, seconds in epochs.items() if seconds < alone]
    if not faster:
        return None
    best = min(epochs, key=epochs.get)
    return Gain(faster[0], faster[-1], best, alone / epochs[best])


def judge_modelled(costs: Iterable[Cost]) -> Iterator[str]:
    """Say for each network, batch size and way where one process is the better choice.

    Parameters
    ----------
    costs : iterable of Cost

    Yields
    ------
    str
        A sentence.
    """
    for basis in make_bases(costs):
        for way in WAYS:
            where = [
                _describe(find_gain(basis, link, way), list_workers(basis))
                for link in LINKS
            ]
            places = [f"{text} over {link.name}" for text, link in zip(where, LINKS)]
            if len(set(where)) == 1:
                places = [f"{where[0]} over each of the links"]
            yield (
                f"{basis.network}, batches of {basis.batch_size:,}, {way.name}: by "
                f"the model one process is the better choice {'; '.join(places)}"
            )


def _describe(gain: Gain | None, workers: range) -> str:
    """Say beside which numbers of workers one process is faster."""
    if gain is None:
        return "at any number of workers"
    slower = []
    if gain.least > workers[0]:
        slower.append(f"below {gain.least:,} workers")
    if gain.most < workers[-1]:
        slower.append(f"from {gain.most + 1:,} workers on")
    return " and ".join(slower) or f"at no number of workers up to {workers[-1]:,}"


def judge_measured(costs: Iterable[Cost]) -> Iterator[str]:
    """Say for each network whether several processes were faster on this machine.

    Parameters
    ----------
    costs : iterable of Cost

    Yields
    ------
    str
        A sentence.
    """
    costs = list(costs)
    jobs = [cost for cost in costs if cost.workers > 1]
    for run in dict.fromkeys(cost.run for cost in jobs):
        alone = next(c for c in costs if c.run == run and c.workers == 0)
        best = min((c for c in jobs if c.run == run), key=lambda cost: cost.epoch)
        choice = "one process is"
        if best.epoch < alone.epoch:
            choice = f"{best.workers} workers are"
        yield (
            f"{run.network}, measured here: one process {alone.epoch:.2f} s per epoch, "
            f"the fastest job {best.epoch:.2f} s with {best.workers} workers: "
            f"{choice} the better choice"
        )


def describe_sharing(costs: Iterable[Cost]) -> str:
    """Say which jobs had more workers than there are cores; empty if none had.

    Parameters
    ----------
    costs : iterable of Cost

    Returns
    -------
    str
    """
    cores = len(os.sched_getaffinity(0))
    crowded = sorted({cost.workers for cost in costs if cost.workers > cores})
    if not crowded:
        return ""
    names = " and ".join(map(str, crowded))
    unit = "core" if cores == 1 else "cores"
    return f"{names} workers share {cores} {unit} here, with their server"
