"""The files that a comparison leaves: its figures and its numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from ..chapter.compare import Comparison
from ..chapter.versions import VERSIONS
from ..figures import output
from ..figures.confusion import show_confusion_matrix
from ..figures.curves import show_curves
from ..figures.images import show_fashion_mnist, show_predictions
from ..figures.templates import show_templates
from .comparison_file import write_comparison

__all__ = ["draw_gallery", "write_gallery"]

SHOWN = 9
"""Images in a row, as in the book."""


def draw_gallery(
    comparison: Comparison, classes: Sequence[str] | None = None
) -> Iterator[tuple[str, Figure]]:
    """Draw every figure of a comparison, and yield each with a name for its files.

    The classes are called what the data set calls them, if not otherwise: in Chinese,
    say.
    """
    data, test_set = comparison.data, comparison.test_set
    images, classes = test_set.images[:SHOWN], classes or test_set.classes
    names = [classes[label] for label in test_set.labels[:SHOWN]]
    yield "images", show_fashion_mnist(images, names, f"{data}: test images")
    for key, version in VERSIONS.items():
        predictions = comparison.predictions[version]
        predicted = [classes[label] for label in predictions[:SHOWN]]
        title = f"{data}: true name above the one predicted, {version}"
        yield f"predictions-{key}", show_predictions(images, names, predicted, title)
    yield "curves", show_curves(comparison.histories, data)
    weights = {version: W for version, (W, b) in comparison.params.items()}
    title, shape = f"{data}: weights as images", test_set.images.shape[1:3]
    yield "templates", show_templates(weights, classes, title, shape)
    matrices = show_confusion_matrix(
        test_set.labels, comparison.predictions, classes, f"{data}: test images"
    )
    yield "confusion", matrices


def write_gallery(
    comparison: Comparison,
    folder: str | os.PathLike[str],
    suffix: str = "",
    classes: Sequence[str] | None = None,
) -> Iterator[Path]:
    """Write every figure as PNG and SVG, the models and the numbers; yield each file.

    The suffix is added to all names.
    """
    folder = Path(folder)
    for name, figure in draw_gallery(comparison, classes):
        yield from output.save(figure, folder / f"{name}{suffix}")
    yield from write_comparison(comparison, folder, suffix)
