"""What `gluon-softmax compare` leaves, and where other commands look for it."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from ..errors import DataError

__all__ = [
    "COMPARISON",
    "FOLDER",
    "MODEL",
    "STAND_IN_SUFFIX",
    "check_result",
    "find_published",
    "name_classes",
]

FOLDER = Path("comparison")
COMPARISON = FOLDER / "comparison.json"
MODEL = FOLDER / "model-gluon.npz"
STAND_IN_SUFFIX = "-stand-in"
"""Ends the name of every file about garments that were drawn for Fashion-MNIST."""


def check_result(path: Path, option: str) -> None:
    """Check that a result is there; offer one of another data set that is."""
    pattern = f"{glob.escape(path.stem)}-*{glob.escape(path.suffix)}"
    others = [] if path.exists() else sorted(path.parent.glob(pattern))
    if others:
        raise DataError(
            f"{path} is not there, but {others[0]} is, of another data set: take that "
            f"with {option} {others[0]}"
        )


def find_published(title: str) -> str | None:
    """Return the name of the published data set of a title, if there is one."""
    from ..data.published import PUBLISHED

    return next((name for name, p in PUBLISHED.items() if p.title == title), None)


def name_classes(classes: Sequence[str], language: str) -> list[str]:
    """Return the names of classes; garments have Chinese ones, too."""
    from ..data.labels import TEXT_LABELS, TEXT_LABELS_ZH

    are_garments = tuple(classes) == TEXT_LABELS
    return list(TEXT_LABELS_ZH if language == "zh" and are_garments else classes)
