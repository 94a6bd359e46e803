"""The ratios that must be reached, and whether they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from .contenders import CONTENDERS
from .rounds import Result

__all__ = ["RATIOS", "Ratio", "Verdict", "judge", "list_left_out"]


@dataclass(frozen=True)
class Ratio:
    """One row of the table: a contender against another, both named by their keys.

    The target is what the ratio may be at most, None where it is only shown; the
    quantity is ``seconds``, or ``peak`` for resident memory.
    """

    name: str
    numerator: str
    denominator: str
    target: float | None
    quantity: str = "seconds"


RATIOS = (
    Ratio("training, Gluon / d2lzh", "gluon", "d2lzh", 1 / 40),
    Ratio("training, Gluon / PyTorch's best loop", "gluon", "torch", 0.6),
    Ratio("training, Gluon / JAX's compiled scan", "gluon", "jax", 0.65),
    Ratio("training, Gluon / JAX's scan over bytes", "gluon", "jax-bytes", None),
    Ratio("training, Gluon / BLAS alone", "gluon", "blas", 1.6),
    Ratio("training, Gluon / without the engine", "gluon", "gluon-plain", None),
    Ratio("training, from scratch / PyTorch's", "scratch", "torch-scratch", 1.5),
    Ratio("training, hybridized / PyTorch's", "scratch-hybrid", "torch-scratch", 0.9),
    Ratio("training, a user's block / plain Gluon", "block", "block-plain", 1.0),
    Ratio("training, from scratch / d2lzh", "scratch", "d2lzh-scratch", 1 / 15),
    Ratio("evaluating / PyTorch", "evaluate", "torch-evaluate", 1.0),
    Ratio("reading, in process / d2lzh", "read-0", "read-d2lzh", 1 / 30),
    Ratio("reading, 4 workers / Gluon's 4", "read-4", "read-gluon", 0.35),
    Ratio("resize=96, in process / d2lzh", "resize-0", "resize-d2lzh", 1 / 5),
    Ratio("resize=96, 2 workers / d2lzh's 4", "resize-2", "resize-d2lzh", 0.5),
    Ratio("start to first batch / import mxnet", "start", "import", 1.25),
    Ratio("peak memory, Gluon / PyTorch", "gluon", "torch", 0.7, "peak"),
    Ratio("perceptron / PyTorch", "perceptron", "torch-perceptron", 1.2),
    Ratio("convolutional / PyTorch", "convolutional", "torch-convolutional", 1.2),
)
"""What must be reached, as medians of one run on one machine."""


class Verdict(NamedTuple):
    """A ratio as it was found."""

    ratio: Ratio
    value: float

    @property
    def met(self) -> bool | None:
        """Whether the target was reached; None where there is none."""
        return None if self.ratio.target is None else self.value <= self.ratio.target


def judge(results: Iterable[Result]) -> list[Verdict]:
    """Compute every ratio whose two contenders were measured, in the table's order."""
    found = {
        result.contender.key: {"seconds": result.middle("seconds"), "peak": result.peak}
        for result in results
    }
    verdicts = []
    for ratio in RATIOS:
        if {ratio.numerator, ratio.denominator} <= found.keys():
            above = found[ratio.numerator][ratio.quantity]
            below = found[ratio.denominator][ratio.quantity]
            verdicts.append(Verdict(ratio, above / below))
    return verdicts


def list_left_out(peers: Iterable[str]) -> dict[str, list[str]]:
    """List the names of the ratios that need a peer beyond these, by that peer."""
    peer_of = {contender.key: contender.peer for contender in CONTENDERS}
    left_out: dict[str, list[str]] = {}
    for ratio in RATIOS:
        peer = peer_of[ratio.denominator]
        if peer and peer not in peers:
            left_out.setdefault(peer, []).append(ratio.name)
    return left_out
