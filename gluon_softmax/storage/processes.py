"""Child processes: how one of this package's own is started, and how one ended."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

__all__ = ["count_cores", "describe_exit", "end_with_parent", "python_command"]


def count_cores() -> int:
    """Return how many cores this process may use; macOS says how many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def python_command(
    module: str, *arguments: str, python: str = sys.executable
) -> list[str]:
    """Return the command that calls `main` of a module of this copy of the package.

    The package is taken from where this one is, if that folder is on the machine and is
    not searched anyway: a source tree.
    """
    folder = str(Path(__file__).parents[2])
    code = (
        f"import sys; F = {folder!r}; sys.path[:1] = [F] * (F not in sys.path[1:]); "
        f"from gluon_softmax.{module} import main; sys.exit(main())"
    )
    return [python, "-c", code, *arguments]


def describe_exit(code: int | None) -> str:
    """Return how a process ended, from its exit code as `subprocess` has it."""
    if code is None:
        return "ended"  # and something else in this process took the exit code
    if code < 0:
        return f"was ended by signal {-code} ({signal.strsignal(-code)})"
    return f"exited with code {code}"


def end_with_parent() -> None:
    """Have this process, one of `multiprocessing`, end when its parent has ended."""
    import multiprocessing

    def follow() -> None:
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
