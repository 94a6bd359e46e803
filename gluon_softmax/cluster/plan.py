"""Which process of a job runs where, and under which variables."""

from __future__ import annotations

import random
import socket
import subprocess
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import chain, cycle, islice
from typing import NamedTuple

from ..errors import ArgumentError
from .hosts import Host

__all__ = ["Task", "find_addresses", "find_ports", "make_plan"]

LOOPBACK = "127.0.0.1"
QUIET_PORTS = range(20_000, 32_000)
"""Below those that Linux gives to connections; hardly a service listens there."""


class Task(NamedTuple):
    """A process of a job.

    Attributes
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


def make_plan(
    hosts: Sequence[Host],
    num_workers: int,
    num_servers: int,
    ssh: Sequence[str] = ("ssh",),
) -> list[Task]:
    """List the tasks of a job.

    Parameters
    ----------
    hosts : sequence of Host
    num_workers, num_servers : int
    ssh : sequence of str, optional

    Returns
    -------
    list of Task
        The scheduler, the servers, the workers.

    Raises
    ------
    ArgumentError
        If there is no place for so many workers, or no way to a machine.
    """
    places = {
        "scheduler": [hosts[0]],
        "server": list(islice(cycle(hosts), num_servers)),
        "worker": deal_workers(hosts, num_workers),
    }
    counts = Counter(chain.from_iterable(places.values()))
    addresses = find_addresses(list(counts), ssh)
    ports = {h: iter(find_ports(h, addresses[h], counts[h])) for h in counts}
    ends = {
        role: [(host, addresses[host], next(ports[host])) for host in places[role]]
        for role in places
    }
    ((_, address, port),) = ends["scheduler"]
    common = {
        "DMLC_PS_ROOT_URI": address,
        "DMLC_PS_ROOT_PORT": str(port),
        "DMLC_NUM_WORKER": str(num_workers),
        "DMLC_NUM_SERVER": str(num_servers),
    }
    return [
        Task(role, number, host, {**common, **_list_own(role, address, port)})
        for role in places
        for number, (host, address, port) in enumerate(_sort_as_kvstore(ends[role]))
    ]


def deal_workers(hosts: Sequence[Host], count: int) -> list[Host]:
    """Return a machine for each worker: in turn, to none more than it takes."""
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


def _list_own(role: str, address: str, port: int) -> dict[str, str]:
    """Return the variables that differ from process to process."""
    # PORT is ps-lite's name; it takes any port if it is not given one.
    return {"DMLC_ROLE": role, "DMLC_NODE_HOST": address, "PORT": str(port)}


def _sort_as_kvstore(ends: list[tuple[Host, str, int]]) -> list[tuple[Host, str, int]]:
    """Return processes in the order in which ps-lite's scheduler numbers them.

    It sorts what connects by address, as text and backwards, then by port. Knowing
    that, a line can be called by its worker's rank before the worker is connected.
    """
    by_port = sorted(ends, key=lambda end: end[2])
    return sorted(by_port, key=lambda end: end[1], reverse=True)


def find_addresses(hosts: Sequence[Host], ssh: Sequence[str]) -> dict[Host, str]:
    """Return for each machine the address at which the others reach it.

    Raises
    ------
    ArgumentError
        If that of another machine is not known here.
    """
    others = {h: h.address or _look_up(h, ssh) for h in hosts if not h.is_here}
    own = _address_towards(next(iter(others.values()))) if others else LOOPBACK
    return {host: others.get(host) or host.address or own for host in hosts}


def _look_up(host: Host, ssh: Sequence[str]) -> str:
    """Return the address of the name that ssh's settings give to a machine."""
    name = host.name
    try:
        command = [*ssh, "-G", "--", name]
        settings = subprocess.run(command, capture_output=True, text=True).stdout
        rows = (line.partition(" ") for line in settings.splitlines())
        name = next((value for key, _, value in rows if key == "hostname"), name)
        return socket.gethostbyname(name)
    except OSError as error:
        raise ArgumentError(
            f"expected an address of {host.name}, found none for {name!r} "
            f"({error.strerror}): give address= in the hosts file"
        ) from error


def _address_towards(address: str) -> str:
    """Return this machine's address on the network that leads to another's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unsent:
        try:
            unsent.connect((address, 9))  # chooses the way; nothing is sent
        except OSError as error:
            raise ArgumentError(
                f"expected a network that leads to {address}, found none "
                f"({error.strerror}): correct address= in the hosts file"
            ) from error
        return unsent.getsockname()[0]


def find_ports(host: Host, address: str, count: int) -> list[int]:
    """Return so many ports, ascending, where nobody listens: elsewhere most likely.

    Raises
    ------
    ArgumentError
        If the address is to be this machine's, and is not.
    """
    if not host.is_here:
        return sorted(random.SystemRandom().sample(QUIET_PORTS, count))
    try:
        with ExitStack() as stack:
            sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
            for one in sockets:
                one.bind((address, 0))
            return sorted(one.getsockname()[1] for one in sockets)
    except OSError as error:
        raise ArgumentError(
            f"expected address={address} of {host.name} to be this machine's, found "
            f"that it is not ({error.strerror}): correct the hosts file"
        ) from error
