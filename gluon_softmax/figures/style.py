"""What all figures share: their colours and dashes, and that a notebook shows them."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure

__all__ = ["COLOURS", "DASHES", "PALETTE", "make_figure"]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
"""Okabe and Ito's, which everyone can tell apart."""
PALETTE = (*COLOURS, "#000000", "#56b4e9", "#e69f00")
"""All of theirs but yellow, which is too pale on white."""
DASHES = ("-", "--", "-.", ":")


class _NotebookFigure(Figure):
    """A figure that a notebook shows without pyplot."""

    def _repr_png_(self) -> bytes:
        """Draw the figure for a notebook."""
        picture = BytesIO()
        self.savefig(picture, format="png", bbox_inches="tight")
        return picture.getvalue()


def make_figure(width: float, height: float, title: str) -> Figure:
    """Make an empty figure of so many inches, with its title above."""
    figure = _NotebookFigure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, fontsize=11)
    return figure
