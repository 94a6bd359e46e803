"""Seconds per epoch against workers: what was measured, and what follows."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..charts import PALETTE
from .distributed_cost import Cost
from .distributed_model import (
    LINKS,
    MOST,
    WAYS,
    Basis,
    list_workers,
    make_bases,
    predict_epoch,
)

__all__ = ["show_distributed"]

DASHES = dict(zip(WAYS, ("-", "--")))
BLACK = "#000000"


def show_distributed(costs: Iterable[Cost], title: str = "") -> Figure:
    """Draw the model's curves with the measured points beside them.

    Parameters
    ----------
    costs : iterable of Cost
    title : str, optional
        What to write above; the machine, say.

    Returns
    -------
    matplotlib.figure.Figure
        A column for each network, a row for each batch size; all axes logarithmic.
    """
    costs = list(costs)
    bases = make_bases(costs)
    networks = list(dict.fromkeys(basis.network for basis in bases))
    sizes = sorted({basis.batch_size for basis in bases})
    shape = len(sizes), len(networks)
    figure = Figure(
        figsize=(3.9 * shape[1], 3.3 * shape[0] + 1.6), layout="constrained"
    )
    panels = figure.subplots(*shape, sharex=True, squeeze=False)
    for basis in bases:
        row, column = sizes.index(basis.batch_size), networks.index(basis.network)
        _draw_panel(panels[row, column], basis, costs)
    for panel in panels[:, 0]:
        panel.set_ylabel("seconds per epoch of 60,000 images")
    for panel in panels[-1]:
        panel.set_xlabel("workers")
    lines = {line.get_label(): line for panel in panels.flat for line in panel.lines}
    figure.legend(
        lines.values(), lines, loc="outside lower center", ncols=2, handlelength=4
    )
    figure.suptitle(title, fontsize=11)
    return figure


def _draw_panel(ax: Axes, basis: Basis, costs: list[Cost]) -> None:
    """Draw one network with one batch size."""
    for link, colour in zip(LINKS, PALETTE):
        for way, dashes in DASHES.items():
            workers = list_workers(basis)
            seconds = [predict_epoch(basis, n, link, way) for n in workers]
            label = f"model, {link.name}, {way.name}"
            ax.plot(workers, seconds, dashes, color=colour, label=label)
    _draw_measured(ax, basis, costs)
    ax.set(xscale="log", yscale="log", xlim=(0.85, MOST * 1.2))
    title = f"{basis.network}, batches of {basis.batch_size:,}"
    if basis.batch_size < MOST:
        title += f"\n(at most {basis.batch_size:,} workers: an image for each)"
    ax.set_title(title, fontsize=9)
    ax.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
    ax.grid(which="major", alpha=0.3)


def _draw_measured(ax: Axes, basis: Basis, costs: list[Cost]) -> None:
    """Draw one process, as a line to compare with, and the jobs."""
    own = [
        cost
        for cost in costs
        if (cost.run.network, cost.run.batch_size) == (basis.network, basis.batch_size)
    ]
    alone = next(cost.epoch for cost in own if cost.workers == 0)
    ax.plot(
        [1, MOST], [alone] * 2, ":", color=BLACK, label="measured, one process alone"
    )
    jobs = [cost for cost in own if cost.workers]
    if not jobs:
        return
    style = {"color": BLACK, "markerfacecolor": "white", "markersize": 5}
    numbers = [cost.workers for cost in jobs]
    label = f"measured, jobs of {min(numbers)} to {max(numbers)} on this machine"
    ax.plot(numbers, [cost.epoch for cost in jobs], "o", label=label, **style)
