"""What the README says is true."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from gluon_softmax import run_comparison
from gluon_softmax.models import Model, save_model

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
FIGURES = r"\| +([\d.]+) +([\d.]+) +([\d.]+) +[\d.]+ "
EPOCH = re.compile(rf"^ +\d {FIGURES * 3}\|", flags=re.MULTILINE)


@pytest.mark.usefixtures("fashion", "chinese_font")
def test_snippets_run(tmp_path, monkeypatch):
    """The Python snippets run as they are printed, one after the other."""
    monkeypatch.chdir(tmp_path)
    params = {"W": np.zeros((784, 10), "f4"), "b": np.arange(10, dtype="f4")}
    model = Model("softmax", params, tuple("abcdefghij"))
    save_model(model, "comparison/model-gluon.npz")
    names = {}
    for snippet in SNIPPETS:
        exec(snippet, names)
    assert 0.7 < names["history"][-1].test_acc < 0.9
    assert len(names["flipped_iter"]) == 235
    assert names["scores"].shape == (1, 10)


def test_there_are_snippets_and_an_output():
    """The patterns of this module find something."""
    assert len(SNIPPETS) == 5
    assert len(EPOCH.findall(README)) == 5


@pytest.mark.slow
def test_the_output_shown_is_the_output(fashion):
    """The table on the first screen is what `make compare` prints."""
    comparison = run_comparison(*fashion)
    for shown, *epochs in zip(EPOCH.findall(README), *comparison.histories.values()):
        figures = [
            value
            for epoch in epochs
            for value in (epoch.loss, epoch.train_acc, epoch.test_acc)
        ]
        assert [float(value) for value in shown] == pytest.approx(figures, abs=6e-4)


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"\]\((figures/[^)]+)\)", README)))
)
def test_figures_shown_are_there(path):
    """Every figure of the README is in the repository, as PNG and SVG."""
    assert (ROOT / path).is_file()
    assert (ROOT / path).with_suffix(".svg").is_file()


def test_every_file_of_the_book_table_exists():
    """Scripts, modules and tests that the table names are there."""
    table = README.split("## From the book to the code")[1].split("\n## ")[0]
    for path in re.findall(r"`((?:scripts|tests|gluon_softmax)/[^`]*)`", table):
        assert (ROOT / path).exists(), path
