"""The machines of a job, and how a Python is started on each.

A hosts file has one machine per line, as ssh knows it, with options behind the name::

    # name      options
    localhost   slots=2
    gpu-1       slots=4 address=10.0.0.2
    gpu-2       python=/opt/venv/bin/python

`slots` is the most workers it takes (default: any number), `address` the IPv4 address
at which the others reach it (default: what ssh takes its name for), `python` the
interpreter there (default: the path of the launcher's own). The scheduler runs on the
first machine; servers and workers are dealt out in turn, beginning with the first.
"""

from __future__ import annotations

import os
import shlex
import socket
import sys
from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Any, NamedTuple

import psutil

from ..errors import ArgumentError
from ..storage.files import reading

__all__ = ["HERE", "Host", "add_ssh", "read_hosts"]

SSH_OPTIONS = (
    *("-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"),
    *("-o", "ServerAliveInterval=2", "-o", "ServerAliveCountMax=2"),
)

MOST_BYTES = 2**20
"""So much a hosts file may hold."""


class Host(NamedTuple):
    """A machine, as a line of the hosts file describes it."""

    name: str
    slots: int | None = None  # None for any number
    address: str | None = None  # None to find out
    python: str = sys.executable

    @property
    def is_here(self) -> bool:
        """Whether this is the launcher's own machine, which needs no ssh."""
        if self.name in ("localhost", socket.gethostname()):
            return True
        try:
            address = socket.gethostbyname(self.address or self.name)
        except OSError:  # only ssh knows it, or nobody
            return False
        networks = psutil.net_if_addrs().values()
        return any(address == own.address for network in networks for own in network)


HERE = Host("localhost")
"""The launcher's own machine."""


def add_ssh(host: Host, command: Sequence[str], ssh: Sequence[str]) -> list[str]:
    """Return what starts a machine's command from here: over ssh, where it must."""
    if host.is_here:
        return list(command)
    return [*ssh, *SSH_OPTIONS, host.name, f"exec {shlex.join(command)}"]


def read_hosts(path: str | os.PathLike[str]) -> list[Host]:
    """Return the machines of a hosts file.

    Raises
    ------
    ArgumentError
        If a line is not understood.
    DataError
        If it cannot be read.
    """
    try:
        with reading(path, MOST_BYTES) as file:
            text = file.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ArgumentError(
            f"expected a readable hosts file, found {path} (not a text file)"
        ) from error
    hosts: dict[str, Host] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            host = _read_host(*words)
        except (TypeError, ValueError) as error:
            raise ArgumentError(
                f"{path}, line {number}: expected NAME [slots=N] [address=IPV4] "
                f"[python=PATH], found {line.strip()!r}"
            ) from error
        if host.name in hosts:
            raise ArgumentError(
                f"{path}, line {number}: expected {host.name} once, with slots=N"
            )
        hosts[host.name] = host
    if not hosts:
        raise ArgumentError(
            f"expected a machine per line in the hosts file, found none in {path}"
        )
    return list(hosts.values())


def _read_host(name: str, *options: str) -> Host:
    """Return a machine, or raise a TypeError or ValueError if there is none."""
    fields: dict[str, Any] = dict(option.split("=", 1) for option in options)
    if name.startswith("-") or "=" in name or "" in fields.values():
        raise ValueError
    if "address" in fields:
        IPv4Address(fields["address"])
    if "slots" in fields:
        fields["slots"] = int(fields["slots"])
        if fields["slots"] < 1:
            raise ValueError
    return Host(name, **fields)
