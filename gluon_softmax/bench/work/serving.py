"""The child's half of the conversation; `processes` holds the parent's.

The peers' scripts speak the same few lines, written out there again, since they can
import nothing from here.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

__all__ = ["Work", "peak_memory", "serve"]

Work = Callable[[], dict]
PACKAGES = ("mxnet", "numpy", "d2lzh")


def serve(work: Work) -> None:
    """Work each time the parent says so; say the peak memory and return at its end.

    Parameters
    ----------
    work : callable
        Does the work once, waits until it is done, and gives its figures.
    """
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # what is trained prints lines too
        _answer(answers, {"versions": _versions(), "threads": _threads()})
        for line in sys.stdin:
            if line.strip() == "stop":
                _answer(answers, {"peak": peak_memory()})
                return
            start = time.perf_counter()
            figures = work()
            _answer(answers, {"seconds": time.perf_counter() - start, **figures})


def peak_memory() -> int:
    """Measure the largest resident memory of this process so far.

    Returns
    -------
    int
        KiB, as Linux counts it from the start of this program. `resource.getrusage`
        would count what its parent held when it was started, too.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def _answer(stream, answer: dict) -> None:
    """Write one line."""
    print(json.dumps(answer), file=stream, flush=True)


def _versions() -> dict[str, str]:
    """List the versions of what this process has loaded."""
    return {name: version(name) for name in PACKAGES if name in sys.modules}


def _threads() -> int:
    """Count the threads that the libraries use here."""
    return int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))
