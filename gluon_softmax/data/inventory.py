"""What is on this machine of each data set, and whether it is what it should be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import DataError
from . import sources

__all__ = ["Finding", "take_inventory"]


@dataclass(frozen=True)
class Finding:
    """One half of a data set in one place, or in none, and what is wrong with it."""

    split: str
    place: sources.Place | None
    revision: str
    problem: str

    def __str__(self) -> str:
        if self.problem:
            return f"{self.split}: {self.problem}"
        where = f"{self.place.folder} ({self.place.origin})"
        return f"{self.split}: {self.revision} revision in {where}"


def take_inventory(
    name: str, root: str | os.PathLike[str] | None = None
) -> Iterator[Finding]:
    """Yield a finding for each half and place of a data set that holds anything.

    The first sound one is what a data set reads; one says so where there is none.
    """
    missing = f"not on this machine: run gluon-softmax data fetch {name}"
    for train in (True, False):
        split = f"{name} {'train' if train else 'test'}"
        places = sources.places(name, root)
        found = [_find(name, train, split, place) for place in places]
        yield from filter(None, found)
        if not any(found):
            yield Finding(split, None, "", missing)


def _find(name: str, train: bool, split: str, place: sources.Place) -> Finding | None:
    """Return what one place holds of one half."""
    try:
        files = sources.inspect(name, train, place.folder)
    except DataError as error:
        return Finding(split, place, "", str(error))
    return files and Finding(split, place, files.revision, "")
