"""What the book's second edition measures and draws with: Timer, Animator, images."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from IPython import display
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib_inline.backend_inline import set_matplotlib_formats

from ..figures.live import in_notebook
from .results import to_numpy

__all__ = [
    "Animator",
    "Timer",
    "plt",
    "set_axes",
    "set_figsize",
    "show_images",
    "use_svg_display",
]

FORMATS = ("-", "m--", "g-.", "r:")
FIGSIZE = (3.5, 2.5)


class Timer:
    """Measures several times, in seconds.

    Notes
    -----
    Section 3.1 of the second edition.
    """

    def __init__(self):
        self.times: list[float] = []
        self.start()

    def start(self) -> None:
        """Begin to measure."""
        self._start = time.perf_counter()

    def stop(self) -> float:
        """Note the time since the start, and return it."""
        self.times.append(time.perf_counter() - self._start)
        return self.times[-1]

    def avg(self) -> float:
        """Return the mean of all times."""
        return self.sum() / len(self.times)

    def sum(self) -> float:
        """Return the sum of all times."""
        return sum(self.times)

    def cumsum(self) -> list[float]:
        """Return the sums up to each time."""
        return np.cumsum(self.times).tolist()


def use_svg_display() -> None:
    """Have a notebook draw figures as SVG; section 2.4 of the second edition."""
    set_matplotlib_formats("svg")


def set_figsize(figsize: tuple[float, float] = FIGSIZE) -> None:
    """Set the size of figures, in inches; section 2.4 of the second edition."""
    use_svg_display()
    plt.rcParams["figure.figsize"] = figsize


def set_axes(
    axes: Axes, xlabel, ylabel, xlim, ylim, xscale, yscale, legend: Sequence[str]
) -> None:
    """Label and scale axes; section 2.4 of the second edition."""
    axes.set(xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale)
    axes.set(xlim=xlim, ylim=ylim)
    if legend:
        axes.legend(legend)
    axes.grid()


def show_images(
    imgs,
    num_rows: int,
    num_cols: int,
    titles: Sequence[str] | None = None,
    scale: float = 1.5,
) -> np.ndarray:
    """Draw images in a grid.

    Parameters
    ----------
    imgs : mxnet array or numpy.ndarray
        Shape (n, height, width), or (n, height, width, channels).
    num_rows, num_cols : int
        Of the grid.
    titles : sequence of str, optional
        What to write above each image.
    scale : float
        Side of an image, in inches.

    Returns
    -------
    numpy.ndarray
        The axes, one for each place of the grid.

    Notes
    -----
    Section 3.5 of the second edition.
    """
    figsize = (num_cols * scale, num_rows * scale)
    _, axes = plt.subplots(num_rows, num_cols, figsize=figsize, squeeze=False)
    axes = axes.flatten()
    for ax in axes:
        ax.xaxis.set_visible(False)
        ax.yaxis.set_visible(False)
    for ax, image, title in zip(axes, imgs, titles or [""] * len(imgs)):
        ax.imshow(to_numpy(image))
        ax.set_title(title)
    return axes


class Animator:
    """Curves that are drawn again with each point that is added.

    Parameters
    ----------
    xlabel, ylabel, legend, xlim, ylim, xscale, yscale
        As for `set_axes`.
    fmts : sequence of str
        Matplotlib's format of each curve.
    nrows, ncols : int
        Of the grid of axes; the curves are in the first.
    figsize : (float, float)
        In inches.

    Notes
    -----
    Section 3.6 of the second edition.
    """

    def __init__(
        self,
        xlabel: str | None = None,
        ylabel: str | None = None,
        legend: Sequence[str] | None = None,
        xlim: Sequence[float] | None = None,
        ylim: Sequence[float] | None = None,
        xscale: str = "linear",
        yscale: str = "linear",
        fmts: Sequence[str] = FORMATS,
        nrows: int = 1,
        ncols: int = 1,
        figsize: tuple[float, float] = FIGSIZE,
    ):
        use_svg_display()
        self.fig, axes = plt.subplots(nrows, ncols, figsize=figsize, squeeze=False)
        self.axes = axes.flatten()
        self.fmts = fmts
        self._settings = (xlabel, ylabel, xlim, ylim, xscale, yscale, legend or ())
        self._curves: list[tuple[list, list]] = []

    def add(self, x, y) -> None:
        """Add a point to each curve, and draw them.

        Parameters
        ----------
        x : number, or one per curve
        y : number, or one per curve; None adds no point to its curve
        """
        ys = y if hasattr(y, "__len__") else [y]
        xs = x if hasattr(x, "__len__") else [x] * len(ys)
        self._curves = self._curves or [([], []) for _ in ys]
        for curve, point in zip(self._curves, zip(xs, ys)):
            if None not in point:
                for values, value in zip(curve, point):
                    values.append(float(value))
        self._draw()

    def _draw(self) -> None:
        """Draw all curves, in a notebook in place of the figure before."""
        first = self.axes[0]
        first.cla()
        for curve, fmt in zip(self._curves, self.fmts):
            first.plot(*curve, fmt)
        set_axes(first, *self._settings)
        if in_notebook():
            display.display(self.fig)
            display.clear_output(wait=True)
