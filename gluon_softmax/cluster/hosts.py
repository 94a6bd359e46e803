"""The machines of a job, and how a Python is started on each.

A hosts file has one machine per line, as ssh knows it, with options behind the name::

    # name      options
    localhost   slots=2
    gpu-1       slots=4 address=10.0.0.2
    gpu-2       python=/opt/venv/bin/python

`slots` is the most workers it takes (default: any number), `address` the IPv4 address
at which the others reach it (default: where ssh reached it), `python` the interpreter
there (default: the path of the launcher's own). The scheduler runs on the first
machine; servers and workers are dealt out in turn, beginning with the first.
"""

from __future__ import annotations

import ipaddress
import os
import shlex
import socket
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ..errors import ArgumentError

__all__ = ["HERE", "Host", "python_command", "read_hosts"]

SSH_OPTIONS = (
    *("-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"),
    *("-o", "ServerAliveInterval=2", "-o", "ServerAliveCountMax=2"),
)
OPTIONS = ("slots", "address", "python")


class Host(NamedTuple):
    """A machine.

    Parameters
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
        return _is_bindable(self.address or _look_up(self.name))


HERE = Host("localhost")
"""The launcher's own machine."""


def read_hosts(path: str | os.PathLike[str]) -> list[Host]:
    """Read a hosts file.

    Parameters
    ----------
    path : path

    Returns
    -------
    list of Host

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
        words = line.partition("#")[0].split()
        if not words:
            continue
        host = _read_host(words, f"{path}, line {number}")
        if host.name in hosts:
            raise ArgumentError(
                f"{path}, line {number}: {host.name} is there twice; "
                "give it one line, with slots="
            )
        hosts[host.name] = host
    if not hosts:
        raise ArgumentError(
            f"expected a machine per line in the hosts file, found none in {path}"
        )
    return list(hosts.values())


def _read_host(words: list[str], where: str) -> Host:
    """Understand the words of a line."""
    name, *options = words
    if name.startswith("-") or "=" in name:
        raise ArgumentError(f"{where}: expected a host's name, found {name!r}")
    values = {}
    for option in options:
        key, _, value = option.partition("=")
        if key not in OPTIONS or not value:
            raise ArgumentError(
                f"{where}: expected slots=N, address=IPV4 or python=PATH behind the "
                f"name, found {option!r}"
            )
        values[key] = _read_value(key, value, where)
    return Host(name, **values)


def _read_value(key: str, value: str, where: str) -> str | int:
    """Check the value of an option."""
    if key == "slots":
        if not (value.isascii() and value.isdigit() and int(value)):
            raise ArgumentError(
                f"{where}: expected slots to be a whole number from 1 on, "
                f"found {value!r}"
            )
        return int(value)
    if key == "address":
        try:
            return str(ipaddress.IPv4Address(value))
        except ValueError as error:
            raise ArgumentError(
                f"{where}: expected address to be an IPv4 address such as 10.0.0.2, "
                f"found {value!r}"
            ) from error
    return value


@cache
def _look_up(name: str) -> str:
    """Find the address of a name; empty if only ssh knows it, or nobody."""
    try:
        return socket.gethostbyname(name)
    except OSError:
        return ""


def _is_bindable(address: str) -> bool:
    """Say whether an address is this machine's."""
    if not address:
        return False
    with socket.socket() as unused:
        try:
            unused.bind((address, 0))
        except OSError:
            return False
    return True


def python_command(host: Host, module: str, ssh: Sequence[str]) -> list[str]:
    """Give the command that starts a module of this folder on a machine.

    Parameters
    ----------
    host : Host
    module : str
        Has a function `main`.
    ssh : sequence of str
        The program, with the caller's own options.

    Returns
    -------
    list of str
        The package is taken from where this one is, if that folder is there too and is
        not searched anyway: a source tree.
    """
    folder = str(Path(__file__).parents[2])
    code = (
        f"import sys; F = {folder!r}; sys.path[:1] = [F] * (F not in sys.path[1:]); "
        f"from gluon_softmax.cluster.{module} import main; main()"
    )
    if host.is_here:
        return [host.python, "-c", code]
    remote = f"exec {shlex.join([host.python, '-c', code])}"
    return [*ssh, *SSH_OPTIONS, host.name, remote]
