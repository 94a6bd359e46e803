"""The variables by which MXNet's engine knows that a process is part of a job.

It obeys them as soon as MXNet is imported, so they are checked, or taken away, before.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Container, MutableMapping

from ..errors import ArgumentError

__all__ = ["check_role", "ignore_variables", "remove_variables"]

PREFIXES = ("DMLC_", "PS_DROP_MSG", "PS_HEARTBEAT_", "PS_RESEND")
"""How all begin that the engine reads; some have it listen on every address."""
COUNT = ("a whole number from 1 to 65535", r"[1-9]\d{0,4}")
KINDS = {
    "DMLC_ROLE": ("scheduler, server or worker", "scheduler|server|worker"),
    "DMLC_NODE_HOST": ("this machine's IPv4 address", r"[1-9]\d*(\.\d+){3}"),
    "DMLC_PS_ROOT_URI": ("the scheduler's address or name", r"(?!0\.).+"),
    "DMLC_PS_ROOT_PORT": COUNT,
    "DMLC_NUM_WORKER": COUNT,
    "DMLC_NUM_SERVER": COUNT,
}
"""What each process of a job is given, and the pattern that it matches."""
PATIENCE = 60.0
"""Seconds for the scheduler's name to be known: a cluster starts all at once."""

Environment = MutableMapping[str, str]
_is_in_job = False


def remove_variables(environment: Environment, but: Container[str] = ()) -> list[str]:
    """Remove what the engine would read, but for some, and return the names."""
    found = [n for n in environment if n.startswith(PREFIXES) and n not in but]
    for name in found:
        del environment[name]
    return sorted(found)


def ignore_variables(environment: Environment) -> list[str]:
    """Remove what only a process of a job obeys, and return the names.

    After `check_role` those that it checked stay.
    """
    return remove_variables(environment, but=KINDS if _is_in_job else ())


def check_role(environment: Environment) -> str:
    """Check what a process of a job was given, and return its role.

    The scheduler's name is replaced by its address: only there is it to listen.

    Raises
    ------
    ArgumentError
        If a variable is missing or cannot be used.
    """
    global _is_in_job
    _is_in_job = True
    for name, (_, pattern) in KINDS.items():
        value = environment.get(name, "")
        too_large = pattern == COUNT[1] and value.isdigit() and int(value[:6]) >= 2**16
        if too_large or not re.fullmatch(pattern, value, re.ASCII):
            raise _make_error(name, repr(value) if value else "nothing")
    _check_listening("DMLC_NODE_HOST", environment["DMLC_NODE_HOST"], 0)
    root = environment["DMLC_PS_ROOT_URI"] = _look_up(environment["DMLC_PS_ROOT_URI"])
    if environment["DMLC_ROLE"] == "scheduler":
        port = int(environment["DMLC_PS_ROOT_PORT"])
        _check_listening("DMLC_PS_ROOT_URI", root, port)
    return environment["DMLC_ROLE"]


def _look_up(name: str) -> str:
    """Return the address of a name, which may not be known yet."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.gethostbyname(name)
        except (OSError, UnicodeError) as error:
            if time.monotonic() > until:
                raise _make_error("DMLC_PS_ROOT_URI", repr(name)) from error
        time.sleep(1)


def _check_listening(name: str, address: str, port: int) -> None:
    """Check that this process can listen at an address."""
    with socket.socket() as unused:
        unused.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as MXNet does
        try:
            unused.bind((address, port))
        except OSError as error:
            found = f"{address}, port {port} ({error.strerror})"
            raise _make_error(name, found) from error


def _make_error(name: str, found: str) -> ArgumentError:
    """Make the error for a variable's value."""
    return ArgumentError(
        f"expected {name} to be {KINDS[name][0]}, found {found}: correct address= in "
        "the hosts file, or start the job as gluon-softmax launch --print-env prints it"
    )
