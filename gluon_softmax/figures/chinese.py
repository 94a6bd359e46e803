"""Figures with Chinese texts: a font that has the characters, or a clear line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import matplotlib
from matplotlib import font_manager

from ..errors import ArgumentError

__all__ = ["chinese_figures", "find_chinese_font"]

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
    """Have Matplotlib's own figures draw Chinese, too; yield the family of the font.

    This package's figures look for that font themselves. `ArgumentError` is raised if
    none is installed.
    """
    family = find_chinese_font()
    if family is None:
        raise ArgumentError(
            "no font with Chinese characters is installed: install one (Debian: "
            "apt-get install fonts-noto-cjk), or leave the names in English"
        )
    families = [*matplotlib.rcParams["font.family"], family]
    with matplotlib.rc_context({"font.family": families}):
        yield family


@cache
def find_chinese_font() -> str | None:
    """Find a font on the disk, for Matplotlib's own list may be out of date."""
    paths = [Path(path) for path in font_manager.findSystemFonts()]
    for start in FILES:
        found = [p for p in paths if p.name.lower().startswith(start.lower())]
        # The upright face of normal weight comes before bold and light ones.
        for path in sorted(found, key=lambda p: ("regular" not in p.name.lower(), p)):
            font_manager.fontManager.addfont(str(path))
            return font_manager.FontProperties(fname=str(path)).get_name()
    return None
