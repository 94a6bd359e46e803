"""Polygons, one per picture: what the drawn garments are made of.

Points are in pixels from the centre of the picture, x to the right and y downwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["Part", "Vary", "band", "mirrored", "pair", "part", "rounded", "sometimes"]

ABSENT = -1.0  # the shade of a part in a picture that does without it
Vary = Callable[[float, float], np.ndarray]  # one random number per picture


class Part(NamedTuple):
    """One polygon per picture, and its shade: 0 is background, 1 is bright cloth."""

    points: np.ndarray  # (n or 1, num_points, 2)
    shade: np.ndarray | float  # (n,) or one for all


def part(corners: list[tuple], shade: np.ndarray | float) -> Part:
    """Make a part from (x, y) corners, each a number or one number per picture."""
    flat = np.broadcast_arrays(*[value for corner in corners for value in corner])
    points = np.stack([np.atleast_1d(values) for values in flat], axis=-1)
    return Part(points.reshape(len(points), -1, 2), shade)


def mirrored(half: list[tuple], shade: np.ndarray | float) -> Part:
    """Close the right half of an outline, from top to bottom, with its reflection."""
    return part(half + [(-x, y) for x, y in reversed(half)], shade)


def pair(corners: list[tuple], shade: np.ndarray | float) -> list[Part]:
    """Make a part and its reflection."""
    return [part(corners, shade), part([(-x, y) for x, y in corners], shade)]


def band(start: tuple, end: tuple, width, shade: np.ndarray | float) -> Part:
    """Make a band from `start` to `end`, `width` across in the direction of x."""
    (x, y), (u, v), w = start, end, width / 2
    return part([(x - w, y), (x + w, y), (u + w, v), (u - w, v)], shade)


def rounded(part: Part) -> Part:
    """Cut the corners of a part (Chaikin's algorithm, one step)."""
    here, after = part.points, np.roll(part.points, -1, axis=1)
    cut = np.stack([0.75 * here + 0.25 * after, 0.25 * here + 0.75 * after], axis=2)
    return Part(cut.reshape(len(here), -1, 2), part.shade)


def sometimes(vary: Vary, chance: float, shade: np.ndarray | float) -> np.ndarray:
    """Return `shade` for a share of the pictures and leave the part out of the rest."""
    return np.where(vary(0, 1) < chance, shade, ABSENT)
