"""Rounds: each contender works once, in turn, until all have worked often enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import groupby
from math import isnan
from statistics import median

from ..errors import ContenderError
from .contenders import Contender
from .processes import FreshProcess, StandingProcess

__all__ = ["TOLERANCES", "WARM_UP", "Result", "check_agreement", "run_rounds"]

WARM_UP = 2
"""Rounds that are not counted: the first compiles, the second fills the caches."""
PAUSE = 0.1
"""Seconds of rest before each turn: the threads of the one before wait in a loop for a
while, and would take a processor away."""
TOLERANCES = {
    "training": {"loss": 0.01, "train_acc": 0.01, "test_acc": 0.02},
    "perceptron": {"loss": 0.05, "train_acc": 0.02, "test_acc": 0.04},
    "convolutional": {"loss": 0.05, "train_acc": 0.02, "test_acc": 0.04},
    "evaluating": {"test_acc": 0.001},
    "reading": {"samples": 0, "side": 0, "pixel_mean": 1e-4, "label_mean": 1e-4},
    "resizing": {"samples": 0, "side": 0, "pixel_mean": 1e-3, "label_mean": 1e-4},
    "starting": {},
}
"""How far figures of one work may lie apart. Trainings differ in seeds alone, whose
effect on the median over the rounds is a third of these at most."""


@dataclass
class Result:
    """What was measured of a contender.

    Facts are what its process said of itself, answers the seconds and figures of each
    counted round, and the peak its resident memory in KiB, where it was measured.
    """

    contender: Contender
    facts: dict = field(default_factory=dict)
    answers: list[dict] = field(default_factory=list)
    peak: int | None = None

    def column(self, name: str) -> list[float]:
        """List one figure over the rounds; empty where there is none."""
        return [answer[name] for answer in self.answers if name in answer]

    def middle(self, name: str) -> float | None:
        """Return the median of one figure over the rounds; None where there is none."""
        column = self.column(name)
        return median(column) if column else None


def run_rounds(
    contenders: Iterable[Contender],
    start: Callable[[Contender], StandingProcess | FreshProcess],
    rounds: int,
    report: Callable[[str], None] = lambda name: None,
) -> list[Result]:
    """Measure contenders, one kind of work after the other.

    Those of one work stand next to each other. Each is started, works in `WARM_UP`
    rounds and then in those that count; `report` is called with its name each time.
    """
    results = []
    for _, group in groupby(contenders, key=lambda contender: contender.work):
        of_one_work = [Result(contender) for contender in group]
        _run_work(of_one_work, start, rounds, report)
        check_agreement(of_one_work)
        results += of_one_work
    return results


def check_agreement(results: list[Result]) -> None:
    """Raise unless contenders of one work did the same: else no times are compared.

    Each figure is a median over the same epochs, which `TOLERANCES` bounds.
    """
    for name, tolerance in TOLERANCES[results[0].contender.work].items():
        found = [(result.middle(name), result.contender.name) for result in results]
        found = [pair for pair in found if pair[0] is not None]
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


def _run_work(results: list[Result], start, rounds: int, report) -> None:
    """Start all contenders of one work, let them work in turn, and end them."""
    with ExitStack() as stack:
        processes = []
        for result in results:
            processes.append(stack.enter_context(start(result.contender)))
            result.facts = processes[-1].facts
        for number in range(WARM_UP + rounds):
            for result, process in zip(results, processes):
                time.sleep(PAUSE)
                answer = process.run()
                if number >= WARM_UP:
                    result.answers.append(answer)
                report(result.contender.name)
        for result, process in zip(results, processes):
            result.peak = process.stop().get("peak")
