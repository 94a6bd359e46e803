"""What the images of a data set have in common, and whether a new one has it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .pictures import SIDE, WHOLE

if TYPE_CHECKING:
    from .datasets import ImageDataset

__all__ = ["Likeness", "measure_likeness", "tell_unlikeness"]

MOST_MEASURED = 2000
FEWEST_MEASURED = 500
"""Images to measure; fewer say too little about one in a hundred."""
QUANTILES = (0.005, 0.995)
"""Of Fashion-MNIST's training images these are 0.10 and 0.75 of the pixels covered, 3
objects, and a correlation of 0.29 with a class's mean; of MNIST's 0.06 and 0.29, 1 and
0.33. Outside are 2 to 3 of 100 test images, 98 of 100 sheets of nine garments, 74 of
100 sheets of four, and all of 60 garments on wood."""
SHOWN = 0.15
"""How far from the background, as a share of all brightness, a pixel is covered."""
LEAST_OBJECT = 12
"""Pixels of the smallest object that counts."""


class Likeness(NamedTuple):
    """The mean image of each class, and the limits within which the images are.

    `means` is of shape (classes, 784), float32; `limits` holds the least and the most
    of the pixels covered, the most objects, and the least correlation with a mean.
    """

    means: np.ndarray
    limits: np.ndarray


def measure_likeness(dataset: ImageDataset) -> Likeness | None:
    """Measure a data set's images; return None for few, or for others than 28 x 28."""
    images, labels = dataset.images, dataset.labels
    if len(images) < FEWEST_MEASURED or images.shape[1:] != (SIDE, SIDE, 1):
        return None
    step = -(-len(images) // MOST_MEASURED)
    images, labels = images[::step], labels[::step]
    classes = np.arange(len(dataset.classes))[:, None] == labels
    sums = classes.astype("float32") @ images.reshape(len(images), -1)
    means = sums / np.maximum(classes.sum(axis=1, keepdims=True), 1)
    covered, objects, correlation = _measure(images, means, dataset.preparation)
    least, most = QUANTILES
    limits = [np.quantile(covered, least), np.quantile(covered, most)]
    limits += [np.quantile(objects, most), np.quantile(correlation, least)]
    return Likeness(means.astype("float32"), np.array(limits))


def tell_unlikeness(likeness: Likeness | None, pixels: np.ndarray, rule: str) -> str:
    """Return in what an image (28, 28) is unlike a data set's; '' if in nothing known.

    Examples
    --------
    >>> likeness = Likeness(np.eye(2, 784), np.array([0.04, 0.84, 4, 0.19]))
    >>> dot = np.pad([[255]], ((0, 27), (0, 27)))
    >>> tell_unlikeness(likeness, dot, "garments")
    'nearly empty, 0% of the pixels covered (4% to 84%)'
    """
    if likeness is None:
        return ""
    measured = _measure(pixels[None], likeness.means, rule)
    covered, objects, correlation = (float(values[0]) for values in measured)
    least, most, most_objects, least_correlation = likeness.limits.tolist()
    told = []
    if not least <= covered <= most:
        name = "empty" if covered < least else "full"
        told.append(
            f"nearly {name}, {covered:.0%} of the pixels covered "
            f"({least:.0%} to {most:.0%})"
        )
    if objects > most_objects:
        told.append(f"{objects:.0f} objects (at most {most_objects:.0f})")
    if correlation < least_correlation:
        told.append(
            f"far from every class, correlation {correlation:.2f} with the nearest "
            f"one's mean ({least_correlation:.2f} or more)"
        )
    return "; ".join(told)


def _measure(
    images: np.ndarray, means: np.ndarray, rule: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Measure covered pixels, objects, and correlation with the nearest mean."""
    X = images.reshape(-1, SIDE, SIDE).astype("float32")
    centred = X.reshape(len(X), -1) - X.mean(axis=(1, 2))[:, None]
    targets = means - means.mean(axis=1, keepdims=True)
    norms = [np.linalg.norm(rows, axis=1) for rows in (centred, targets)]
    products = np.maximum(np.outer(*norms), 1e-6)
    correlation = (centred @ targets.T / products).max(axis=1)
    if rule == WHOLE:  # bright or dark, the background is along the edge
        edges = [X[:, 0], X[:, -1], X[:, :, 0], X[:, :, -1]]
        X = abs(X - np.median(np.hstack(edges), axis=1)[:, None, None])
    shown = X > SHOWN * 255
    return shown.mean(axis=(1, 2)), _count_objects(shown), correlation


def _count_objects(shown: np.ndarray) -> np.ndarray:
    """Count the connected parts of each image (n, 28, 28) of Booleans.

    Each pixel takes the largest number near it, until none changes in its image.
    """
    numbers = np.arange(1, SIDE * SIDE + 1, dtype="int16").reshape(SIDE, SIDE) * shown
    changing = np.arange(len(numbers))
    while len(changing):
        before = numbers[changing]
        rows = np.pad(before, ((0, 0), (1, 1), (1, 1)))
        rows = np.maximum.reduce([rows[:, k : k + SIDE] for k in range(3)])
        after = np.maximum.reduce([rows[:, :, k : k + SIDE] for k in range(3)])
        numbers[changing] = after * shown[changing]
        changing = changing[(numbers[changing] != before).any(axis=(1, 2))]
    counts = [np.bincount(image[image > 0]) for image in numbers]
    return np.array([(count >= LEAST_OBJECT).sum() for count in counts])
