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

import ipaddress
import os
import shlex
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from ..errors import ArgumentError

__all__ = ["HERE", "Host", "add_ssh", "python_command", "read_hosts"]

SSH_OPTIONS = (
    *("-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"),
    *("-o", "ServerAliveInterval=2", "-o", "ServerAliveCountMax=2"),
)


class Host(NamedTuple):
    """A machine.

    Attributes
    ----------
    name : str
    slots : int or None
        The most workers it takes; None for any number.
    address : str or None
        Where the others reach it; None to find out.
    python : str
        The interpreter there.
    """

    name: str
    slots: int | None = None
    address: str | None = None
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


def read_hosts(path: str | os.PathLike[str]) -> list[Host]:
    """Return the machines of a hosts file.

    Raises
    ------
    ArgumentError
        If it cannot be read, or a line is not understood.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise ArgumentError(
            f"expected a readable hosts file, found {path} ({reason})"
        ) from error
    hosts: dict[str, Host] = {}
    for number, line in enumerate(lines, 1):
        name, *options = line.partition("#")[0].split() or [""]
        if not name:
            continue
        try:
            if name in hosts:
                raise ValueError(f"{name} once, with slots=")
            hosts[name] = _read_host(name, options)
        except ValueError as error:
            raise ArgumentError(
                f"{path}, line {number}: expected {error}, found {line.strip()!r}"
            ) from error
    if not hosts:
        raise ArgumentError(
            f"expected a machine per line in the hosts file, found none in {path}"
        )
    return list(hosts.values())


def _read_host(name: str, options: Sequence[str]) -> Host:
    """Return a machine, or raise a ValueError that says what was expected."""
    if name.startswith("-") or "=" in name:
        raise ValueError("a host's name first")
    host = Host(name)
    for option in options:
        key, _, value = option.partition("=")
        if key not in _READERS or not value:
            raise ValueError("slots=N, address=IPV4 or python=PATH behind the name")
        host = host._replace(**{key: _READERS[key](value)})
    return host


def _read_slots(value: str) -> int:
    """Return a number of slots."""
    if not (value.isascii() and value.isdigit() and int(value)):
        raise ValueError("slots= to be a whole number from 1 on")
    return int(value)


def _read_address(value: str) -> str:
    """Return an address."""
    try:
        return str(ipaddress.IPv4Address(value))
    except ValueError as error:
        raise ValueError("address= to be an IPv4 address like 10.0.0.2") from error


_READERS = {"slots": _read_slots, "address": _read_address, "python": str}


def python_command(host: Host, module: str, *arguments: str) -> list[str]:
    """Return the command that runs `main` of a module of this package on its machine.

    The package is taken from where this one is, if that folder is there too and is not
    searched anyway: a source tree.
    """
    folder = str(Path(__file__).parents[2])
    code = (
        f"import sys; F = {folder!r}; sys.path[:1] = [F] * (F not in sys.path[1:]); "
        f"from gluon_softmax.{module} import main; main()"
    )
    return [host.python, "-c", code, *arguments]


def add_ssh(host: Host, command: Sequence[str], ssh: Sequence[str]) -> list[str]:
    """Return what starts a machine's command from here: over ssh, where it must."""
    if host.is_here:
        return list(command)
    return [*ssh, *SSH_OPTIONS, host.name, f"exec {shlex.join(command)}"]
