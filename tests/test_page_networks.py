"""Models that differ, in the page: what NumPy makes of the same parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from browser import ask, find, visit, wait, write_page
from drawn_models import compute_probabilities, draw_model
from gluon_softmax.chapter.versions import SCRATCH
from gluon_softmax.commands.main import main
from gluon_softmax.commands.page.content import find_probabilities
from gluon_softmax.commands.page.networks import quantize
from gluon_softmax.data.labels import TEXT_LABELS
from gluon_softmax.models.model import save_model

pytest.importorskip("selenium.webdriver", reason="needs selenium")
needs_browser = pytest.mark.needs("chromium", "chromedriver")
pytestmark = pytest.mark.slow
NAMES = ("convolutional", "perceptron")


@pytest.fixture(scope="module")
def models():
    """Draw a model of each network, on garments."""
    head = {"pixel_mean": 0.29, "pixel_deviation": 0.35}
    return [replace(draw_model(n, **head), classes=TEXT_LABELS) for n in NAMES]


@pytest.fixture(scope="module")
def beside(driver, comparison_path, models, tmp_path_factory):
    """Open a page with both networks."""
    folder = tmp_path_factory.mktemp("networks")
    paths = [str(folder / f"{model.network}.npz") for model in models]
    for model, path in zip(models, paths):
        save_model(model, path)
    return visit(driver, write_page(comparison_path, "--networks", *paths))


@needs_browser
def test_networks_are_numpys_on_every_image(beside, models, fashion):
    """To 1e-5, of the weights that the page holds, in seven bits."""
    places = ask(beside, "page.places")[:20]
    images = fashion[1].images[places][..., 0]
    script = f"return {list(range(20))}.map((i) => page.networks(i))"
    found = np.array(beside.execute_script(script))
    for number, model in enumerate(models):
        rounded = replace(
            model, params={n: restore(p) for n, p in model.params.items()}
        )
        expected = compute_probabilities(rounded, images)
        np.testing.assert_allclose(found[:, number], expected, atol=1e-5, rtol=0)


def restore(param):
    """Round each row of weights to whole multiples of a 63rd of its largest."""
    if param.ndim == 1:
        return param
    rows = param.reshape(len(param), -1).astype("float64")
    unit = np.abs(rows).max(axis=1, keepdims=True) / 63
    return (np.round(rows / unit) * unit).astype("float32").reshape(param.shape)


@needs_browser
def test_the_slider_goes_from_untrained_to_trained(beside, comparison):
    """After the last epoch, the comparison's own model; before the first, about 0.1."""
    slide = "const s = document.getElementById('networks-epoch'); s.value = {}; "
    slide += "s.oninput(); return document.querySelectorAll('#networks .verdict-line')"
    slide += "[0].textContent"
    beside.execute_script("document.getElementById('softmax-white').click()")
    white = np.full((1, 28, 28, 1), 255, np.uint8)
    expected = find_probabilities(comparison.models[SCRATCH], white)[0]
    told = beside.execute_script(slide.format(1))
    share = float(told.split()[-1].rstrip("%"))
    assert share == pytest.approx(100 * expected.max(), abs=0.3)
    before = beside.execute_script(slide.format(0))
    assert float(before.split()[-1].rstrip("%")) < 40
    assert len(beside.find_elements("css selector", "#networks h3")) == 3
    assert not find(beside, "networks-none").text


@needs_browser
def test_without_networks_it_says_how_to_have_them(page):
    assert "gluon-softmax train perceptron" in find(page, "networks-none").text
    assert wait(page, "page.networks(0).length === 0")


def test_a_network_of_other_classes_is_refused(comparison_path, tmp_path, capsys):
    """One line; and what is named is not passed over."""
    save_model(draw_model("perceptron"), tmp_path / "other.npz")
    options = ["--comparison", str(comparison_path), "--output", str(tmp_path / "p")]
    assert main(["page", *options, "--networks", str(tmp_path / "other.npz")]) == 2
    assert "found perceptron on class 0" in capsys.readouterr().err


def test_rounding_is_to_the_nearest():
    weights = np.random.RandomState(0).randn(5, 4, 3)
    numbers, scales = quantize(weights)
    assert (np.abs(numbers).max(axis=1) == 63).all()
    restored = (numbers * scales[:, None]).reshape(weights.shape)
    assert (np.abs(restored - weights) <= scales[:, None, None] / 2 + 1e-7).all()
