"""Training in the page, in a headless Chromium: its arithmetic, and its pace."""

from __future__ import annotations

import time

import mxnet as mx
import numpy as np
import pytest
from gluon_softmax import BatchLoader, ImageDataset, run_comparison
from browser import ask, click, find, visit, wait
from gluon_softmax.chapter.scratch import init_params
from gluon_softmax.chapter.versions import GLUON, SCRATCH
from gluon_softmax.commands.page.practice import COUNT

pytest.importorskip("selenium.webdriver", reason="needs selenium")
pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium", "chromedriver")]


@pytest.fixture(scope="module")
def own(fashion):
    """Return the images that the page trains on."""
    train_set = fashion[0]
    images, labels = train_set.images[:COUNT], train_set.labels[:COUNT]
    return ImageDataset(images, labels, revision=train_set.revision)


def choose(driver, name, value):
    """Choose a setting, from which the training begins anew."""
    find(driver, f"practice-{name}").find_element(
        "css selector", f"option[value='{value}']"
    ).click()
    wait(driver, "!page.practice().isWaiting && page.practice().epoch === 0")


def train_epochs(driver, count=1):
    """Press "One epoch" some times; return the parameters, W before b."""
    for _ in range(count):
        before = ask(driver, "page.practice().epoch")
        click(driver, "#practice-epoch")
        wait(driver, f"page.practice().epoch === {before + 1}")
    return np.array(ask(driver, "page.practice().params"))


def train_plainly(own, momentum, batch_size, num_epochs):
    """Train with NumPy in float64, from the start and in the order of the package."""
    mx.random.seed(0)
    W = init_params()[0].asnumpy().astype("float64")
    params, velocity = np.vstack([W, np.zeros(10)]), 0
    X = np.hstack([own.images.reshape(len(own), -1) / 255, np.ones((len(own), 1))])
    loader = BatchLoader(own, batch_size, shuffle=True, seed=0)
    for epoch in range(num_epochs):
        order = loader.order(epoch)
        for at in range(0, len(order), batch_size):
            batch = order[at : at + batch_size]
            powers = np.exp(X[batch] @ params)
            error = powers / powers.sum(axis=1, keepdims=True)
            error[np.arange(len(batch)), own.labels[batch]] -= 1
            velocity = momentum * velocity - 0.1 / batch_size * X[batch].T @ error
            params = params + velocity
    return params.ravel()


def test_an_epoch_is_the_packages(page, own, fashion):
    """To 1e-5 from scratch and Gluon, as the page says itself; in half a second."""
    assert "press One epoch" in find(page, "practice-proof").text
    found = train_epochs(page)
    comparison = run_comparison(own, fashion[1], num_epochs=1)
    told = find(page, "practice-proof").get_attribute("textContent")
    for name in (SCRATCH, GLUON):
        expected = np.concatenate([p.ravel() for p in comparison.params[name]])
        np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)
        difference = np.abs(found - expected).max()
        digits = f"{difference:.1e}".split("e")[0]
        assert f"{digits}\N{NO-BREAK SPACE}" in told
    assert ask(page, "page.practice().milliseconds") < 500


@pytest.mark.parametrize(("momentum", "batch_size"), [(0.9, 64), (0, 16)])
def test_other_settings_are_numpys(page, own, momentum, batch_size):
    """Two epochs, which end with a smaller batch, against a loop in float64."""
    choose(page, "momentum", momentum)
    choose(page, "batchSize", batch_size)
    expected = train_plainly(own, momentum, batch_size, num_epochs=2)
    np.testing.assert_allclose(train_epochs(page, 2), expected, atol=1e-4, rtol=0)


def test_losses_are_those_of_the_parameters(page, own, fashion):
    found = train_epochs(page).reshape(785, 10)
    held = ImageDataset(fashion[1].images[:900], fashion[1].labels[:900])
    for name, data in (("train", own), ("held", held)):
        scores = data.images.reshape(len(data), -1) / 255 @ found[:784] + found[784]
        losses = (
            np.log(np.exp(scores).sum(axis=1))
            - scores[np.arange(len(data)), data.labels]
        )
        told = ask(page, f"page.practice().{name}")
        assert told["loss"] == pytest.approx(losses.mean(), abs=1e-6)
        assert told["acc"] == np.mean(scores.argmax(axis=1) == data.labels)


def test_few_images_overfit(page):
    """50 images, many epochs: all of these are right, and fewer of the others."""
    choose(page, "count", 50)
    choose(page, "batchSize", 16)
    train_epochs(page, 60)
    state = ask(page, "page.practice()")
    assert state["train"]["acc"] == 1
    assert state["held"]["acc"] < 0.8
    assert state["held"]["loss"] > 3 * state["train"]["loss"]


def test_it_plays(page):
    """Each step is drawn, many in a second, until Play is pressed once more."""
    before = ask(page, "page.practice().redraws")
    click(page, "#practice-play")
    time.sleep(2)
    redraws = ask(page, "page.practice().redraws") - before
    click(page, "#practice-play")
    wait(page, "!page.practice().isWaiting")
    epoch = ask(page, "page.practice().epoch")
    assert epoch > 1
    assert redraws >= 20  # 30 in a second and more on a quiet machine
    assert len(page.find_elements("css selector", "#practice-batch canvas")) == 32


def test_without_a_worker_the_page_trains_itself(driver, address):
    """An old browser, or one that forbids it; and it says so."""
    script = {"source": "delete globalThis.Worker"}
    identifier = driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", script)
    try:
        visit(driver, address)
        train_epochs(driver)
        assert "no worker" in find(driver, "practice-missing").text
    finally:
        driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", identifier)
