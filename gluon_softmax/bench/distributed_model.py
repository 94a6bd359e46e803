"""What 2 to 1,000 workers would cost: a model of communication.

Strong scaling: the batch is fixed and shared. With W workers, S servers, P bytes of
parameters, t seconds of one process per step, f seconds of its step with one image, k
seconds for one worker to exchange with its server on this machine, L seconds of latency
and R bytes per second of a link, each way at once:

    compute(W)  = max(t / W, f)
    each_way(W) = P * W   if more than two workers fill a row each, as `SyncGroup` does
                = P       if the store adds
    exchange(W) = k + 4 L + 2 each_way(W) max(W / S, 1) / R
    step(W)     = compute(W) + exchange(W);   step(1) = t

A push, its answer, a request and the pull follow each other: four latencies. All arrays
go together; pulls begin when all pushes have arrived. A server's link carries W / S
workers' bytes, a worker's own link one's. Each process has a machine of its own; k is
what KVStore takes to copy arrays and to send messages where no link is between.

Left out is what a server takes to copy and add the arrays of further workers, what
waiting for the slowest costs, and whatever else a link carries: jobs can be expected to
be slower than this.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from ..distributed import EXACT
from .distributed_cost import IMAGES, Cost

__all__ = [
    "AS_LAUNCHED",
    "AT_BEST",
    "LINKS",
    "MOST",
    "WAYS",
    "Basis",
    "Link",
    "Way",
    "list_workers",
    "make_bases",
    "predict_compute",
    "predict_epoch",
    "predict_exchange",
]

MOST = 1000
MESSAGES = 4  # one after the other, in each step


class Link(NamedTuple):
    """A network.

    Parameters
    ----------
    name : str
    bandwidth : float
        Bytes per second, each way.
    latency : float
        Seconds, one way.
    """

    name: str
    bandwidth: float
    latency: float


class Way(NamedTuple):
    """How gradients are added up.

    Parameters
    ----------
    name : str
    servers : int or None
        As many as workers for None.
    has_rows : bool
        Whether each of more than two workers fills a row of its own.
    """

    name: str
    servers: int | None
    has_rows: bool


class Basis(NamedTuple):
    """What was measured of one process, for what follows.

    Parameters
    ----------
    network : str
    batch_size : int
    step : float
        Seconds per step of one process.
    floor : float
        Seconds of its step with one image.
    store : float
        Seconds of an exchange of one worker with its server.
    bytes : int
        Of the parameters.
    """

    network: str
    batch_size: int
    step: float
    floor: float
    store: float
    bytes: int


LINKS = (
    Link("1 Gbit/s and 100 µs", 125e6, 100e-6),
    Link("10 Gbit/s and 50 µs", 1.25e9, 50e-6),
    Link("100 Gbit/s and 5 µs", 12.5e9, 5e-6),
)
AS_LAUNCHED = Way("as launched (one server, rows)", 1, True)
AT_BEST = Way("at best (a server per worker, the store adds)", None, False)
WAYS = (AS_LAUNCHED, AT_BEST)


def make_bases(costs: Iterable[Cost]) -> list[Basis]:
    """Pick out of the measurements what the model needs.

    Parameters
    ----------
    costs : iterable of Cost
        One process with each batch size, of one image too, and a job of one worker.

    Returns
    -------
    list of Basis
        For each network and each batch size but 1.
    """
    costs = list(costs)
    alone = {(c.run.network, c.run.batch_size): c for c in costs if c.workers == 0}
    single = {c.run.network: c for c in costs if c.workers == 1}
    return [
        Basis(
            network,
            size,
            cost.step,
            alone[network, 1].step,
            single[network].exchange,
            single[network].bytes // 2,
        )
        for (network, size), cost in alone.items()
        if size > 1
    ]


def predict_compute(basis: Basis, workers: int) -> float:
    """Predict how long a worker computes in a step.

    Parameters
    ----------
    basis, workers
        As for `predict_epoch`.

    Returns
    -------
    float
        Seconds.
    """
    if workers == 1:
        return basis.step
    return max(basis.step / workers, basis.floor)


def predict_exchange(basis: Basis, workers: int, link: Link, way: Way) -> float:
    """Predict how long it takes to add up gradients.

    Parameters
    ----------
    basis, workers, link, way
        As for `predict_epoch`.

    Returns
    -------
    float
        Seconds; 0 for one process.
    """
    if workers == 1:
        return 0.0
    rows = workers if way.has_rows and workers > EXACT else 1
    crowd = max(workers / (way.servers or workers), 1)
    carrying = 2 * basis.bytes * rows * crowd / link.bandwidth
    return basis.store + MESSAGES * link.latency + carrying


def predict_epoch(basis: Basis, workers: int, link: Link, way: Way) -> float:
    """Predict how long an epoch of 60,000 images takes.

    Parameters
    ----------
    basis : Basis
    workers : int
    link : Link
    way : Way

    Returns
    -------
    float
        Seconds.
    """
    exchange = predict_exchange(basis, workers, link, way)
    step = predict_compute(basis, workers) + exchange
    return step * math.ceil(IMAGES / basis.batch_size)


def list_workers(basis: Basis) -> range:
    """Give the numbers of workers that can share a batch: each needs an image.

    Parameters
    ----------
    basis : Basis

    Returns
    -------
    range
        From 2.
    """
    return range(2, min(MOST, basis.batch_size) + 1)
