"""Rounds: each contender works once, in turn, until all have worked often enough."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from itertools import groupby
from math import isnan
from statistics import median

from tqdm import tqdm

from ..errors import ContenderError
from .contenders import BUSY_WORKS, Contender
from .processes import StandingProcess

__all__ = ["TOLERANCES", "WARM_UP", "check_agreement", "run_rounds"]

WARM_UP = 2
"""Rounds that are not counted: the first compiles, the second fills the caches."""
PAUSE = 0.1
"""Seconds of rest before each turn: the threads of the one before wait in a loop for a
while, and would take a processor away."""
BUSY = "while True: pass"
"""What Python does beside `BUSY_WORKS`."""
READ = {"samples": 0, "side": 0, "pixel_mean": 1e-4, "label_mean": 1e-4}
NETWORK = {"loss": 0.05, "train_acc": 0.02, "test_acc": 0.04}
TOLERANCES = {
    "training": {"loss": 0.01, "train_acc": 0.01, "test_acc": 0.02},
    "perceptron": NETWORK,
    "convolutional": NETWORK,
    "perceptron-busy": NETWORK,
    "convolutional-busy": NETWORK,
    "evaluating": {"test_acc": 0.001},
    "reading": READ,
    "resizing": {**READ, "pixel_mean": 1e-3},
    "file": {"loss": 0.01, "train_acc": 0.01, "test_acc": 0.02},
    "starting": {},
}
"""How far figures of one work may lie apart. Trainings differ in seeds alone, whose
effect on the median over the rounds is a third of these at most."""


def run_rounds(
    contenders: Iterable[Contender],
    make_command: Callable[[Contender], list[str]],
    rounds: int,
) -> list[dict]:
    """Measure contenders, one kind of work after the other; return a row for each.

    Those of one work stand next to each other. Each is started by its command, works in
    `WARM_UP` rounds and then in those that count.
    """
    rows = []
    for _, group in groupby(contenders, key=lambda contender: contender.work):
        of_one_work = _run_work(list(group), make_command, rounds)
        check_agreement(of_one_work)
        rows += of_one_work
    return rows


def _run_work(contenders: list[Contender], make_command, rounds: int) -> list[dict]:
    """Start all contenders of one work, let them work in turn, and end them."""
    with ExitStack() as stack:
        if contenders[0].work in BUSY_WORKS:
            busy = subprocess.Popen([sys.executable, "-c", BUSY])
            stack.callback(busy.wait)
            stack.callback(busy.kill)
        processes, answers = [], [[] for _ in contenders]
        for contender in contenders:
            command, is_peer = make_command(contender), bool(contender.peer)
            process = StandingProcess(contender.name, command, is_peer)
            processes.append(stack.enter_context(closing(process)))
        numbers = range(WARM_UP + rounds)
        for _ in tqdm(numbers, contenders[0].work, leave=False, disable=None):
            for process, given in zip(processes, answers):
                time.sleep(PAUSE)
                given.append(process.run())
        return [
            _summarise(contender, process, given[WARM_UP:])
            for contender, process, given in zip(contenders, processes, answers)
        ]


def _summarise(
    contender: Contender, process: StandingProcess, answers: list[dict]
) -> dict:
    """Return who it is, its times, its memory, and the median of each figure."""
    columns = {name: [answer[name] for answer in answers] for name in answers[0]}
    seconds = columns.pop("seconds")
    # Where starting is the work, it is a process of this process that does it.
    does_itself = contender.work != "starting"
    return {
        "key": contender.key,
        "name": contender.name,
        "work": contender.work,
        **process.facts,
        "median_seconds": median(seconds),
        "least_seconds": min(seconds),
        "most_seconds": max(seconds),
        "seconds": seconds,
        "peak_mb": process.read_peak() if does_itself else None,
        **{name: median(columns[name]) for name in sorted(columns)},
    }


def check_agreement(rows: list[dict]) -> None:
    """Raise unless contenders of one work did the same: else no times are compared.

    Each figure is a median over the same epochs, which `TOLERANCES` bounds.
    """
    for name, tolerance in TOLERANCES[rows[0]["work"]].items():
        found = [(row[name], row["name"]) for row in rows if name in row]
        if not found:
            continue
        found.sort(key=lambda pair: (isnan(pair[0]), pair[0]))
        (low, lowest), (high, highest) = found[0], found[-1]
        if not high - low <= tolerance:  # nor where a figure is no number
            raise ContenderError(
                f"times cannot be compared: expected the same {name} within "
                f"{tolerance}, found {low:.4f} ({lowest}) and {high:.4f} ({highest}): "
                "run those alone with --only and look into what differs"
            )
