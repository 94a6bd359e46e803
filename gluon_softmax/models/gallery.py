"""The files that a comparison leaves: its figures and its numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from ..chapter.compare import Comparison
from ..chapter.versions import VERSIONS
from ..figures import drawing
from .comparison_file import write_comparison

__all__ = ["draw_gallery", "write_gallery"]

SHOWN = 9
"""Images in a row, as in the book."""


def draw_gallery(
    comparison: Comparison, classes: Sequence[str] | None = None
) -> Iterator[tuple[str, Figure]]:
    """Draw every figure of a comparison.

    Parameters
    ----------
    comparison : Comparison
    classes : sequence of str, optional
        What to call the classes, if not as the data set does: in Chinese, say.

    Yields
    ------
    name : str
        What to call the figure's files.
    figure : matplotlib.figure.Figure
    """
    data, test_set = comparison.data, comparison.test_set
    images, classes = test_set.images[:SHOWN], classes or test_set.classes
    names = [classes[label] for label in test_set.labels[:SHOWN]]
    yield "images", drawing.show_fashion_mnist(images, names, f"{data}: test images")
    for key, version in VERSIONS.items():
        predictions = comparison.predictions[version]
        predicted = [classes[label] for label in predictions[:SHOWN]]
        title = f"{data}: true name above the one predicted, {version}"
        figure = drawing.show_predictions(images, names, predicted, title)
        yield f"predictions-{key}", figure
    yield "curves", drawing.show_curves(comparison.histories, data)
    weights = {version: W for version, (W, b) in comparison.params.items()}
    yield "templates", drawing.show_templates(weights, classes, data)
    labels = test_set.labels
    yield (
        "confusion",
        drawing.show_confusion_matrix(labels, comparison.predictions, classes, data),
    )


def write_gallery(
    comparison: Comparison,
    folder: str | os.PathLike[str],
    suffix: str = "",
    classes: Sequence[str] | None = None,
) -> Iterator[Path]:
    """Write every figure of a comparison, as PNG and SVG, its models and its numbers.

    Parameters
    ----------
    comparison : Comparison
    folder : path
        Made if it is missing.
    suffix : str
        What to add to the name of each file.
    classes : sequence of str, optional
        What the figures call the classes, if not as the data set does.

    Yields
    ------
    pathlib.Path
        Each file, as soon as it is written.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    folder = Path(folder)
    for name, figure in draw_gallery(comparison, classes):
        yield from drawing.save(figure, folder / f"{name}{suffix}")
    yield from write_comparison(comparison, folder, suffix)
