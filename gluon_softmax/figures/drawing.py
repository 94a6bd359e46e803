"""The figures of sections 3.5-3.7: data in, a Matplotlib figure out.

No figure touches pyplot or a file. In a notebook the last one of a cell shows itself;
`save` writes one, and `present` does what a script and a notebook both want.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ..errors import ArgumentError
from ..history import History
from ..storage.atomic import replacing
from .live import in_notebook

__all__ = [
    "present",
    "save",
    "show_confusion_matrix",
    "show_curves",
    "show_fashion_mnist",
    "show_live_curves",
    "show_predictions",
    "show_probabilities",
    "show_templates",
]

RIGHT, WRONG = "#0b6623", "#b00020"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # Okabe and Ito's, told apart
LINES = ("-", "--", "-.", ":")
FORMATS = ("png", "svg")


class _Figure(Figure):
    """A figure that a notebook shows without pyplot."""

    def _repr_png_(self) -> bytes:
        """Draw the figure for a notebook."""
        picture = BytesIO()
        self.savefig(picture, format="png", bbox_inches="tight")
        return picture.getvalue()


def save(figure: Figure, path: str | os.PathLike[str]) -> list[Path]:
    """Write a figure as PNG and SVG; no display is needed.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path
        Folder and name, without a suffix.

    Returns
    -------
    list of pathlib.Path
        The two files. The same figure gives the same bytes again.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    path, written = Path(path), []
    for file_format in FORMATS:
        file = path.with_name(f"{path.name}.{file_format}")
        metadata = {"Date": None} if file_format == "svg" else None
        # The salt, and no date: else the file would change with every run.
        with (
            replacing(file) as temporary,
            matplotlib.rc_context({"svg.hashsalt": path.name, "svg.fonttype": "path"}),
        ):
            figure.savefig(
                temporary,
                format=file_format,
                dpi=150,
                bbox_inches="tight",
                metadata=metadata,
            )
        written.append(file)
    return written


