"""Code as it is shown in a lesson."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from gluon_softmax import handmade, scratch
from gluon_softmax.listing import read_code, show_code, show_wide


def double(x: float) -> float:
    # What stands above stays.
    return 2 * x  # (n,)


@pytest.mark.parametrize(
    ("function", "code"),
    [
        (
            scratch.cross_entropy,
            "def cross_entropy(y_hat: nd.NDArray, y: nd.NDArray) -> nd.NDArray:\n"
            "    return -nd.pick(y_hat, y).log()",
        ),
        (
            double,
            "def double(x: float) -> float:\n    # What stands above stays.\n"
            "    return 2 * x  # (n,)",
        ),
    ],
)
def test_the_docstring_is_left_out(function, code):
    """All else stays: annotations, comments, a function that has no docstring."""
    assert read_code(function) == code


def test_a_method_stands_at_the_margin():
    """It can be read, and run, as a function."""
    lines = read_code(handmade.Momentum.step).splitlines()
    assert lines[0].startswith("def step(self, gradients")
    assert lines[1].startswith("    for param, v, gradient in zip(")


def test_outside_a_notebook_code_is_printed(capsys):
    """A script shows it as text."""
    show_code(double)
    assert capsys.readouterr().out == read_code(double) + "\n"


def test_outside_a_notebook_wide_lines_are_printed(capsys):
    """They are as they were."""
    show_wide(["a <b>", "c"])
    assert capsys.readouterr().out == "a <b>\nc\n"


def test_in_a_notebook_wide_lines_are_not_broken(monkeypatch):
    """They are HTML that keeps lines whole, and plain text beside it."""
    shown = []
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.setattr("IPython.display.display", lambda *a, **b: shown.append((a, b)))
    show_wide(["a <b>", "c"])
    (((data,), options),) = shown
    assert options == {"raw": True}
    assert data["text/plain"] == "a <b>\nc"
    assert data["text/html"].endswith(">a &lt;b&gt;\nc</pre>")
    assert "white-space: pre;" in data["text/html"]
