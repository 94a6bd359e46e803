"""A picture of any kind to 28 x 28 grey pixels, by the rule of a model's data set.

Reading a training set and predicting a new picture both go through `prepare`, so that a
model sees new pictures as it saw those that it was trained on.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..errors import DataError, check_choice
from .decoding import open_picture

__all__ = [
    "DIGITS",
    "GARMENTS",
    "RULES",
    "WHOLE",
    "Picture",
    "assume_rule",
    "prepare",
    "read_picture",
]

SIDE = 28
"""Pixels of an image, across and down."""
WHOLE, GARMENTS, DIGITS = "whole", "garments", "digits"
RULES = {
    WHOLE: "whole pictures whose bright parts stay bright, as of a folder",
    GARMENTS: "trimmed and bright on black, as Fashion-MNIST",
    DIGITS: "trimmed and bright on black with a margin, as MNIST",
}
"""How pictures are brought to 28 x 28: the names that models store, in words."""
MARGINS = {GARMENTS: 0, DIGITS: 4}
"""Pixels left free around the subject; garments go up to the edge."""
BRIGHT = 127
"""A background above this is bright: the data sets' own are black."""
PALE = 200
"""A picture without a brighter pixel is pale: each training image of both published
sets has one of 254 or 255."""
FAINT = 0.05
"""How far from the background, as a share of all brightness, still counts as it."""
FULL = 0.85
"""What part of a square picture its subject fills where that is framed already."""


@dataclass(frozen=True)
class Picture:
    """A picture as a model sees it, (28, 28) uint8, and the steps that led there."""

    pixels: np.ndarray
    steps: list[str]


def assume_rule(data: str) -> str:
    """Return the rule of a model that stores none, by the title of its data set."""
    if data == "MNIST":
        return DIGITS
    is_drawn = data.startswith("SyntheticFashion")
    return GARMENTS if is_drawn or data in ("", "Fashion-MNIST") else WHOLE


def prepare(image: Image.Image, rule: str) -> Picture:
    """Convert a picture of any size and mode to 28 x 28 bytes of grey.

    What is transparent becomes white, as on paper, and sixteen bits become eight. Then,
    by the rule:

    ``whole``: the longer side is brought to 28 pixels, the shorter one filled up with
    the median along the edge. A grey picture of 28 x 28 bytes stays as it is.

    ``garments``: as Fashion-MNIST was made: bright on black, trimmed, the longer side
    brought to 28 pixels, the shorter one padded (Xiao, Rasul and Vollgraf,
    arXiv:1708.07747, section 2). One that is 28 x 28 already is only inverted. Those
    that are pale have their contrast stretched.

    ``digits``: so too, with a margin of 4 pixels, the centre of mass in the middle.
    """
    check_choice("rule", rule, RULES)
    grey, steps = _to_grey(image), []
    if rule == WHOLE:
        return Picture(_fit_whole(grey), steps)
    return Picture(_fit_subject(np.asarray(grey), MARGINS[rule], steps), steps)


def read_picture(path: str | os.PathLike[str], rule: str = GARMENTS) -> Picture:
    """Read a picture, and prepare it by a rule."""
    with open_picture(path) as (image, kind):
        try:
            picture = prepare(image, rule)
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
    picture.steps.insert(0, f"{kind}, read as grey")
    return picture


def _to_grey(image: Image.Image) -> Image.Image:
    """Convert any mode to eight bits of grey; what is transparent to white."""
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits and more
        values = np.nan_to_num(np.asarray(image, "float64"))
        most = 65535 if image.mode.startswith("I") else max(values.max(), 1)
        values = (values.clip(0, most) / most * 255).round()
        return Image.fromarray(values.astype("uint8"))
    if "A" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    return image.convert("L")


def _fit_whole(grey: Image.Image) -> np.ndarray:
    """Scale the longer side to 28 pixels; fill the shorter one up on both sides."""
    factor = SIDE / max(grey.size)
    size = tuple(max(1, round(side * factor)) for side in grey.size)
    small = np.asarray(grey.resize(size, Image.LANCZOS))
    pixels = np.full((SIDE, SIDE), np.median(_find_border(small)), "uint8")
    height, width = small.shape
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    pixels[top : top + height, left : left + width] = small
    return pixels


def _fit_subject(grey: np.ndarray, margin: int, steps: list[str]) -> np.ndarray:
    """Move the subject to its place, bright on black."""
    if grey.min() == grey.max():
        raise DataError(
            f"expected a picture of something, found one colour all over "
            f"(grey {grey.min()}): choose another file"
        )
    background = int(np.median(_find_border(grey)))
    if background > BRIGHT:
        grey, background = 255 - grey, 255 - background
        steps.append("inverted, for its background is bright")
    above, below = int(grey.max()) - background, background - int(grey.min())
    is_pale = grey.max() < PALE and above > below
    shown = abs(grey.astype(int) - background) > min(FAINT * 255, max(above, below) / 4)
    if is_pale:
        grey = grey - np.minimum(grey, background).astype("uint8")
        steps.append(f"contrast stretched, from {above} shades to 255")
    if grey.shape != (SIDE, SIDE):
        grey = _fit(_trim(grey, shown, steps), margin, steps)
    return (
        (grey * (255 / max(grey.max(), 1))).round().astype("uint8") if is_pale else grey
    )


def _find_border(grey: np.ndarray) -> np.ndarray:
    """Return the pixels along the edge; their median is the background."""
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def _trim(grey: np.ndarray, shown: np.ndarray, steps: list[str]) -> np.ndarray:
    """Cut off the edges where nothing is shown."""
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
    """Scale the longer side to its length, and centre it on black."""
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
