"""What README and the pages of `docs/` say is true, in Chinese as in English."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from gluon_softmax import run_comparison
from gluon_softmax.models.model import Model, save_model

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "README.zh.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
README = PAGES[0].read_text(encoding="utf-8")
FIGURES = r"\| +([\d.]+) +([\d.]+) +([\d.]+) +[\d.]+ "
EPOCH = re.compile(rf"^ +\d {FIGURES * 3}\|", flags=re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
FENCE = re.compile(r"^```.*?^```$", flags=re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"\s+#.*$", flags=re.MULTILINE)
TARGET = re.compile(r"\]\(([^)]+)\)")
SPAN = re.compile(r"`([^`]+)`")
each_page = pytest.mark.parametrize("path", PAGES, ids=[page.name for page in PAGES])


def find_snippets(path):
    """Return the blocks of Python of a page."""
    text = path.read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def find_anchors(path):
    """Return what the headings of a page are linked by."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h).lower().replace(" ", "-") for h in headings}


@pytest.mark.usefixtures("fashion", "chinese_font")
@each_page
def test_snippets_run(path, tmp_path, monkeypatch):
    """The Python of a page runs as it is printed, one block after the other."""
    snippets = find_snippets(path)
    assert bool(snippets) == ("```python" in path.read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    params = {"W": np.zeros((784, 10), "f4"), "b": np.arange(10, dtype="f4")}
    model = Model("softmax", params, tuple("abcdefghij"))
    save_model(model, "comparison/model-gluon.npz")
    names = {}
    for snippet in snippets:
        exec(snippet, names)
    if "history" in names:
        assert 0.7 < names["history"][-1].test_acc < 0.9
    if "scores" in names:
        assert names["scores"].shape == (1, 10)


@pytest.mark.slow
def test_the_output_shown_is_the_output(fashion):
    """The table of the README is what `gluon-softmax compare` prints."""
    comparison = run_comparison(*fashion)
    assert len(EPOCH.findall(README)) == 5
    for shown, *epochs in zip(EPOCH.findall(README), *comparison.histories.values()):
        names = ("loss", "train_acc", "test_acc")
        figures = [getattr(epoch, name) for epoch in epochs for name in names]
        assert [float(value) for value in shown] == pytest.approx(figures, abs=6e-4)


@each_page
def test_links_lead_somewhere(path):
    """Each link within the repository leads to a file, and to a heading of it."""
    links = LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8")))
    for target, anchor in links:
        page = path.parent / target if target else path
        assert page.is_file() or target == "reference.md", target
        assert not anchor or anchor in find_anchors(page), f"{target}#{anchor}"


def test_every_file_of_the_book_table_exists():
    """Scripts and modules that the table names are there."""
    table = README.split("## From the book to the code")[1].split("\n## ")[0]
    paths = re.findall(r"`((?:scripts|gluon_softmax)/[^`]*)`", table)
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_times_shown_are_those_measured():
    """The table of docs/speed.md has the numbers of figures/bench.json."""
    bench = json.loads((ROOT / "figures" / "bench.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.*?) \| ([\d.]+) \| (\d+) \|$", page, flags=re.MULTILINE)
    measured = [
        (c["name"], f"{c['median_seconds']:.2f}", f"{c['peak_mb'] or 0:.0f}")
        for c in bench["contenders"]
    ]
    assert rows
    assert [row for row in rows if row not in measured] == []


def find_code(text):
    """Return the blocks of code, without comments, which are translated."""
    return [COMMENT.sub("", block) for block in FENCE.findall(text)]


def find_links(text):
    """Return where the links and the images lead, but for those between the two."""
    return [link.replace(".zh.md", ".md") for link in TARGET.findall(text)[1:]]


def find_rows(text):
    """Return what each cell of each table has in backticks."""
    rows = re.findall(r"^\|.*$", FENCE.sub("", text), flags=re.MULTILINE)
    return [[SPAN.findall(cell) for cell in row.split("|")] for row in rows]


@pytest.mark.parametrize("find", [find_code, find_links, find_rows])
def test_both_have_the_same(find):
    """Code, links and tables are those of the English page, in the same order."""
    english, chinese = (
        find((ROOT / f"README{language}.md").read_text(encoding="utf-8"))
        for language in ("", ".zh")
    )
    assert chinese == english
    assert len(english) > 4
