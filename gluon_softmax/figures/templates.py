"""Templates: what each class looks for, its weights as an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from mxnet import gluon

from ..errors import ArgumentError
from .images import draw_image, to_numpy, to_pictures
from .style import as_text, make_figure

__all__ = ["show_templates"]


def show_templates(
    weights: gluon.Block | np.ndarray | Mapping[str, np.ndarray],
    classes: Sequence[str] | None = None,
    title: str = "",
    shape: tuple[int, int] | None = None,
) -> Figure:
    """Draw what each class looks for: its weights as an image, a row per net.

    Parameters
    ----------
    weights : mxnet.gluon.Block, array of shape (784, classes), or mapping of such
        The net of section 3.7; the ``W`` of section 3.6; or what to call each of
        several nets, and its weights. Of deeper nets `ArgumentError` is raised.
    classes : sequence of str, optional
        The name of each class; numbers if not given.
    title : str, optional
        What to write above the images.
    shape : (height, width), optional
        Of the images; square ones if not given.

    Examples
    --------
    >>> figure = show_templates(np.random.randn(784, 10), title="drawn weights")
    """
    named = weights if isinstance(weights, Mapping) else {"": weights}
    flat = {name: _to_array(W).T for name, W in named.items()}
    templates = {
        name: to_pictures(W.reshape(-1, *shape) if shape else W)
        for name, W in flat.items()
    }
    limit = max(np.abs(pictures).max() for pictures in templates.values())
    num_classes = max(map(len, templates.values()))
    figure = make_figure(1.25 * num_classes, 1.3 * len(templates) + 1.1, title)
    rows = figure.subplots(len(templates), num_classes, squeeze=False)
    for axes, (name, pictures) in zip(rows, templates.items()):
        for ax, picture in zip(axes, pictures):
            drawn = draw_image(ax, picture, cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes[0].set_ylabel(as_text(name, most=14), fontsize=10)
    for ax, label in zip(rows[0], classes or range(num_classes)):
        ax.set_title(as_text(label, most=18), fontsize=9)
    figure.supxlabel("red pixels speak for the class, blue ones against it", size=10)
    figure.colorbar(drawn, ax=rows, shrink=0.8, label="weight (per pixel, 0-1)")
    return figure


def _to_array(weights: gluon.Block | np.ndarray) -> np.ndarray:
    """Return the weights (784, classes) of a net of one layer, or those given."""
    if not isinstance(weights, gluon.Block):
        return to_numpy(weights)
    layers = list(weights.collect_params(".*weight").values())
    if len(layers) != 1:
        raise ArgumentError(
            f"expected a net of one layer of weights, found {len(layers)}: only the "
            "weights of softmax regression are images"
        )
    return layers[0].list_data()[0].asnumpy().T  # Gluon's is (classes, inputs)
