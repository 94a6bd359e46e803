"""A contender's half of the conversation; `bench.processes` holds the parent's.

Needs nothing of the package, for every interpreter imports it, and NumPy where images
are read.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version

__all__ = ["Work", "count_cores", "nearest_mean", "read_arrays", "read_pixels", "serve"]

Work = Callable[[], dict]
"""Does the work once, waits until it is done, and returns its figures."""


def serve(work: Work, packages: Iterable[str], threads: int | None = None) -> None:
    """Work each time the parent says so, until it says no more.

    First the versions of those packages that are loaded are told, and how many threads
    the libraries use: as many as the environment says if it is not given.
    """
    threads = threads or int(os.environ.get("OMP_NUM_THREADS") or count_cores())
    versions = {name: version(name) for name in packages if name in sys.modules}
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # what is trained prints lines too
        _answer(answers, versions=versions, threads=threads)
        for _ in sys.stdin:
            start = time.perf_counter()
            figures = work()
            _answer(answers, seconds=time.perf_counter() - start, **figures)


def count_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def read_arrays(path: str, train: bool) -> tuple:
    """Return the images (n, 28, 28) and labels (n,) of one split, uint8."""
    import numpy as np

    split = "train" if train else "test"
    with np.load(path) as arrays:
        return arrays[f"{split}_images"], arrays[f"{split}_labels"]


def read_pixels(path: str, train: bool) -> tuple:
    """Return images as rows (n, 784) of float32 from 0 to 1, and labels."""
    import numpy as np

    images, labels = read_arrays(path, train)
    X = np.divide(images.reshape(len(images), -1), np.float32(255), dtype=np.float32)
    return X, labels


def nearest_mean(path: str) -> tuple:
    """Compute weights (10, 784) and bias (10,) of the nearest class mean.

    It is what all who evaluate set: it needs no seed.
    """
    import numpy as np

    X, y = read_pixels(path, train=True)
    means = np.stack([X[y == label].mean(axis=0) for label in range(10)])
    return means, -(means**2).sum(axis=1) / 2


def _answer(stream, **answer) -> None:
    """Print one line to the parent."""
    print(json.dumps(answer), file=stream, flush=True)
