"""Where one process is the better choice, said in sentences."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .distributed import Cost
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

__all__ = ["Gain", "describe_sharing", "find_gain", "judge_measured", "judge_modelled"]


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

    def __str__(self) -> str:
        workers = f"{self.least:,}"
        if self.most > self.least:
            workers += f" to {self.most:,}"
        return f"{workers} workers (best: {self.best:,}, {self.ratio:.1f} times)"


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
    """Say for each network and way where one process is the better choice.

    Parameters
    ----------
    costs : iterable of Cost

    Yields
    ------
    str
        A sentence.
    """
    bases = make_bases(costs)
    for network in dict.fromkeys(basis.network for basis in bases):
        for way in WAYS:
            gains = (
                (f"batches of {basis.batch_size:,} over {link.name}", gain)
                for basis in bases
                for link in LINKS
                if basis.network == network
                and (gain := find_gain(basis, link, way)) is not None
            )
            listed = "; ".join(f"{where}, {gain}" for where, gain in gains)
            yield f"{network}, by the model, {way.name}: " + (
                f"one process is the better choice except with {listed}"
                if listed
                else "one process is the better choice at any number of workers"
            )


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
    return f"{names} workers share {cores} {unit} here"
