"""The sizes at which training is measured, one varied at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["AXES", "Axis", "Size", "list_sizes"]

USUAL = {
    "samples": 60_000,
    "batch_size": 256,
    "num_workers": 0,
    "threads": max(os.cpu_count() // 2, 1),  # what MXNet itself takes
    "classes": 10,
    "pixels": 28,
}


@dataclass(frozen=True)
class Axis:
    """What is varied in one panel, all else being as usual.

    Attributes
    ----------
    option : str
        A key of `USUAL`.
    label : str
        What the panel's axis says, unit included.
    values, quick : tuple of int
        All that are measured, and those measured in a hurry.
    mapped : bool
        Whether the images come from a file mapped into memory.
    """

    option: str
    label: str
    values: tuple[int, ...]
    quick: tuple[int, ...]
    mapped: bool = False


AXES = (
    Axis(
        "samples",
        "training images",
        (60_000, 180_000, 600_000, 1_800_000),
        (60_000, 120_000),
    ),
    Axis(
        "samples",
        "training images",
        (60_000, 600_000, 1_800_000, 6_000_000),
        (60_000, 120_000),
        mapped=True,
    ),
    Axis("batch_size", "images per batch", (1, 8, 64, 256, 1024, 8192), (256, 1024)),
    Axis("num_workers", "worker processes", (0, 1, 2, 4), (0, 2)),
    Axis("threads", "threads", (1, 2), (1, 2)),
    Axis("classes", "classes", (10, 32, 100, 316, 1000), (10, 100)),
    Axis("pixels", "pixels along a side", (28, 56, 112), (28, 56)),
)


@dataclass(frozen=True)
class Size:
    """One measurement to make.

    Attributes
    ----------
    axis : Axis
    value : int
        Of the axis's option.
    """

    axis: Axis
    value: int

    def __str__(self) -> str:
        where = " in a mapped file" if self.axis.mapped else ""
        return f"{self.value:,} {self.axis.label}{where}"

    def settings(self) -> dict[str, int]:
        """Give every setting, the usual ones included."""
        return {**USUAL, self.axis.option: self.value}


def list_sizes(quick: bool = False) -> Iterator[Size]:
    """List the measurements.

    Parameters
    ----------
    quick : bool
        Whether to leave out the most of them.

    Yields
    ------
    Size
    """
    for axis in AXES:
        for value in axis.quick if quick else axis.values:
            yield Size(axis, value)
