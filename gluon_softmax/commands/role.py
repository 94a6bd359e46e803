"""One process of a job, as it sees itself: `python -m gluon_softmax.commands.role`.

MXNet makes a scheduler or a server of any process that imports it under such a
`DMLC_ROLE`. A worker runs a command of `gluon-softmax`, given as arguments.
"""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress

from ..cluster import heartbeat
from ..cluster.variables import check_role, ignore_variables
from ..errors import GluonSoftmaxError, InstallationError

__all__ = ["main", "work"]


def main() -> None:
    """Play the role that the environment gives this process, after checking that."""
    try:
        role = check_role(os.environ)
        ignored = ignore_variables(os.environ)
        if ignored:
            print(f"gluon-softmax: ignored: {', '.join(ignored)}", file=sys.stderr)
        if role == "worker":
            work(sys.argv[1:])
            return
        import mxnet  # noqa: F401  serves until the workers are done, and exits
    except GluonSoftmaxError as error:
        print(f"gluon-softmax: {error}", file=sys.stderr)
        sys.exit(1 if isinstance(error, InstallationError) else 2)


def work(arguments: list[str]) -> None:
    """Run a command of `gluon-softmax`; leave at once if it fails.

    A worker that ends as usual waits in KVStore's last barrier for the others, which
    after a failure never come.
    """
    from .main import main as run

    try:
        code = run(arguments)
    except SystemExit as error:
        code = error.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if not code:
        heartbeat.finish()
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
