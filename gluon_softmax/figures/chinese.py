"""Figures with Chinese texts: a font that has the characters, or a clear line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
from matplotlib import font_manager

from ..errors import ArgumentError

__all__ = ["chinese_figures"]

FILES = (
    "NotoSansCJK",
    "NotoSansSC",
    "SourceHanSans",
    "wqy-microhei",
    "wqy-zenhei",
    "simhei",
    "msyh",
    "PingFang",
    "NotoSerifCJK",
    "DroidSansFallback",
    "uming",
)
"""How the files of fonts with Chinese characters begin, the best first."""


@contextmanager
def chinese_figures() -> Iterator[str]:
    """Draw what Matplotlib's own font lacks with one that has Chinese characters.

    Yields
    ------
    str
        The family of the font found.

    Raises
    ------
    ArgumentError
        If no such font is installed.

    Examples
    --------
    In a notebook::

        with d2l.chinese_figures():
            names = d2l.get_fashion_mnist_labels(y[:9], "zh")
            figure = d2l.show_fashion_mnist(X[:9], names)
    """
    family = _find_family()
    families = [*matplotlib.rcParams["font.family"], family]
    with matplotlib.rc_context({"font.family": families}):
        yield family


def _find_family() -> str:
    """Find a font; look at the disk, for Matplotlib's own list may be out of date."""
    paths = [Path(path) for path in font_manager.findSystemFonts()]
    for start in FILES:
        found = [p for p in paths if p.name.lower().startswith(start.lower())]
        # The upright face of normal weight comes before bold and light ones.
        for path in sorted(found, key=lambda p: ("regular" not in p.name.lower(), p)):
            font_manager.fontManager.addfont(str(path))
            return font_manager.FontProperties(fname=str(path)).get_name()
    raise ArgumentError(
        "no font with Chinese characters is installed: install one (Debian: apt-get "
        "install fonts-noto-cjk), or leave the names in English"
    )
