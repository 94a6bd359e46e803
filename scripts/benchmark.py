"""Measure this package against d2lzh 1.0.0, on the same data, in turn.

Run it with nothing else on the machine: ``python scripts/benchmark.py``. Times vary
between machines and minutes; the ratios of medians are what to look at.
"""

from __future__ import annotations

import contextlib
import io
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import gluon_softmax as d2l
import d2lzh
from mxnet import gluon, nd

BATCH_SIZE = 256
ROUNDS = 7


def load_with_d2lzh() -> tuple[gluon.data.DataLoader, gluon.data.DataLoader]:
    """Call d2lzh's own loader, on this package's data set in place of the lost one."""
    gluon.data.vision.FashionMNIST = d2l.FashionMNIST
    return d2lzh.load_data_fashion_mnist(BATCH_SIZE)


def read(train_iter) -> None:
    """Read the training set once."""
    for X, y in train_iter:
        X.wait_to_read()
        y.wait_to_read()


def make_epoch(train_ch3: Callable, loaders: tuple) -> Callable[[], None]:
    """Make a function that trains one epoch with Gluon and evaluates, in silence."""
    net = d2l.make_net()
    trainer = d2l.make_trainer(net, 0.1)
    loss = gluon.loss.SoftmaxCrossEntropyLoss()

    def epoch() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            train_ch3(net, *loaders, loss, 1, BATCH_SIZE, None, None, trainer)

    return epoch


def run_python(code: str) -> None:
    """Run code in a fresh interpreter."""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def time_in_turn(contenders: list[Callable[[], None]]) -> list[float]:
    """Run the contenders in turn, after a round of warming up; give median seconds."""
    seconds = [[] for _ in contenders]
    for number in range(ROUNDS + 1):
        for contender, times in zip(contenders, seconds):
            nd.waitall()
            start = time.perf_counter()
            contender()
            nd.waitall()
            if number:
                times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in seconds]


def main() -> dict[str, tuple[float, float]]:
    """Print and give the median seconds of both for each kind of work."""
    ours, theirs = d2l.load_data_fashion_mnist(BATCH_SIZE), load_with_d2lzh()
    import_mxnet = "import gluon_softmax, mxnet"
    works = {
        "reading the training set once": (
            lambda: read(ours[0]),
            lambda: read(theirs[0]),
        ),
        "one epoch of train_ch3, evaluated": (
            make_epoch(d2l.train_ch3, ours),
            make_epoch(d2lzh.train_ch3, theirs),
        ),
        "importing all of this package, and MXNet alone": (
            lambda: run_python("import gluon_softmax; gluon_softmax.train_ch3"),
            lambda: run_python(import_mxnet),
        ),
    }
    results = {}
    for work, contenders in works.items():
        results[work] = tuple(time_in_turn(contenders))
        ours_seconds, theirs_seconds = results[work]
        print(
            f"{work}: {ours_seconds:.3f} s against {theirs_seconds:.3f} s, "
            f"ratio 1 : {theirs_seconds / ours_seconds:.1f}"
        )
    return results


if __name__ == "__main__":
    main()
