"""README.zh.md says what README.md says, with the same code, commands and numbers."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```.*?^```$", flags=re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) (.*)\n", flags=re.MULTILINE)
IMAGE = re.compile(r"!\[[^\]]+\]\(([^)]+)\)")
NUMBER = re.compile(r"(\d+(?:[.,]\d+)*(?:e-?\d+)?)(?:\s(million|万))?")
SCALES = {"million": 1_000_000, "万": 10_000}
SPAN = re.compile(r"`([^`]+)`")
TOUCHING = re.compile(r"[\u4e00-\u9fff][A-Za-z0-9`]|[A-Za-z0-9`][\u4e00-\u9fff]")
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff`][,;:!?]|[\u4e00-\u9fff]\.")


def split(text):
    """Return (level, title, content without code blocks) of each section."""
    parts = HEADING.split(BLOCK.sub("", text))[1:]
    return list(zip(map(len, parts[::3]), parts[1::3], parts[2::3]))


def find_spans(text):
    """Count what stands in backticks, wherever its lines are broken."""
    return Counter(" ".join(span.split()) for span in SPAN.findall(text))


def find_numbers(text):
    """Count the numbers outside backticks; 1.2 million is 120 万."""
    found = NUMBER.findall(SPAN.sub("", text))
    return Counter(
        float(digits) * SCALES[scale] if scale else digits for digits, scale in found
    )


def find_rows(text):
    """Return code and numbers of each cell of each row of the tables."""
    rows = re.findall(r"^\|.*$", text, flags=re.MULTILINE)
    return [
        [(find_spans(cell), find_numbers(cell)) for cell in row.split("|")]
        for row in rows
    ]


SECTIONS = list(zip(split(ENGLISH), split(CHINESE)))
EACH = pytest.mark.parametrize(
    ("english", "chinese"),
    [(english[2], chinese[2]) for english, chinese in SECTIONS],
    ids=[english[1] for english, _ in SECTIONS],
)


def test_each_links_to_the_other_first():
    """The first line of each leads to the other."""
    assert ENGLISH.startswith("[中文](README.zh.md)\n")
    assert CHINESE.startswith("[English](README.md)\n")


def test_sections_are_the_same():
    """As many sections, of the same levels in the same order."""
    levels = [level for level, *_ in split(ENGLISH)]
    assert [level for level, *_ in split(CHINESE)] == levels
    assert len(levels) > 10


def test_code_is_the_same():
    """Code and console output are the same to the byte."""
    assert BLOCK.findall(CHINESE) == BLOCK.findall(ENGLISH)
    assert len(BLOCK.findall(ENGLISH)) > 5


def test_images_are_the_same():
    """The same images in the same order, each with a text in Chinese."""
    assert IMAGE.findall(CHINESE) == IMAGE.findall(ENGLISH)
    assert all(re.match("[\u4e00-\u9fff]", text) for text in CHINESE.split("![")[1:])


@EACH
def test_commands_and_names_are_the_same(english, chinese):
    """Each section has the same code in backticks, commands among it."""
    assert find_spans(chinese) == find_spans(english)


@EACH
def test_numbers_are_the_same(english, chinese):
    """Each section has the same numbers."""
    assert find_numbers(chinese) == find_numbers(english)


@EACH
def test_tables_are_the_same(english, chinese):
    """Each cell of each table has the same code and numbers."""
    assert find_rows(chinese) == find_rows(english)


@EACH
def test_paragraphs_are_the_same(english, chinese):
    """Each section has as many paragraphs, one more at most, to gloss code."""
    counts = [len(re.findall(r"\n\n+(?=\S)", text)) for text in (english, chinese)]
    assert counts[0] <= counts[1] <= counts[0] + 1


def test_chinese_is_set_as_chinese():
    """A space parts Chinese from Latin and numbers; punctuation is of full width."""
    text = "".join(content for _, _, content in split(CHINESE))
    assert TOUCHING.findall(text) == []
    assert HALF_WIDTH.findall(SPAN.sub("`", text)) == []
