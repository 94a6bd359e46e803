"""A contender's half of the conversation; `bench.processes` holds the parent's.

Needs the standard library alone, for every interpreter imports it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

__all__ = ["Work", "count_cores", "peak_memory", "serve"]

Work = Callable[[], dict]
"""Does the work once, waits until it is done, and returns its figures."""


def serve(work: Work, packages: Iterable[str], threads: int | None = None) -> None:
    """Work each time the parent says so; print the peak memory at its end.

    First the versions of those packages that are loaded are told, and how many threads
    the libraries use: as many as the environment says if it is not given.
    """
    threads = threads or int(os.environ.get("OMP_NUM_THREADS") or count_cores())
    versions = {name: version(name) for name in packages if name in sys.modules}
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # what is trained prints lines too
        _answer(answers, versions=versions, threads=threads)
        for line in sys.stdin:
            if line.strip() == "stop":
                _answer(answers, peak=peak_memory())
                return
            start = time.perf_counter()
            figures = work()
            _answer(answers, seconds=time.perf_counter() - start, **figures)


def peak_memory() -> int:
    """Return the largest resident memory of this process so far, in KiB.

    As Linux counts it from the start of this program: `resource.getrusage` would count
    what its parent held when it was started, too.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def count_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def _answer(stream, **answer) -> None:
    """Print one line to the parent."""
    print(json.dumps(answer), file=stream, flush=True)
