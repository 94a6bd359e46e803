"""One process of a job, as it sees itself: `python -m gluon_softmax.cluster.role`.

MXNet makes a scheduler or a server of any process that imports it under such a
`DMLC_ROLE`. A worker runs a command of `gluon-softmax`, given as arguments.
"""

from __future__ import annotations

import os
import socket
import sys
import traceback
from collections.abc import MutableMapping
from contextlib import suppress

from ..errors import ArgumentError, GluonSoftmaxError
from . import heartbeat

__all__ = ["address_towards", "complete", "main", "work"]

INDICES = ("JOB_COMPLETION_INDEX", "SLURM_PROCID")
"""Where Kubernetes and Slurm number the processes of a job, from 0."""

NEEDED = (
    "DMLC_PS_ROOT_URI",
    "DMLC_PS_ROOT_PORT",
    "DMLC_NUM_WORKER",
    "DMLC_NUM_SERVER",
)


def main() -> None:
    """Play the role that the environment gives this process."""
    try:
        complete(os.environ)
        if os.environ["DMLC_ROLE"] == "worker":
            work(sys.argv[1:])
        else:
            import mxnet  # noqa: F401  serves until the workers are done, and exits
    except GluonSoftmaxError as error:
        sys.exit(f"gluon-softmax: {error}")


def complete(variables: MutableMapping[str, str]) -> None:
    """Add a role and an address where they are missing, as under Slurm.

    Parameters
    ----------
    variables : mapping of str to str
        Changed in place. The role follows from the number of the process: first the
        scheduler, then the servers, then the workers.

    Raises
    ------
    ArgumentError
        If variables are missing that nothing else tells.
    """
    missing = [name for name in NEEDED if not variables.get(name)]
    index = next((variables[name] for name in INDICES if name in variables), None)
    if "DMLC_ROLE" not in variables and index is None:
        missing.insert(0, "DMLC_ROLE")
    if missing:
        raise ArgumentError(
            f"expected {', '.join(missing)} to be set for a process of a job: start it "
            "with gluon-softmax launch, or as its --print-env shows"
        )
    if "DMLC_ROLE" not in variables:
        servers = int(variables["DMLC_NUM_SERVER"])
        variables["DMLC_ROLE"] = _role(int(index), servers)
    if "DMLC_NODE_HOST" not in variables:
        variables["DMLC_NODE_HOST"] = address_towards(variables["DMLC_PS_ROOT_URI"])


def _role(index: int, servers: int) -> str:
    """Give the role of a numbered process."""
    if index == 0:
        return "scheduler"
    return "server" if index <= servers else "worker"


def address_towards(address: str) -> str:
    """Find this machine's address on the network that leads to another.

    Parameters
    ----------
    address : str
        Of the other machine, or of this one.

    Returns
    -------
    str
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unsent:
        try:
            unsent.connect((address, 9))  # chooses the way; nothing is sent
        except OSError as error:
            raise ArgumentError(
                f"expected DMLC_PS_ROOT_URI to be an address that can be reached, "
                f"found {address!r} ({error.strerror or error})"
            ) from error
        return unsent.getsockname()[0]


def work(arguments: list[str]) -> None:
    """Run a command; leave at once if it fails.

    A worker that ends as usual waits in KVStore's last barrier for the others, which
    after a failure never come.

    Parameters
    ----------
    arguments : list of str
        What stands behind `gluon-softmax`.
    """
    code = _run(arguments)
    if not code:
        heartbeat.finish()
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _run(arguments: list[str]) -> int:
    """Run a command, and give its exit code whichever way it ends."""
    from ..cli import main as run

    try:
        return run(arguments)
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    return 1


if __name__ == "__main__":
    main()
