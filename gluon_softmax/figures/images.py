"""Images of a data set, with their names, predictions or probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import numpy as np
from matplotlib.figure import Figure

from ..errors import ArgumentError
from .style import COLOURS, as_text, make_figure

__all__ = [
    "draw_image",
    "show_fashion_mnist",
    "show_predictions",
    "show_probabilities",
    "to_numpy",
    "to_pictures",
]

RIGHT, WRONG = "#0b6623", "#b00020"
MOST = 18
"""Characters of a text that has room above an image."""


def show_fashion_mnist(images, labels: Sequence[str], title: str = "") -> Figure:
    """Draw a row of images with a text above each.

    Section 3.5 of the book. Images have the shape (n, height, width), with 1 or 3
    channels behind or before or without, or are square ones as rows of pixels;
    `ArgumentError` is raised if they are not, or if there is not one label for each.
    """
    texts = [as_text(label, most=MOST) for label in labels]
    return _draw_row(images, texts, title)


def show_predictions(
    images, true_labels: Sequence[str], pred_labels: Sequence[str], title: str = ""
) -> Figure:
    """Draw images with the true name above the predicted one, errors marked.

    Section 3.6.8 of the book. An error is red, framed, and says "not" before the wrong
    name. Arguments are as for `show_fashion_mnist`, with n names of each kind.
    """
    _check_texts(len(true_labels), pred_labels)
    are_right = [true == pred for true, pred in zip(true_labels, pred_labels)]
    texts = [
        f"{as_text(true, MOST)}\n{'' if is_right else 'not '}{as_text(pred, MOST)}"
        for true, pred, is_right in zip(true_labels, pred_labels, are_right)
    ]
    figure = _draw_row(images, texts, title)
    for ax, is_right in zip(figure.axes, are_right):
        ax.title.set_color(RIGHT if is_right else WRONG)
        if not is_right:
            for edge in ax.spines.values():
                edge.set(color=WRONG, linewidth=2.5)
    return figure


def show_probabilities(
    images: np.ndarray,
    names: Sequence[str],
    probabilities: np.ndarray,
    classes: Sequence[str],
    title: str = "",
) -> Figure:
    """Draw images (n, ...), each beside the probabilities (n, classes) of its classes.

    The most probable class is marked.
    """
    _check_texts(len(images), names)
    figure = make_figure(7, 2.6 * len(images) + 0.5, title)
    rows = figure.subplots(len(images), 2, squeeze=False, width_ratios=(1, 1.8))
    ticks = range(len(classes))
    for axes, image, name, row in zip(rows, to_pictures(images), names, probabilities):
        left, right = axes
        draw_image(left, image, cmap="gray", vmin=0, vmax=255)
        left.set_title(as_text(name), fontsize=10)
        bars = right.barh(ticks, row, color=COLOURS[0])
        bars[row.argmax()].set(color=COLOURS[1], hatch="//", edgecolor="white")
        right.bar_label(bars, [f"{p:.3f}" for p in row], padding=2, fontsize=8)
        right.set_yticks(ticks, map(as_text, classes))
        right.set(xlim=(0, 1.12), xlabel="probability", ylabel="class")
        right.invert_yaxis()
    return figure


def to_pictures(images) -> np.ndarray:
    """Convert images of any layout to (n, height, width), or (n, height, width, 3)."""
    pictures = to_numpy(images)
    n, *shape = pictures.shape
    if len(shape) == 1 and isqrt(shape[0]) ** 2 == shape[0]:  # square, as rows
        return pictures.reshape(n, isqrt(shape[0]), -1)
    if len(shape) == 3 and shape[2] not in (1, 3):  # channels before height and width
        pictures = np.moveaxis(pictures, 1, 3)
    if len(shape) == 3 and pictures.shape[3] == 1:
        pictures = pictures[..., 0]
    if len(shape) not in (2, 3) or pictures.shape[3:] not in ((), (3,)):
        raise ArgumentError(
            "expected images of shape (n, height, width), with 1 or 3 channels behind "
            f"or before, or square ones as rows of pixels, found {(n, *shape)}"
        )
    return pictures


def to_numpy(array) -> np.ndarray:
    """Return the numbers of an array of MXNet's or NumPy's, or of a list."""
    return array.asnumpy() if hasattr(array, "asnumpy") else np.asarray(array)


def _draw_row(images, texts: Sequence[str], title: str) -> Figure:
    """Draw a row of images with a text above each."""
    _check_texts(len(images), texts)
    figure = make_figure(1.3 * len(images), 2.0, title)
    row = figure.subplots(1, len(images), squeeze=False)[0]
    for ax, image, text in zip(row, to_pictures(images), texts):
        draw_image(ax, image, cmap="gray")
        ax.set_title(text, fontsize=10)
    return figure


def draw_image(ax, image: np.ndarray, **options):
    """Draw one image without ticks."""
    ax.set(xticks=[], yticks=[])
    return ax.imshow(image, **options)


def _check_texts(num_images: int, texts: Sequence[str]) -> None:
    """Check that no text would be lost or wander to another image."""
    if not num_images or len(texts) != num_images:
        raise ArgumentError(
            f"expected a text for each image, found {num_images} images and "
            f"{len(texts)} texts"
        )