def present(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure as `save` does, and show it: in a notebook itself, else its files.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path
        Folder and name, without a suffix.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    written = save(figure, path)
    if in_notebook():
        from IPython.display import display

        display(figure)
        return
    for file in written:
        print(f"wrote {file}")


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
    figure, axes = _row(images, labels)
    for ax, image, label in zip(axes, _pixels(images), labels):
        _picture(ax, image, cmap="gray")
        ax.set_title(label, fontsize=10)
    figure.suptitle(title, fontsize=11)
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
    _check_counts(len(true_labels), pred_labels)
    texts = [
        f"{true}\n{pred}" if true == pred else f"{true}\nnot {pred}"
        for true, pred in zip(true_labels, pred_labels)
    ]
    figure = show_fashion_mnist(images, texts, title)
    for ax, true, pred in zip(figure.axes, true_labels, pred_labels):
        ax.title.set_color(RIGHT if true == pred else WRONG)
        if true != pred:
            _frame(ax, WRONG)
    return figure


def show_probabilities(
    images: np.ndarray,
    names: Sequence[str],
    probabilities: np.ndarray,
    classes: Sequence[str],
    title: str = "",
) -> Figure:
    """Draw images, each beside the probability of every class.

    Parameters
    ----------
    images : numpy.ndarray
        Shape (n, ...), each image of 28 x 28 pixels.
    names : sequence of str
        What to write above each image.
    probabilities : numpy.ndarray
        Shape (n, classes).
    classes : sequence of str
        The name of each class.
    title : str, optional
        What to write above all.

    Returns
    -------
    matplotlib.figure.Figure
        A row per image; the most probable class is marked.

    Raises
    ------
    ArgumentError
        If there is not one name for each image.
    """
    _check_counts(len(images), names)
    figure = _Figure(figsize=(7, 2.6 * len(images) + 0.5), layout="constrained")
    rows = figure.subplots(len(images), 2, squeeze=False, width_ratios=(1, 1.8))
    for (left, right), image, name, row in zip(
        rows, _pixels(images), names, probabilities
    ):
        _picture(left, image, cmap="gray", vmin=0, vmax=255)
        left.set_title(name, fontsize=10, parse_math=False)  # a "$" is in file names
        bars = right.barh(classes, row, color=COLOURS[0])
        bars[row.argmax()].set(color=COLOURS[1], hatch="//", edgecolor="white")
        right.bar_label(bars, [f"{p:.3f}" for p in row], padding=2, fontsize=8)
        right.set(xlim=(0, 1.12), xlabel="probability", ylabel="class")
        right.invert_yaxis()
    figure.suptitle(title, fontsize=11)
    return figure


def show_curves(histories: Mapping[str, History], title: str = "") -> Figure:
    """Draw loss and accuracy of several trainings over each other.

    Parameters
    ----------
    histories : mapping of str to History
        What to call each training, and its figures.
    title : str, optional
        What to write above the curves; the data set, say.

    Returns
    -------
    matplotlib.figure.Figure
        Left the training loss, right training and test accuracy, by epoch.
    """
    figure = _Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for index, (name, history) in enumerate(histories.items()):
        # Later lines are dashed and thinner: where two agree, both are seen.
        style = {
            "color": COLOURS[index % len(COLOURS)],
            "linestyle": LINES[index % len(LINES)],
            "linewidth": max(4 - 2 * index, 1.5),
        }
        epoch = history.column("epoch")
        plain = "" if len(history) > 1 else "s"  # a line of one point is invisible
        left.plot(epoch, history.column("loss"), marker=plain, label=name, **style)
        for column, marker in (("train_acc", plain), ("test_acc", "o")):
            label = f"{name}, {column.split('_')[0]}"
            values = history.column(column)
            right.plot(epoch, values, marker=marker, label=label, **style)
    left.set(xlabel="epoch", ylabel="training loss (nats per sample)")
    right.set(xlabel="epoch", ylabel="accuracy (share of images)")
    for ax in (left, right):
        ax.legend()
        ax.grid(alpha=0.3)
        _widen(ax)
        ax.xaxis.get_major_locator().set_params(integer=True)
    figure.suptitle(title, fontsize=11)
    return figure


def show_live_curves(
    history: History, points: Sequence[tuple[float, float, float]], title: str = ""
) -> Figure:
    """Draw loss and accuracy of a training that still goes on.

    Parameters
    ----------
    history : History
        The epochs that are finished; may be empty.
    points : sequence of (epoch, loss, accuracy)
        Means from the beginning of an epoch up to some point in it; may be empty.
    title : str, optional
        What to write above the curves.

    Returns
    -------
    matplotlib.figure.Figure
        Left the training loss, right training and test accuracy, by epoch.
    """
    figure = show_curves({"each epoch": history}, title)
    style = {"color": COLOURS[1], "linewidth": 1.2, "label": "within the epoch"}
    for ax, column in zip(figure.axes, (1, 2)):
        if points:
            ax.plot([p[0] for p in points], [p[column] for p in points], **style)
        ax.legend()
    return figure


def show_templates(
    weights: Mapping[str, np.ndarray], classes: Sequence[str], title: str = ""
) -> Figure:
    """Draw what each class looks for: its weights as an image.

    Parameters
    ----------
    weights : mapping of str to numpy.ndarray
        What to call each net, and its weights (784, classes).
    classes : sequence of str
        The name of each class.
    title : str, optional
        What to write above the images.

    Returns
    -------
    matplotlib.figure.Figure
        A row per net; red pixels speak for the class, blue ones against it.
    """
    figure = _Figure(
        figsize=(1.25 * len(classes), 1.6 * len(weights) + 0.6), layout="constrained"
    )
    rows = figure.subplots(len(weights), len(classes), squeeze=False)
    limit = max(np.abs(W).max() for W in weights.values())
    for axes, (name, W) in zip(rows, weights.items()):
        for ax, template, label in zip(axes, _pixels(W.T), classes):
            drawn = _picture(ax, template, cmap="RdBu_r", vmin=-limit, vmax=limit)
            ax.set_title(label, fontsize=9)
        axes[0].set_ylabel(name, fontsize=10)
    figure.colorbar(drawn, ax=rows, shrink=0.8, label="weight (per pixel, 0-1)")
    figure.suptitle(title, fontsize=11)
    return figure


def show_confusion_matrix(
    labels: np.ndarray,
    predictions: Mapping[str, np.ndarray],
    classes: Sequence[str],
    title: str = "",
) -> Figure:
    """Draw which class is taken for which.

    Parameters
    ----------
    labels : numpy.ndarray
        True classes, shape (n,), int.
    predictions : mapping of str to numpy.ndarray
        What to call each net, and its predictions, shape (n,), int.
    classes : sequence of str
        The name of each class.
    title : str, optional
        What to write above the matrices.

    Returns
    -------
    matplotlib.figure.Figure
        A matrix per net, a row per true class, counts in the cells.
    """
    side = 0.55 * len(classes)
    figure = _Figure(
        figsize=(len(predictions) * (side + 1.2), side + 1.8), layout="constrained"
    )
    matrices = figure.subplots(1, len(predictions), squeeze=False)[0]
    for ax, (name, predicted) in zip(matrices, predictions.items()):
        counts = np.zeros((len(classes), len(classes)), dtype=int)
        np.add.at(counts, (labels, predicted), 1)
        _matrix(ax, counts, classes)
        share = np.trace(counts) / counts.sum()
        ax.set_title(f"{name}: {share:.3f} right", fontsize=10)
    figure.suptitle(title, fontsize=11)
    return figure


def _widen(ax) -> None:
    """Show a single epoch, or values that differ by rounding, as what they are."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    if right - left < 1:
        ax.set_xlim(0, 2)
    if top - bottom < 0.01:
        ax.set_ylim(bottom - 0.01, top + 0.01)


def _matrix(ax, counts: np.ndarray, classes: Sequence[str]) -> None:
    """Draw one confusion matrix."""
    ticks = range(len(classes))
    ax.imshow(counts, cmap="Blues")
    ax.set_xticks(ticks, classes, rotation=45, ha="right", fontsize=8)
    ax.set_yticks(ticks, classes, fontsize=8)
    ax.set(xlabel="predicted class", ylabel="true class")
    for (true, predicted), count in np.ndenumerate(counts):
        colour = "white" if count > counts.max() / 2 else "black"
        text = str(count) if count else ""
        ax.text(predicted, true, text, ha="center", va="center", color=colour, size=7)


def _row(images, labels: Sequence[str]) -> tuple[Figure, list]:
    """Make a figure with axes in a row, one for each image."""
    _check_counts(len(images), labels)
    figure = _Figure(figsize=(1.3 * len(images), 2.0), layout="constrained")
    return figure, list(figure.subplots(1, len(images), squeeze=False)[0])


def _pixels(images) -> np.ndarray:
    """Bring images of any layout to (n, side, side)."""
    images = images if isinstance(images, np.ndarray) else images.asnumpy()
    side = round((images.size / len(images)) ** 0.5)
    return images.reshape(len(images), side, side)


def _picture(ax, image: np.ndarray, **options):
    """Draw one image without ticks."""
    ax.set(xticks=[], yticks=[])
    return ax.imshow(image, **options)


def _frame(ax, colour: str) -> None:
    """Draw a thick frame around an image."""
    for spine in ax.spines.values():
        spine.set(color=colour, linewidth=2.5)


def _check_counts(num_images: int, labels: Sequence[str]) -> None:
    """Check that no text would be lost or wander to another image."""
    if not num_images or len(labels) != num_images:
        raise ArgumentError(
            f"expected a text for each image, found {num_images} images and "
            f"{len(labels)} texts"
        )
