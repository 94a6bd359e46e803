"""Figures with Chinese texts: a font that has the characters, or a clear line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

import matplotlib
from matplotlib import font_manager

from ..errors import ArgumentError

__all__ = ["LANGUAGE", "chinese_figures", "find_chinese_font", "is_chinese"]

LANGUAGE = "GLUON_SOFTMAX_LANGUAGE"
"""The environment variable that has figures drawn in Chinese where it is ``zh``."""
_language = ContextVar("language", default="")

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
    """Have figures that are made within drawn in Chinese; yield the family of the font.

    Their texts are translated, and Matplotlib's own figures can draw Chinese, too.
    `ArgumentError` is raised if no font for it is installed.
    """
    family = find_chinese_font()
    if family is None:
        raise ArgumentError(
            "no font with Chinese characters is installed: install one (Debian: "
            "apt-get install fonts-noto-cjk), or leave the names in English"
        )
    families = [*matplotlib.rcParams["font.family"], family]
    token = _language.set("zh")
    try:
        with matplotlib.rc_context({"font.family": families}):
            yield family
    finally:
        _language.reset(token)


def is_chinese() -> bool:
    """Return whether figures that are made now are to be in Chinese."""
    return (_language.get() or os.environ.get(LANGUAGE, "")) == "zh"


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
