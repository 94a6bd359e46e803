"""The texts of figures in Chinese: those of a table, put in as they are drawn."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

__all__ = ["translate", "translate_figure"]


def translate_figure(figure: Figure) -> None:
    """Translate every text of a figure that the table has; what a user wrote stays."""
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            if isinstance(axis.get_major_locator(), FixedLocator):
                labels = [label.get_text() for label in axis.get_ticklabels()]
                axis.set_ticklabels(list(map(translate, labels)))
    for text in figure.findobj(Text):
        text.set_text(translate(text.get_text()))


def translate(text: str) -> str:
    """Translate a text, or each of its lines or of its parts between commas.

    Examples
    --------
    >>> translate("epoch 3")
    '迭代周期 3'
    """
    table, patterns = _load_table()
    if text in table:
        return table[text]
    for pattern, chinese in patterns:
        if found := pattern.fullmatch(text):
            parts = {name: translate(part) for name, part in found.groupdict().items()}
            return chinese.format_map(parts)
    for sign, chinese in (("\n", "\n"), (": ", "\uff1a"), (", ", "\uff0c")):
        if sign in text:
            return chinese.join(map(translate, text.split(sign)))
    return text


@cache
def _load_table() -> tuple[dict[str, str], list[tuple[re.Pattern, str]]]:
    """Load what is said once and for all, and what has gaps."""
    path = Path(__file__).with_name("chinese.json")
    table = json.loads(path.read_text(encoding="utf-8"))
    patterns = [
        (re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(text))), chinese)
        for text, chinese in table.items()
        if "{" in text
    ]
    return {t: chinese for t, chinese in table.items() if "{" not in t}, patterns
