"""A finished comparison as a table."""

from __future__ import annotations

from statistics import median

from ..history import Epoch
from .compare import Comparison
from .versions import SCRATCH

__all__ = ["format_hybridized", "format_narrow_table", "format_table"]


def format_table(comparison: Comparison) -> list[str]:
    """Return a comparison's table: a title, two lines of headings, one per epoch."""
    settings = ", ".join(f"{key} {value}" for key, value in comparison.settings.items())
    columns = f"{'loss':>8} {'train acc':>9} {'test acc':>8} {'seconds':>7}"
    names = [f"{f'[ {name} ]':^{len(columns)}}" for name in comparison.histories]
    headings = [columns] * len(names)
    lines = [
        f"{comparison.data}: {settings}",
        " | ".join(["     ", *names, "largest difference"]),
        " | ".join(["epoch", *headings, "of any parameter"]),
    ]
    rows = zip(*comparison.histories.values())
    for epochs, difference in zip(rows, comparison.differences):
        cells = [f"{_format_epoch(epoch):>{len(columns)}}" for epoch in epochs]
        lines.append(" | ".join([f"{epochs[0].epoch:5}", *cells, f"{difference:.1e}"]))
    return lines


def format_narrow_table(comparison: Comparison) -> list[str]:
    """Return a table 63 columns wide, with a line for each epoch and version."""
    title, *_ = format_table(comparison)
    lines = [title, "epoch version         loss train acc test acc seconds differ by"]
    rows = zip(*comparison.histories.values())
    for epochs, difference in zip(rows, comparison.differences):
        for name, epoch in zip(comparison.histories, epochs):
            lines.append(f"{epoch.epoch:5} {name:13} {_format_epoch(epoch):>33}")
        lines[-1] += f" {difference:9.1e}"
    return lines


def format_hybridized(comparison: Comparison) -> str:
    """Return a line on what hybridizing the version from scratch changes."""
    hybrid = median(comparison.hybridized.column("seconds"))
    written = median(comparison.histories[SCRATCH].column("seconds"))
    return (
        f"{SCRATCH}, hybridized: {hybrid:.2f} seconds per epoch against {written:.2f} "
        f"as written, largest difference {comparison.hybrid_difference:.1e}"
    )


def _format_epoch(epoch: Epoch) -> str:
    """Return one version's figures to stand under the headings."""
    return (
        f"{epoch.loss:.4f} {epoch.train_acc:9.3f} {epoch.test_acc:8.3f} "
        f"{epoch.seconds:7.2f}"
    )
