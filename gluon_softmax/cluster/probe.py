"""What a machine of a job is asked before anything starts there, and what it answers.

Questions and answers are a line of JSON each: first which versions and free ports it
has, then whether it reaches the others.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import ExitStack
from importlib import metadata
from typing import Any

from ..compat import require_libraries
from ..errors import InstallationError

__all__ = ["describe", "free_ports", "list_unreached", "main"]

REACH_TIMEOUT = 3.0


def main() -> None:
    """Answer the questions on stdin, until there are no more."""
    for line in sys.stdin:
        question = json.loads(line)
        if "reach" in question:
            answer = {"unreached": list_unreached(question["reach"])}
        else:
            answer = describe(**question)
        print(json.dumps(answer), flush=True)


def describe(address: str | None, ports: int) -> dict[str, Any]:
    """Describe this machine.

    Parameters
    ----------
    address : str or None
        Which of its addresses to use; None for that at which ssh has reached it.
    ports : int
        How many free ports to find.

    Returns
    -------
    dict
        `versions`; `lacking`, why MXNet cannot be loaded, or ''; `address` and `ports`,
        sorted, or a `problem`; `caller`, the address from which ssh came.
    """
    # As sshd puts it: the caller's address and port, and those it has called.
    connection = os.environ.get("SSH_CONNECTION", "   ").split(" ")
    found = {"versions": _list_versions(), "caller": connection[0]}
    found["lacking"] = _find_lacking()
    found["address"] = address or connection[-2]
    try:
        found["ports"] = free_ports(found["address"], ports)
    except OSError as error:
        found["problem"] = error.strerror or str(error)
    return found


def free_ports(address: str, count: int) -> list[int]:
    """Find ports where nobody listens.

    Parameters
    ----------
    address : str
    count : int

    Returns
    -------
    list of int
        All different, in ascending order.

    Raises
    ------
    OSError
        If the address is not this machine's.
    """
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((address, 0))
        return sorted(one.getsockname()[1] for one in sockets)


def list_unreached(others: list[tuple[str, int]]) -> list[tuple[str, str]]:
    """Try to reach other machines.

    Parameters
    ----------
    others : list of (address, port)
        At a port where nobody listens a refusal is the answer that shows the way is
        free.

    Returns
    -------
    list of (address, reason)
        Those that give no answer.
    """
    unreached = []
    for address, port in others:
        try:
            socket.create_connection((address, port), REACH_TIMEOUT).close()
        except ConnectionRefusedError:
            continue
        except OSError as error:
            unreached.append((address, error.strerror or str(error)))
    return unreached


def _list_versions() -> dict[str, str]:
    """List what must be equal on all machines."""
    from .. import __version__

    try:
        mxnet = metadata.version("mxnet")
    except metadata.PackageNotFoundError:
        mxnet = "not installed"
    return {"gluon_softmax": __version__, "mxnet": mxnet}


def _find_lacking() -> str:
    """Return which system library MXNet lacks here, and what brings it."""
    try:
        require_libraries()
    except InstallationError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    main()
