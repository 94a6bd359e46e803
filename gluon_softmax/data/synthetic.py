"""Pictures of garments drawn by the package, for when Fashion-MNIST cannot be had.

What garments look like is in `garments.json`: each is painted in layers of polygons,
which each have two outlines and two shades. A picture has something between the two,
the same for all polygons of a layer. Points are in pixels from the centre of the
picture, x to the right and y downwards; a shade of 1 is bright cloth. `when` is for
polygons that not every picture has: between which of the numbers from 0 to 1 that are
drawn for a layer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from ..errors import check_whole_number
from .datasets import ImageDataset
from .labels import TEXT_LABELS
from .pictures import SIDE

__all__ = ["SyntheticFashion", "draw_garments"]

ENLARGEMENT = 4  # of the canvas, so that shrinking it smooths the edges
ABSENT = -1.0  # the shade of a polygon in a picture that does without it
Vary = Callable[[float, float], np.ndarray]  # one random number per picture


class Part(NamedTuple):
    """One polygon per picture, and its shade."""

    points: np.ndarray  # (n, num_points, 2)
    shade: np.ndarray  # (n,)


class SyntheticFashion(ImageDataset):
    """Garments drawn by this package, for when Fashion-MNIST cannot be had.

    Parameters
    ----------
    train : bool
        Whether to draw a training set or a test set; no image is in both.
    transform : callable, optional
        Called as ``transform(image, label)`` for each sample or slice that is read.
    num_images : int, optional
        How many; 10,000 for training and 2,000 for testing if not given.
    seed : int
        The same seed gives the same images.

    Raises
    ------
    ArgumentError
        If `num_images` is below 1.

    Notes
    -----
    The ten classes and the picture format are those of Fashion-MNIST, the accuracies
    are not: never compare them with published ones.
    """

    def __init__(
        self,
        train: bool = True,
        transform: Callable | None = None,
        num_images: int | None = None,
        seed: int = 0,
    ):
        if num_images is None:
            num_images = 10_000 if train else 2_000
        # Even seeds for training, odd ones for testing: the two never meet.
        images, labels = draw_garments(num_images, 2 * seed + (not train))
        super().__init__(
            images,
            labels,
            transform,
            title="SyntheticFashion (drawn stand-in, not Fashion-MNIST)",
            classes=TEXT_LABELS,
            preparation="garments",
            origin="this package",
        )


def draw_garments(num_images: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw garments of the ten classes of Fashion-MNIST, bright on black.

    The images are of shape (num_images, 28, 28), uint8, the labels int32 and shuffled;
    class sizes differ by one at most.

    Examples
    --------
    >>> images, labels = draw_garments(20, seed=0)
    >>> images.shape, np.bincount(labels).tolist()
    ((20, 28, 28), [2, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    """
    check_whole_number("num_images", num_images, least=1)
    check_whole_number("seed", seed, least=0)
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(num_images, dtype=np.int32) % len(TEXT_LABELS))
    images = np.empty((num_images, SIDE, SIDE), dtype=np.uint8)
    for label in np.unique(labels):
        garment = _load_garments()[TEXT_LABELS[label]]
        places = np.flatnonzero(labels == label)
        vary = partial(rng.uniform, size=len(places))
        parts = [part for layer in garment["layers"] for part in _shape(layer, vary)]
        images[places] = _dye(_fill(_pose(parts, vary)), garment["stripes"], rng)
    return images, labels


@cache
def _load_garments() -> dict[str, dict]:
    """Load what the garments look like, by their labels."""
    path = Path(__file__).with_name("garments.json")
    return json.loads(path.read_text(encoding="utf-8"))


def _shape(layer: list[dict], vary: Vary) -> Iterator[Part]:
    """Yield the polygons of a layer, for each picture between their two outlines."""
    share = np.stack([vary(0, 1), vary(0, 1)], axis=-1)[:, None]
    brightness, choice = vary(0, 1), vary(0, 1)
    for polygon in layer:
        first, last = (_parse(polygon[end]) for end in ("from", "to"))
        dark, bright = polygon["shade"]
        least, most = polygon.get("when", (0, 1))
        shade = dark + (bright - dark) * brightness
        is_there = (least <= choice) & (choice < most)
        yield Part(first + (last - first) * share, np.where(is_there, shade, ABSENT))


def _parse(points: str) -> np.ndarray:
    """Parse points as SVG has them, ``x,y x,y``."""
    return np.array([point.split(",") for point in points.split()], float)


def _pose(parts: list[Part], vary: Vary) -> list[Part]:
    """Stretch, slant and move each picture's garment as a whole."""
    wide, tall = vary(0.76, 1.0), vary(0.78, 1.02)
    frame = np.stack([wide, vary(-0.09, 0.09), vary(-0.14, 0.14), tall], axis=-1)
    shift = np.stack([vary(-1.4, 1.4), vary(-1.4, 1.4)], axis=-1)[:, None]
    frame = frame.reshape(-1, 2, 2)
    return [Part(points @ frame + shift, shade) for points, shade in parts]


def _fill(parts: list[Part]) -> np.ndarray:
    """Paint each picture's parts over one another; return (n, 28, 28) uint8."""
    num_images = len(parts[0].points)
    shapes = []
    for points, shade in parts:
        corners = ((points + SIDE / 2) * ENLARGEMENT).reshape(num_images, -1)
        shapes.append((corners.tolist(), (shade * 255).astype(int).tolist()))
    return np.stack([_paint(shapes, i) for i in range(num_images)])


def _paint(shapes: list[tuple[list, list]], i: int) -> np.ndarray:
    """Paint picture `i` on a large canvas and shrink it."""
    canvas = Image.new("L", (SIDE * ENLARGEMENT, SIDE * ENLARGEMENT))
    pencil = ImageDraw.Draw(canvas)
    for outlines, fills in shapes:
        if fills[i] >= 0:
            pencil.polygon(outlines[i], fill=fills[i])
    return np.asarray(canvas.reduce(ENLARGEMENT))


def _dye(images: np.ndarray, stripes: float, rng: np.random.Generator) -> np.ndarray:
    """Return each garment its own brightness, lighting, stripes and grain."""
    vary = partial(rng.uniform, size=(len(images), 1, 1))
    x = np.arange(SIDE) - SIDE / 2
    cloth = vary(0.55, 1.0) * (1 + vary(-0.015, 0.015) * x)
    for position in (x, x[:, None]):
        depth = stripes * np.maximum(vary(-2, 1), 0)  # two thirds have none
        cloth = cloth * (1 - depth - depth * np.sin(position * vary(0.8, 2.2)))
    grain = rng.standard_normal(images.shape, dtype=np.float32)
    # Factors, not terms, so that the background stays black.
    return np.clip(images * cloth * (1 + 0.05 * grain), 0, 255).astype(np.uint8)
