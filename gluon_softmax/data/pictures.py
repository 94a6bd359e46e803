"""A picture of any kind to the 28 x 28 grey pixels that the models know."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..errors import DataError
from .decoding import open_picture

__all__ = ["Picture", "read_picture"]

SIDE = 28
BRIGHT = 127
"""A background above this is bright: the data sets' own are black."""
FAINT = 0.05
"""How far from the background, as a share of all brightness, still counts as it."""
FULL = 0.85
"""What part of a square picture its subject fills where that is framed already."""
MARGINS = {"MNIST": 4}
"""Pixels left free around the digits of MNIST; garments go up to the edge."""


@dataclass(frozen=True)
class Picture:
    """A picture as a model sees it, and the steps that brought it to that.

    Its pixels are of shape (28, 28), uint8, bright on black.
    """

    pixels: np.ndarray
    steps: list[str]


def read_picture(path: str | os.PathLike[str], data: str = "") -> Picture:
    """Read a picture, and bring it to what the images of a data set look like.

    As Fashion-MNIST was made: trimmed, the longer side brought to 28 pixels, the
    shorter one padded, bright on black (Xiao, Rasul and Vollgraf, arXiv:1708.07747,
    section 2). Digits (`data` is 'MNIST') keep a margin of 4 pixels, and have their
    centre of mass in the middle. A picture that is 28 x 28 already is only inverted.
    """
    with open_picture(path) as (image, kind):
        grey = _make_grey(image)
    steps = [f"{kind}, read as grey"]
    if grey.min() == grey.max():
        raise DataError(
            f"{path}: expected a picture of something, found one colour all over "
            f"(grey {grey.min()}): choose another file"
        )
    background = _find_background(grey)
    if background > BRIGHT:
        grey, background = 255 - grey, 255 - background
        steps.append("inverted, for its background is bright")
    if grey.shape != (SIDE, SIDE):
        grey = _fit(_trim(grey, background, steps), MARGINS.get(data, 0), steps)
    return Picture(grey, steps)


def _make_grey(image: Image.Image) -> np.ndarray:
    """Return the brightness as bytes; what is transparent is white, as paper is."""
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits and more
        values = np.nan_to_num(np.asarray(image, "float64"))
        most = 65535 if image.mode.startswith("I") else max(values.max(), 1)
        return (values.clip(0, most) / most * 255).round().astype("uint8")
    image = image.convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(paper, image).convert("L"))


def _find_background(grey: np.ndarray) -> int:
    """Return the brightness that most of the border has."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return int(np.median(border))


def _trim(grey: np.ndarray, background: int, steps: list[str]) -> np.ndarray:
    """Cut off the edges that show nothing but background."""
    shown = abs(grey.astype(int) - background) > FAINT * 255
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return grey
    cut = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    is_square = grey.shape[0] == grey.shape[1]
    if cut.shape == grey.shape or (is_square and max(cut.shape) > FULL * len(grey)):
        return grey
    steps.append(f"trimmed to {cut.shape[1]} x {cut.shape[0]}")
    return cut


def _fit(grey: np.ndarray, margin: int, steps: list[str]) -> np.ndarray:
    """Bring the longer side to its length, and centre it on black."""
    most = SIDE - 2 * margin
    height, width = grey.shape
    size = [max(round(n * most / max(height, width)), 1) for n in (width, height)]
    small = np.asarray(Image.fromarray(grey).resize(size, Image.LANCZOS))
    top, left = (_place(small.sum(axis), margin) for axis in (1, 0))
    pixels = np.zeros((SIDE, SIDE), "uint8")
    pixels[top : top + small.shape[0], left : left + small.shape[1]] = small
    where = "" if size == [SIDE, SIDE] else " in the middle of 28 x 28"
    steps.append(f"scaled to {size[0]} x {size[1]}{where}")
    return pixels


def _place(brightness: np.ndarray, margin: int) -> int:
    """Return where rows or columns begin, by their middle or centre of mass."""
    free = SIDE - len(brightness)
    if not margin or not brightness.any():
        return free // 2
    centre = np.average(np.arange(len(brightness)), weights=brightness)
    return min(max(round(SIDE / 2 - centre), 0), free)
