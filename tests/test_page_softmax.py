"""Softmax itself in the page: what its bars say, against NumPy in float32."""

from __future__ import annotations

import re

import numpy as np
import pytest
from browser import ask, click, find, press
from gluon_softmax.chapter.versions import SCRATCH
from gluon_softmax.commands.page.content import find_probabilities

pytest.importorskip("selenium.webdriver", reason="needs selenium")
pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium", "chromedriver")]


def slide(page, name, value):
    """Set a slider."""
    script = """
    const slider = document.getElementById(arguments[0]);
    slider.value = arguments[1];
    slider.dispatchEvent(new Event('input'));
    """
    page.execute_script(script, name, value)


def read_scores(page):
    return np.array(ask(page, "page.softmax().scores"), "float32")


def read_probabilities(page):
    """Return the probabilities; JSON has null for nan."""
    found = ask(page, "page.softmax().probabilities")
    return np.array([np.nan if p is None else p for p in found])


def test_the_scores_are_the_pictures(page, fashion, comparison):
    expected = find_probabilities(comparison.models[SCRATCH], fashion[1].images[:1])[0]
    np.testing.assert_allclose(read_probabilities(page), expected, atol=1e-6)
    loss = -np.log(expected.max())
    assert f"= {loss:.2f} nats" in find(page, "softmax-loss").text
    sigmoids = 1 / (1 + np.exp(-read_scores(page)))
    assert (
        f"add up to {sigmoids.sum():.2f}," in find(page, "softmax-sigmoid-total").text
    )


def test_a_score_moves_by_keys_and_by_dragging(page):
    """All probabilities follow; the picture's scores come back."""
    before = read_scores(page)
    page.execute_script("document.querySelector('#softmax-scores .cell').focus()")
    press(page, "ARROW_UP")
    assert read_scores(page)[0] == pytest.approx(before[0] + 0.5, abs=1e-5)
    click(page, "#softmax-scores .cell:nth-child(4)")  # in its middle: 0
    scores = read_scores(page)
    assert abs(scores[3]) < 0.3
    powers = np.exp(scores - scores.max())
    np.testing.assert_allclose(read_probabilities(page), powers / powers.sum(), 1e-5)
    assert find(page, "softmax-source").text == "Your own scores."
    click(page, "#softmax-picture")
    np.testing.assert_array_equal(read_scores(page), before)


def test_temperature_divides_the_scores(page):
    before = read_scores(page)
    slide(page, "softmax-temperature", 4)
    np.testing.assert_allclose(read_scores(page), before / 4, rtol=1e-6)


@pytest.mark.parametrize("added", [80, 90])
def test_float32_overflows_unless_the_largest_is_subtracted(page, added):
    """As NumPy's does: exp(89) is infinite, and infinity by infinity no number."""
    slide(page, "softmax-added", added)
    safe = read_probabilities(page)
    assert safe.sum() == pytest.approx(1, abs=1e-6)
    click(page, "#softmax-safe")
    with np.errstate(over="ignore", invalid="ignore"):
        powers = np.exp(read_scores(page))
        expected = powers / powers.sum()
    np.testing.assert_allclose(read_probabilities(page), expected, atol=1e-6)
    assert np.isnan(expected).any() == (added == 90)
    told = find(page, "softmax-limit").text
    assert ("no number, nan" in told) == (added == 90)
    assert added == 90 or re.search(r"above 88\.72 is infinite", told)


def test_none_of_these_cannot_be_said(page, comparison):
    """A picture that is white all over is a class, with the model's probability."""
    white = np.full((1, 28, 28, 1), 255, np.uint8)
    expected = find_probabilities(comparison.models[SCRATCH], white)[0]
    label = comparison.models[SCRATCH].classes[expected.argmax()]
    told = f"“{label}” with {100 * expected.max():.1f}%"
    assert told in find(page, "softmax-none").text
    click(page, "#softmax-white")
    np.testing.assert_allclose(read_probabilities(page), expected, atol=1e-6)
