"""Images of a data set, with their names, predictions or probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ..errors import ArgumentError
from .style import COLOURS, make_figure

__all__ = [
    "draw_image",
    "show_fashion_mnist",
    "show_predictions",
    "show_probabilities",
    "to_squares",
]

RIGHT, WRONG = "#0b6623", "#b00020"


def show_fashion_mnist(images, labels: Sequence[str], title: str = "") -> Figure:
    """Draw a row of images with a text above each.

    Parameters
    ----------
    images : mxnet.nd.NDArray or numpy.ndarray
        Shape (n, ...), each image of 28 x 28 pixels.
    labels : sequence of str
        The n texts.
    title : str, optional
        What to write above the row.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        If there is not one label for each image, or no image at all.

    Notes
    -----
    Section 3.5 of the book.
    """
    _check_texts(len(images), labels)
    figure = make_figure(1.3 * len(images), 2.0, title)
    row = figure.subplots(1, len(images), squeeze=False)[0]
    for ax, image, label in zip(row, to_squares(images), labels):
        draw_image(ax, image, cmap="gray")
        ax.set_title(label, fontsize=10)
    return figure


def show_predictions(
    images, true_labels: Sequence[str], pred_labels: Sequence[str], title: str = ""
) -> Figure:
    """Draw images with the true name above the predicted one, errors marked.

    Parameters
    ----------
    images : mxnet.nd.NDArray or numpy.ndarray
        Shape (n, ...), each image of 28 x 28 pixels.
    true_labels, pred_labels : sequence of str
        The n names each.
    title : str, optional
        What to write above the row.

    Returns
    -------
    matplotlib.figure.Figure
        An error is red, framed, and says "not" before the wrong name.

    Raises
    ------
    ArgumentError
        If there is not one name of each kind for each image.

    Notes
    -----
    Section 3.6.8 of the book.
    """
    _check_texts(len(true_labels), pred_labels)
    texts = [
        f"{true}\n{pred}" if true == pred else f"{true}\nnot {pred}"
        for true, pred in zip(true_labels, pred_labels)
    ]
    figure = show_fashion_mnist(images, texts, title)
    for ax, true, pred in zip(figure.axes, true_labels, pred_labels):
        ax.title.set_color(RIGHT if true == pred else WRONG)
        if true != pred:
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
    for axes, image, name, row in zip(rows, to_squares(images), names, probabilities):
        left, right = axes
        draw_image(left, image, cmap="gray", vmin=0, vmax=255)
        left.set_title(name, fontsize=10, parse_math=False)  # a "$" is in file names
        bars = right.barh(classes, row, color=COLOURS[0])
        bars[row.argmax()].set(color=COLOURS[1], hatch="//", edgecolor="white")
        right.bar_label(bars, [f"{p:.3f}" for p in row], padding=2, fontsize=8)
        right.set(xlim=(0, 1.12), xlabel="probability", ylabel="class")
        right.invert_yaxis()
    return figure


def to_squares(images) -> np.ndarray:
    """Convert images of any layout, shape (n, ...), to (n, side, side)."""
    images = images if isinstance(images, np.ndarray) else images.asnumpy()
    side = round((images.size / len(images)) ** 0.5)
    return images.reshape(len(images), side, side)


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
