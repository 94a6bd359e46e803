"""The pages in Chinese have the code, the links and the tables of the English ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```.*?^```$", flags=re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"\s+#.*$", flags=re.MULTILINE)
LINK = re.compile(r"\]\(([^)]+)\)")
SPAN = re.compile(r"`([^`]+)`")


def find_code(text):
    """Return the blocks of code, without comments, which are translated."""
    return [COMMENT.sub("", block) for block in BLOCK.findall(text)]


def find_links(text):
    """Return where the links and the images lead, but for those between the two."""
    return [link.replace(".zh.md", ".md") for link in LINK.findall(text)[1:]]


def find_rows(text):
    """Return what each cell of each table has in backticks."""
    rows = re.findall(r"^\|.*$", BLOCK.sub("", text), flags=re.MULTILINE)
    return [[SPAN.findall(cell) for cell in row.split("|")] for row in rows]


def find_questions(text):
    """Return what each question and its answer have in backticks, in any order."""
    return [sorted(SPAN.findall(part)) for part in text.split("\n## ")]


@pytest.mark.parametrize(
    ("page", "find"),
    [
        ("README", find_code),
        ("README", find_links),
        ("README", find_rows),
        ("docs/questions", find_questions),
    ],
)
def test_both_have_the_same(page, find):
    """Code, links and tables are those of the English page, in the same order."""
    english = find((ROOT / f"{page}.md").read_text(encoding="utf-8"))
    chinese = find((ROOT / f"{page}.zh.md").read_text(encoding="utf-8"))
    assert chinese == english
    assert len(english) > 4
