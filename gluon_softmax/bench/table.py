"""What was measured, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby

from .contenders import PEERS, WORKS
from .ratios import Verdict
from .rounds import Result

__all__ = [
    "format_doubts",
    "format_left_out",
    "format_ratio",
    "format_results",
    "format_verdicts",
    "to_dict",
]

STEADY = 2.0
"""How many times the median the slowest round may take on a quiet machine."""
WORDS = {True: "met", False: "MISSED", None: ""}


def format_results(results: Iterable[Result]) -> Iterator[str]:
    """Yield lines with medians, ranges and figures, one work after the other."""
    for work, group in groupby(results, key=lambda result: result.contender.work):
        yield f"{WORKS[work]}:"
        heading = "seconds (least to most)"
        yield f"  {'':38} {heading:26} {'loss':>6} {'train':>6} {'test':>6} {'MB':>6}"
        yield from map(_format_result, group)


def _format_result(result: Result) -> str:
    """Return the line of one contender, under the headings."""
    middle, seconds = result.middle("seconds"), result.column("seconds")
    span = f"{middle:.4f} ({min(seconds):.4f} to {max(seconds):.4f})"
    line = f"  {result.contender.name:38} {span:26}"
    for name in ("loss", "train_acc", "test_acc"):
        figure = result.middle(name)
        line += " " * 7 if figure is None else f" {figure:6.3f}"
    peak = _to_megabytes(result)
    return line.rstrip() if peak is None else f"{line} {peak:6.0f}"


def _to_megabytes(result: Result) -> float | None:
    """Return the peak memory in MB, where it was measured."""
    return None if result.peak is None else round(result.peak * 1.024e-3, 1)


def format_verdicts(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Yield lines with the ratios and their targets."""
    yield f"{'ratio of medians':42} {'found':>8} {'at most':>8}"
    for verdict in verdicts:
        target, found = verdict.ratio.target, format_ratio(verdict.value)
        goal = "-" if target is None else format_ratio(target)
        word = WORDS[verdict.met]
        yield f"{verdict.ratio.name:42} {found:>8} {goal:>8}  {word}".rstrip()


def format_left_out(left_out: dict[str, list[str]]) -> Iterator[str]:
    """Yield lines with the rows that are missing, and the option that adds them."""
    for peer, names in left_out.items():
        yield (
            f"left out without {PEERS[peer]} (add --peer {peer}=PYTHON, a Python that "
            f"has it): {'; '.join(names)}"
        )


def format_doubts(results: Iterable[Result]) -> Iterator[str]:
    """Yield a line if times vary so much that the machine was doing something else."""
    unsteady = [
        f"{result.contender.name} ({result.contender.work})"
        for result in results
        if max(result.column("seconds")) > STEADY * result.middle("seconds")
    ]
    if unsteady:
        yield (
            f"the machine was busy: a round took more than {STEADY:g} times the median "
            f"of {', '.join(unsteady)}; end what else runs and measure again"
        )


def format_ratio(value: float) -> str:
    """Write a ratio as the targets are written.

    Examples
    --------
    >>> format_ratio(1 / 30), format_ratio(1 / 31.25), format_ratio(0.75)
    ('1/30', '1/31.2', '0.75')
    """
    if value >= 1 / 4.5:
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return f"1/{1 / value:.1f}".removesuffix(".0")


def to_dict(results: Iterable[Result], verdicts: Iterable[Verdict]) -> dict:
    """Return everything that was measured as what JSON can hold."""
    return {
        "contenders": [_result_to_dict(result) for result in results],
        "ratios": [
            {**asdict(verdict.ratio), "ratio": verdict.value, "met": verdict.met}
            for verdict in verdicts
        ],
    }


def _result_to_dict(result: Result) -> dict:
    """Return one contender's numbers as what JSON can hold."""
    contender, seconds = result.contender, result.column("seconds")
    names = {name for answer in result.answers for name in answer} - {"seconds"}
    return {
        "key": contender.key,
        "name": contender.name,
        "work": contender.work,
        **result.facts,
        "median_seconds": result.middle("seconds"),
        "least_seconds": min(seconds),
        "most_seconds": max(seconds),
        "seconds": seconds,
        "peak_mb": _to_megabytes(result),
        **{name: result.middle(name) for name in sorted(names)},
    }
