"""Which process of a job runs where, and under which variables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import ArgumentError
from .hosts import Host
from .survey import Site

__all__ = ["Task", "make_plan"]

Look = Callable[[Mapping[Host, int]], Mapping[Host, Site]]


class Task(NamedTuple):
    """A process of a job.

    Parameters
    ----------
    role : str
        'scheduler', 'server' or 'worker'.
    number : int
        Among those of its role; KVStore's rank, for a worker.
    host : Host
    variables : dict of str to str
    """

    role: str
    number: int
    host: Host
    variables: dict[str, str]

    @property
    def name(self) -> str:
        """What to call it."""
        return self.role if self.role == "scheduler" else f"{self.role} {self.number}"

    def to_order(self, **settings: Any) -> dict[str, Any]:
        """Say to a keeper what to run; `settings` are further parts of its order."""
        return {"argv": None, "arguments": [], "variables": self.variables, **settings}


def make_plan(
    hosts: Sequence[Host], num_workers: int, num_servers: int, look: Look
) -> list[Task]:
    """Deal out a job.

    Parameters
    ----------
    hosts : sequence of Host
    num_workers, num_servers : int
    look : callable
        Takes how many ports each machine needs, gives a `Site` of each.

    Returns
    -------
    list of Task
        The scheduler, the servers, the workers.

    Raises
    ------
    ArgumentError
        If there is no place for so many workers.
    """
    workers = deal_workers(hosts, num_workers)
    servers = [hosts[i % len(hosts)] for i in range(num_servers)]
    counts = Counter([hosts[0], *servers, *workers])
    sites = look({host: counts[host] for host in hosts if counts[host]})
    left = {host: list(site.ports) for host, site in sites.items()}
    root = sites[hosts[0]].address, left[hosts[0]].pop(0)
    common = {
        "DMLC_PS_ROOT_URI": root[0],
        "DMLC_PS_ROOT_PORT": str(root[1]),
        "DMLC_NUM_WORKER": str(num_workers),
        "DMLC_NUM_SERVER": str(num_servers),
    }
    plan = [_task("scheduler", 0, hosts[0], *root, common)]
    for role, places in (("server", servers), ("worker", workers)):
        taken = [(host, sites[host].address, left[host].pop(0)) for host in places]
        plan += [
            _task(role, number, *place, common)
            for number, place in enumerate(number_as_kvstore_does(taken))
        ]
    return plan


def _task(
    role: str, number: int, host: Host, address: str, port: int, common: dict[str, str]
) -> Task:
    """Make a task with all its variables."""
    own = {"DMLC_ROLE": role, "DMLC_NODE_HOST": address}
    if role != "scheduler":
        own["PORT"] = str(port)  # ps-lite's name for it; it takes any if not given
    return Task(role, number, host, {**common, **own})


def deal_workers(hosts: Sequence[Host], count: int) -> list[Host]:
    """Deal workers out over the machines in turn, to none more than it takes.

    Parameters
    ----------
    hosts : sequence of Host
    count : int

    Returns
    -------
    list of Host

    Raises
    ------
    ArgumentError
        If there are too few slots.
    """
    dealt: list[Host] = []
    while len(dealt) < count:
        taken = Counter(dealt)
        free = [h for h in hosts if h.slots is None or taken[h] < h.slots]
        if not free:
            raise ArgumentError(
                f"expected slots for {count} workers in the hosts file, "
                f"found {len(dealt)}: raise slots=, or lower -n"
            )
        dealt += free[: count - len(dealt)]
    return dealt


def number_as_kvstore_does(
    places: Sequence[tuple[Host, str, int]],
) -> list[tuple[Host, str, int]]:
    """Order processes as ps-lite's scheduler numbers them.

    It sorts what connects by address, as text and backwards, then by port. Knowing
    that, a line can be called by its worker's rank before the worker is connected.

    Parameters
    ----------
    places : sequence of (host, address, port)

    Returns
    -------
    list of (host, address, port)
    """
    by_port = sorted(places, key=lambda place: place[2])
    return sorted(by_port, key=lambda place: place[1], reverse=True)
