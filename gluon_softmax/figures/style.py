"""What all figures share: colours, dashes, how names are drawn, and how they show."""

from __future__ import annotations

from io import BytesIO
from unicodedata import category

import matplotlib
from matplotlib.figure import Figure
from matplotlib.text import Text

from .chinese import find_chinese_font, is_chinese
from .translation import translate_figure

__all__ = ["COLOURS", "DASHES", "PALETTE", "as_text", "make_figure"]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
"""Okabe and Ito's, which everyone can tell apart."""
PALETTE = (*COLOURS, "#000000", "#56b4e9", "#e69f00")
"""All of theirs but yellow, which is too pale on white."""
DASHES = ("-", "--", "-.", ":")


class _NotebookFigure(Figure):
    """A figure that a notebook shows without pyplot, and that can write Chinese."""

    def __init__(self, **options):
        super().__init__(**options)
        self._is_chinese = is_chinese()

    def draw(self, renderer) -> None:
        """Draw the figure, Chinese characters with a font that has them."""
        if self._is_chinese:
            translate_figure(self)
        for text in self.findobj(Text):
            has_chinese = any(character >= "\u2e80" for character in text.get_text())
            if has_chinese and (font := find_chinese_font()):
                text.set_fontfamily([*matplotlib.rcParams["font.family"], font])
        super().draw(renderer)

    def _repr_png_(self) -> tuple[bytes, dict[str, str]]:
        """Draw the figure for a notebook, with its title for who cannot see it."""
        picture = BytesIO()
        self.savefig(picture, format="png", bbox_inches="tight")
        return picture.getvalue(), {"alt": self._describe()}

    def _describe(self) -> str:
        """Return its title, else what its axes are called."""
        names = [ax.get_title() or ax.get_ylabel() for ax in self.axes]
        return self.get_suptitle() or ", ".join(filter(None, names)) or "figure"


def make_figure(width: float, height: float, title: str) -> Figure:
    """Make an empty figure of so many inches, with its title above."""
    figure = _NotebookFigure(figsize=(width, height), layout="constrained")
    figure.suptitle(as_text(title, most=120), fontsize=11)
    return figure


def as_text(name: object, most: int = 24) -> str:
    """Return a user's name as it is drawn: at most so many characters, all visible.

    A dollar is no mathematics. The first end of a line is kept: the book puts the true
    name above the predicted one.
    """
    return "\n".join(_as_line(line, most) for line in str(name).split("\n", 1))


def _as_line(line: str, most: int) -> str:
    """Return a line without what is invisible or would be read as mathematics."""
    shown = "".join(
        character
        if character.isprintable() or category(character) == "Zs"
        else character.encode("unicode_escape").decode()
        for character in line
    )
    if len(shown) > most:
        shown = f"{shown[: most // 2]}…{shown[-((most - 1) // 2) :]}"
    if shown.startswith("_"):  # which Matplotlib would leave out of a legend
        shown = f" {shown}"
    return shown.replace("$", r"\$")
