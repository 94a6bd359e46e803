"""Data and template in, one HTML file out that needs nothing beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from ...data.datasets import ImageDataset
from ...models.comparison_file import SavedComparison
from ...models.model import Model
from .content import collect
from .networks import collect_epochs, pack_network
from .practice import collect_practice

__all__ = ["build_page"]

STYLES = (
    "colours.css",
    "page.css",
    "sections.css",
    "softmax.css",
    "networks.css",
    "practice.css",
)
SCRIPTS = (
    "inflate.js",
    "model.js",
    "words.js",
    "elements.js",
    "curves.js",
    "tables.js",
    "templates.js",
    "matrix.js",
    "gallery.js",
    "bars.js",
    "softmax.js",
    "networks.js",
    "pad.js",
    "learner.js",
    "practice.js",
    "page.js",
)
"""Joined in this order; all of them share one scope."""


def build_page(
    comparison: SavedComparison,
    train_set: ImageDataset,
    test_set: ImageDataset,
    networks: Iterable[Model] = (),
) -> str:
    """Return the page of a comparison and its data set's images, as HTML.

    Deeper networks on the same classes are set beside it.
    """
    content = collect(comparison, test_set)
    content["practice"] = collect_practice(train_set, test_set)
    content["epochs"] = collect_epochs(comparison.settings, train_set, test_set)
    content["networks"] = [pack_network(model, test_set) for model in networks]
    parts = {
        "style": _read_files(*STYLES),
        "theme": _read_files("theme.js"),
        "data": _embed(content),
        "texts": _embed(json.loads(_read_files("texts.json"))),
        "script": f'(() => {{\n"use strict";\n{_read_files(*SCRIPTS)}}})();\n',
    }
    # In one pass: what is put in is never searched for more places to fill.
    template = _read_files("template.html")
    return re.sub(r"<!-- insert (\w+) -->", lambda found: parts[found[1]], template)


def _read_files(*names: str) -> str:
    """Read files of this folder, one behind the other."""
    paths = map(Path(__file__).with_name, names)
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def _embed(content: dict) -> str:
    """Write JSON that no content can break out of its script element with."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
