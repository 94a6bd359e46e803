"""Data and template in, one HTML file out that needs nothing beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ...data.datasets import ImageDataset
from ...models.comparison_file import SavedComparison
from .content import collect

__all__ = ["build_page"]

HERE = Path(__file__).parent
STYLES = ("colours.css", "page.css", "sections.css")
SCRIPTS = (
    "model.js",
    "words.js",
    "elements.js",
    "curves.js",
    "tables.js",
    "templates.js",
    "matrix.js",
    "gallery.js",
    "bars.js",
    "pad.js",
    "page.js",
)
"""Joined in this order; all of them share one scope."""


def build_page(comparison: SavedComparison, test_set: ImageDataset) -> str:
    """Make the page of a comparison.

    Parameters
    ----------
    comparison : SavedComparison
    test_set : ImageDataset
        The test images of the comparison's data set.

    Returns
    -------
    str
        HTML with style, scripts, texts, models and images inside.

    Raises
    ------
    DataError
        If the comparison is not one that the page can show.
    """
    parts = {
        "style": _read(*STYLES),
        "theme": _read("theme.js"),
        "data": _embed(collect(comparison, test_set)),
        "texts": _embed(json.loads(_read("texts.json"))),
        "script": f'(() => {{\n"use strict";\n{_read(*SCRIPTS)}}})();\n',
    }
    # In one pass: what is put in is never searched for more places to fill.
    return re.sub(
        r"<!-- insert (\w+) -->", lambda found: parts[found[1]], _read("template.html")
    )


def _read(*names: str) -> str:
    """Read files of this folder, one behind the other."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


def _embed(content: dict) -> str:
    """Write JSON that no content can break out of its script element with."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
