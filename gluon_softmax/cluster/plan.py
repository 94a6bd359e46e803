"""Which process of a job runs where, and under which variables."""

from __future__ import annotations

import random
import socket
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address
from itertools import cycle, islice
from typing import NamedTuple

from ..errors import ArgumentError
from .hosts import Host

__all__ = ["Task", "describe_listening", "find_addresses", "find_port", "make_plan"]

LOOPBACK = "127.0.0.1"
QUIET_PORTS = range(20_000, 32_000)
"""Below those that Linux gives to connections; hardly a service listens there."""


class Task(NamedTuple):
    """A process of a job."""

    role: str  # 'scheduler', 'server' or 'worker'
    number: int  # among those of its role; for a worker, KVStore's rank once it is told
    host: Host
    variables: dict[str, str]

    @property
    def name(self) -> str:
        """What to call it."""
        return self.role if self.role == "scheduler" else f"{self.role} {self.number}"


def make_plan(
    hosts: Sequence[Host], num_workers: int, num_servers: int, ssh: Sequence[str]
) -> list[Task]:
    """List the scheduler, the servers and the workers of a job.

    Raises
    ------
    ArgumentError
        If there is no place for so many workers, or no way to a machine.
    """
    servers = islice(cycle(hosts), num_servers)
    workers = _deal_workers(hosts, num_workers)
    places = [("scheduler", 0, hosts[0])]
    places += [("server", number, host) for number, host in enumerate(servers)]
    places += [("worker", number, host) for number, host in enumerate(workers)]
    addresses = find_addresses(dict.fromkeys(host for _, _, host in places), ssh)
    common = {
        "DMLC_PS_ROOT_URI": addresses[hosts[0]],
        "DMLC_PS_ROOT_PORT": str(find_port(addresses[hosts[0]])),
        "DMLC_NUM_WORKER": str(num_workers),
        "DMLC_NUM_SERVER": str(num_servers),
    }
    tasks = []
    for role, number, host in places:
        own = {"DMLC_ROLE": role, "DMLC_NODE_HOST": addresses[host]}
        tasks.append(Task(role, number, host, {**common, **own}))
    return tasks


def describe_listening(tasks: Iterable[Task]) -> list[str]:
    """List what to know of the addresses that a job listens on: none on loopback."""
    found = {task.variables["DMLC_NODE_HOST"]: task.host.name for task in tasks}
    found.pop(LOOPBACK, None)
    places = [f"{address} ({name})" for address, name in found.items()]
    lines = [f"the job listens on {', '.join(places)}"] if found else []
    for address, place in zip(found, places):
        if IPv4Address(address).is_global:
            lines.append(
                f"{place} is public, and who reaches a port owns the job: name a "
                "private network's by address= in the hosts file, or close it off"
            )
    return lines


def _deal_workers(hosts: Sequence[Host], count: int) -> list[Host]:
    """Return a machine for each worker: in turn, to none more than it takes."""
    turns = range(count)
    free = [h for turn in turns for h in hosts if h.slots is None or turn < h.slots]
    if len(free) < count:
        raise ArgumentError(
            f"expected slots for {count} workers in the hosts file, found {len(free)}: "
            "raise slots=, or lower -n"
        )
    return free[:count]


def find_addresses(hosts: Iterable[Host], ssh: Sequence[str]) -> dict[Host, str]:
    """Return for each machine the address at which the others reach it."""
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


def find_port(address: str) -> int:
    """Return a port where nobody listens: of another machine, most likely."""
    with suppress(OSError), socket.socket() as unused:
        unused.bind((address, 0))
        return unused.getsockname()[1]
    return random.SystemRandom().choice(QUIET_PORTS)
