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
    """One split of a data set in one place.

    Attributes
    ----------
    split : str
        The data set and which half of it, 'fashion-mnist train', say.
    place : sources.Place or None
        Where it was found; None where it is nowhere.
    revision : str
        Which edition was found; empty where the files are damaged.
    problem : str
        What is wrong and what to do about it; empty where nothing is.
    """

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
    """Look for a data set in every place, and verify what is there.

    Parameters
    ----------
    name : str
        Name of the data set, 'fashion-mnist' or 'mnist'.
    root : path, optional
        A folder to look in first.

    Yields
    ------
    Finding
        For each split one for every place that holds anything, or one that says that
        it is nowhere. The first sound one is what a data set reads.
    """
    for train in sources.SPLITS:
        split = f"{name} {'train' if train else 'test'}"
        places = sources.places(name, root)
        found = [_look(name, train, split, place) for place in places]
        missing = f"not on this machine: run gluon-softmax data fetch {name}"
        yield from filter(None, found)
        if not any(found):
            yield Finding(split, None, "", missing)


def _look(name: str, train: bool, split: str, place: sources.Place) -> Finding | None:
    """Return what one place holds of one split."""
    try:
        files = sources.inspect(name, train, place.folder)
    except DataError as error:
        return Finding(split, place, "", str(error))
    return files and Finding(split, place, files.revision, "")
