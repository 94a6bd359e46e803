"""What was measured: the ratios that must be reached, the tables and the figure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import groupby

from matplotlib.figure import Figure

from ..figures.style import COLOURS, make_figure
from .contenders import CONTENDERS, PEERS, SAME, WORKS

__all__ = [
    "RATIOS",
    "Ratio",
    "format_all",
    "format_ratio",
    "format_results",
    "format_verdicts",
    "judge",
    "list_left_out",
    "show_benchmark",
]

STEADY = 2.0
"""How many times the median the slowest round may take on a quiet machine."""
FLOOR = "blas"
OURS, OTHERS = COLOURS[:2]
WORDS = {True: "met", False: "MISSED", None: ""}


@dataclass(frozen=True)
class Ratio:
    """A contender against another, both named by their keys, or in seconds alone.

    The target is what the ratio may be at most, None where it is only shown; the
    quantity is ``median_seconds``, or ``peak_mb`` for resident memory.
    """

    name: str
    numerator: str
    denominator: str
    target: float | None
    quantity: str = "median_seconds"


CHOSEN = (
    Ratio("training, Gluon / BLAS alone", "gluon", "blas", 1.35),
    Ratio("training, Gluon / PyTorch's best loop", "gluon", "torch", 0.5),
    Ratio("training, Gluon / JAX's compiled scan", "gluon", "jax", 0.5),
    Ratio("training, Gluon / d2lzh", "gluon", "d2lzh", 1 / 40),
    Ratio("training, Gluon / without the engine", "gluon", "gluon-plain", None),
    Ratio("training, from scratch / PyTorch's", "scratch", "torch-scratch", 1.2),
    Ratio("training, hybridized / PyTorch's", "hybrid", "torch-scratch", 0.8),
    Ratio("training, from scratch / d2lzh", "scratch", "d2lzh-scratch", 1 / 15),
    Ratio("peak memory, Gluon / PyTorch", "gluon", "torch", 0.45, "peak_mb"),
    Ratio("perceptron / PyTorch", "perceptron", "torch-perceptron", 1.0),
    Ratio("convolutional / PyTorch", "convolutional", "torch-convolutional", 1.0),
    Ratio(
        "perceptron, busy / PyTorch", "perceptron-busy", "torch-perceptron-busy", 1.0
    ),
    Ratio(
        "convolutional, busy / PyTorch",
        "convolutional-busy",
        "torch-convolutional-busy",
        1.0,
    ),
    Ratio("evaluating / PyTorch", "evaluate", "torch-evaluate", 1.0),
    Ratio("reading, in process / d2lzh", "read-0", "read-d2lzh", 1 / 30),
    Ratio("reading, 4 workers / Gluon's 4", "read-4", "read-gluon", 0.35),
    Ratio("resize=96, in process / d2lzh", "resize-0", "resize-d2lzh", 1 / 8),
    Ratio("resize=96, 2 workers / d2lzh's 4", "resize-2", "resize-d2lzh", 0.2),
    Ratio("images in a file / in memory", "file", "memory", 1.25),
    Ratio("start to first batch / import mxnet", "start", "import", 1.15),
    Ratio("seconds of import gluon_softmax", "own", "", 0.05),
    Ratio("seconds of gluon-softmax --help", "help", "", 0.2),
)
PEER_OF = {contender.key: contender.peer for contender in CONTENDERS}
"""Whose interpreter each contender needs, by its key."""


def _list_ratios() -> Iterator[Ratio]:
    """Yield the chosen ratios, those against a peer with both numbers of threads."""
    for ratio in CHOSEN:
        yield ratio
        if PEER_OF.get(ratio.denominator):
            name, key = f"{ratio.name}, same threads", ratio.denominator + SAME
            yield replace(ratio, name=name, denominator=key)


RATIOS = tuple(_list_ratios())
"""What must be reached, as medians of one run on one machine."""


def judge(rows: Iterable[dict]) -> list[dict]:
    """Compute every ratio whose two contenders were measured, and whether it is met."""
    rows = {row["key"]: row for row in rows}
    verdicts = []
    for ratio in RATIOS:
        if {ratio.numerator, ratio.denominator or ratio.numerator} <= rows.keys():
            value = rows[ratio.numerator][ratio.quantity]
            if ratio.denominator:
                value /= rows[ratio.denominator][ratio.quantity]
            is_met = None if ratio.target is None else value <= ratio.target
            verdicts.append({**asdict(ratio), "ratio": value, "met": is_met})
    return verdicts


def list_left_out(peers: Iterable[str]) -> dict[str, list[str]]:
    """List the names of the ratios that need a peer beyond these, by that peer."""
    left_out: dict[str, list[str]] = {}
    for ratio in CHOSEN:
        peer = PEER_OF.get(ratio.denominator)
        if peer and peer not in peers:
            left_out.setdefault(peer, []).append(ratio.name)
    return left_out


def format_all(
    rows: list[dict], verdicts: list[dict], left_out: dict[str, list[str]]
) -> Iterator[str]:
    """Yield the lines of both tables, and what a reader must know of them."""
    yield from format_results(rows)
    yield from format_verdicts(verdicts)
    for peer, names in left_out.items():
        yield (
            f"left out without {PEERS[peer]} (add --peer {peer}=PYTHON, a Python that "
            f"has it): {'; '.join(names)}"
        )
    unsteady = [
        f"{row['name']} ({row['work']})"
        for row in rows
        if row["most_seconds"] > STEADY * row["median_seconds"]
    ]
    if unsteady:
        yield (
            f"the machine was busy: a round took more than {STEADY:g} times the median "
            f"of {', '.join(unsteady)}; end what else runs and measure again"
        )


def format_results(rows: Iterable[dict]) -> Iterator[str]:
    """Yield lines with medians, ranges and figures, one work after the other."""
    for work, group in groupby(rows, key=lambda row: row["work"]):
        yield f"{WORKS[work]}:"
        heading = "seconds (least to most)"
        yield f"  {'':46} {heading:26} {'loss':>6} {'train':>6} {'test':>6} {'MB':>6}"
        for row in group:
            span = (
                f"{row['median_seconds']:.4f} "
                f"({row['least_seconds']:.4f} to {row['most_seconds']:.4f})"
            )
            figures = [row.get(name) for name in ("loss", "train_acc", "test_acc")]
            cells = ["" if value is None else f"{value:.3f}" for value in figures]
            cells.append("" if row["peak_mb"] is None else f"{row['peak_mb']:.0f}")
            columns = " ".join(f"{cell:>6}" for cell in cells)
            yield f"  {row['name']:46} {span:26} {columns}".rstrip()


def format_verdicts(verdicts: Iterable[dict]) -> Iterator[str]:
    """Yield lines with the ratios and their targets."""
    yield f"{'ratio of medians':52} {'found':>8} {'at most':>8}"
    for row in verdicts:
        write = format_ratio if row["denominator"] else "{:.3g} s".format
        goal = "-" if row["target"] is None else write(row["target"])
        found, word = write(row["ratio"]), WORDS[row["met"]]
        yield f"{row['name']:52} {found:>8} {goal:>8}  {word}".rstrip()


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


def show_benchmark(rows: Iterable[dict], title: str = "") -> Figure:
    """Draw medians as dots and ranges as lines, on one logarithmic axis.

    Rows of one work stand next to each other and share axes; this package is blue, the
    floor of matrix products alone a dashed line.
    """
    by_work = groupby(rows, key=lambda row: row["work"])
    groups = {work: list(group) for work, group in by_work}
    sizes = [len(group) + 1 for group in groups.values()]
    figure = make_figure(9, 0.32 * sum(sizes) + 1.2, title)
    axes = figure.subplots(
        len(groups), 1, sharex=True, squeeze=False, height_ratios=sizes
    )[:, 0]
    for ax, (work, group) in zip(axes, groups.items()):
        _draw_work(ax, group)
        ax.set_title(WORKS[work], fontsize=10, loc="left")
    axes[-1].set_xscale("log")
    axes[-1].xaxis.set_major_formatter("{x:g}")
    axes[-1].set_xlabel("seconds, logarithmic: median (dot) and range (line)")
    return figure


def _draw_work(ax, rows: list[dict]) -> None:
    """Draw one kind of work, the first contender on top."""
    for place, row in enumerate(rows):
        middle, most = row["median_seconds"], row["most_seconds"]
        colour = OURS if row["name"].startswith("ours") else OTHERS
        ax.hlines(place, row["least_seconds"], most, color=colour, linewidth=2)
        ax.plot(middle, place, "o", color=colour, markersize=5)
        style = {"xytext": (6, 0), "textcoords": "offset points", "va": "center"}
        ax.annotate(f"{middle:.3g} s", (most, place), fontsize=8, **style)
        if row["key"] == FLOOR:
            ax.axvline(middle, color="black", linestyle="--", linewidth=1)
            style = {"fontsize": 8, "rotation": 90, "ha": "right", "va": "top"}
            ax.text(middle, -0.5, "floor: matrix products alone ", **style)
    ax.set_yticks(range(len(rows)), [row["name"] for row in rows], fontsize=9)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.margins(x=0.12)
    ax.grid(axis="x", which="both", alpha=0.25)
