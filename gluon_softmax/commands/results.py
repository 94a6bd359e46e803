"""What `gluon-softmax compare` leaves, and where other commands look for it."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import DataError

__all__ = ["COMPARISON", "FOLDER", "MODEL", "STAND_IN_SUFFIX", "check_result"]

FOLDER = Path("comparison")
COMPARISON = FOLDER / "comparison.json"
MODEL = FOLDER / "model-gluon.npz"
STAND_IN_SUFFIX = "-stand-in"
"""Ends the name of every file about data that is not Fashion-MNIST."""


def check_result(path: Path, option: str) -> None:
    """Check that a result is there; offer the drawn stand-in's where only that is."""
    stand_in = path.parent / f"{path.stem}{STAND_IN_SUFFIX}{path.suffix}"
    # Unlike Path's, this is false where a name is too long to exist.
    if os.path.exists(stand_in) and not os.path.exists(path):
        raise DataError(
            f"{path} is not there, but {stand_in} is, of garments that were drawn "
            f"where Fashion-MNIST could not be had: take that with {option} {stand_in}"
        )
