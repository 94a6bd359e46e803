"""What was measured, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from .contenders import WORKS
from .interpreters import PEERS
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

FIGURES = ("loss", "train_acc", "test_acc")
STEADY = 2.0
"""How many times the median the slowest round may take on a quiet machine."""


def format_results(results: Iterable[Result]) -> Iterator[str]:
    """Lay out medians, ranges and figures, one kind of work after the other.

    Parameters
    ----------
    results : iterable of Result

    Yields
    ------
    str
        A line.
    """
    for work, group in groupby(results, key=lambda result: result.contender.work):
        yield f"{WORKS[work]}:"
        heading = "seconds (least to most)"
        yield f"  {'':32} {heading:26} {'loss':>6} {'train':>6} {'test':>6} {'MB':>6}"
        yield from map(_format_result, group)


def format_verdicts(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Lay out the ratios with their targets.

    Parameters
    ----------
    verdicts : iterable of Verdict

    Yields
    ------
    str
        A line.
    """
    yield f"{'ratio of medians':42} {'found':>8} {'at most':>8}"
    for verdict in verdicts:
        target, words = verdict.ratio.target, {True: "met", False: "MISSED", None: ""}
        goal = "-" if target is None else format_ratio(target)
        found = format_ratio(verdict.value)
        line = f"{verdict.ratio.name:42} {found:>8} {goal:>8}  {words[verdict.met]}"
        yield line.rstrip()


def format_left_out(left_out: dict[str, list[str]]) -> Iterator[str]:
    """Say which rows are missing, and the option that adds them.

    Parameters
    ----------
    left_out : dict of str to list of str
        Names of ratios by the peer they need.

    Yields
    ------
    str
        A line for each peer.
    """
    for peer, names in left_out.items():
        yield (
            f"left out without {PEERS[peer]} (add --peer {peer}=PYTHON, a Python that "
            f"has it): {'; '.join(names)}"
        )


def format_doubts(results: Iterable[Result]) -> Iterator[str]:
    """Say whose times vary so much that the machine was doing something else.

    Parameters
    ----------
    results : iterable of Result

    Yields
    ------
    str
        A line, where there is anything to say.
    """
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

    Parameters
    ----------
    value : float

    Returns
    -------
    str

    Examples
    --------
    >>> format_ratio(1 / 30), format_ratio(1 / 31.25), format_ratio(0.75)
    ('1/30', '1/31.2', '0.75')
    """
    if value >= 1 / 4.5:
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return f"1/{1 / value:.1f}".removesuffix(".0")


def to_dict(results: Iterable[Result], verdicts: Iterable[Verdict]) -> dict:
    """Bring everything that was measured to what JSON can hold.

    Parameters
    ----------
    results : iterable of Result
    verdicts : iterable of Verdict

    Returns
    -------
    dict
    """
    return {
        "contenders": [_result_to_dict(result) for result in results],
        "ratios": [
            {
                "name": verdict.ratio.name,
                "numerator": verdict.ratio.numerator,
                "denominator": verdict.ratio.denominator,
                "quantity": verdict.ratio.quantity,
                "ratio": verdict.value,
                "target": verdict.ratio.target,
                "met": verdict.met,
            }
            for verdict in verdicts
        ],
    }


def _format_result(result: Result) -> str:
    """Lay one contender out under the headings."""
    seconds = result.column("seconds")
    span = f"{result.middle('seconds'):.4f} ({min(seconds):.4f} to {max(seconds):.4f})"
    cells = [_number(result.middle(name), ".3f") for name in FIGURES]
    cells.append(_number(result.peak and result.peak * 1.024e-3, ".0f"))
    cells = [f"{cell:>6}" for cell in cells]
    return " ".join([f"  {result.contender.name:32}", f"{span:26}", *cells]).rstrip()


def _number(value: float | None, form: str) -> str:
    """Write a number, or nothing where there is none."""
    return "" if value is None else format(value, form)


def _result_to_dict(result: Result) -> dict:
    """Bring one contender's numbers to what JSON can hold."""
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
        "peak_mb": result.peak and round(result.peak * 1.024e-3, 1),
        **{name: result.middle(name) for name in sorted(names)},
    }
