"""The page in a headless Chromium: what it computes, and how it answers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from browser import ask, click, find, press, visit
from gluon_softmax.chapter.versions import GLUON, SCRATCH
from gluon_softmax.commands.page.content import choose_images, find_probabilities
from gluon_softmax.data.labels import TEXT_LABELS
from test_page import predict_with_mxnet

webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium", "chromedriver")]


def read_picture(driver):
    """Return the picture on the pad as an image."""
    return np.array(ask(driver, "page.picture()"), np.uint8).reshape(1, 28, 28, 1)


def choose(driver, element, value):
    """Choose an entry of a list."""
    driver.find_element("css selector", f"#{element} option[value='{value}']").click()


def test_no_error_and_no_network(driver, address):
    """Opening, drawing, filtering, switching: no message, and nothing loaded."""
    driver.get_log("browser")
    driver.get_log("performance")
    visit(driver, address)
    for element in ("random", "clear", "language", "theme", "more", "unfilter"):
        click(driver, f"#{element}")
    click(driver, "#model label:last-child")
    assert driver.get_log("browser") == []
    events = [
        json.loads(e["message"])["message"] for e in driver.get_log("performance")
    ]
    requests = [e for e in events if e["method"] == "Network.requestWillBeSent"]
    urls = [e["params"]["request"]["url"] for e in requests]
    assert [url for url in urls if not url.startswith("blob:")] == [address]


def test_every_probability_is_mxnets(page, fashion, comparison):
    """To 1e-5, for every embedded image, from scratch and with Gluon."""
    images = fashion[1].images[ask(page, "page.places")]
    assert len(images) > 1000
    for version, name in enumerate((SCRATCH, GLUON)):
        script = f"page.places.map((_, i) => page.probabilities({version}, i))"
        found = np.array(ask(page, script))
        expected = predict_with_mxnet(comparison.models[name], images)[version]
        np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)


def test_a_stroke_is_drawn_and_classified(page, comparison):
    """With the mouse; the bars are the models' probabilities for what is drawn."""
    find(page, "clear").click()
    pad = find(page, "pad")
    chain = webdriver.ActionChains(page, duration=20)
    chain.move_to_element_with_offset(pad, -60, -80).click_and_hold()
    for _ in range(8):
        chain.move_by_offset(15, 20)
    chain.release().perform()
    image = read_picture(page)
    assert 40 < (image > 0).sum() < 300
    texts = [element.text for element in page.find_elements("class name", "shares")]
    shares = np.array([float(text.rstrip("%")) for text in texts])
    expected = 100 * find_probabilities(comparison.models[SCRATCH], image)[0]
    np.testing.assert_allclose(shares, expected, atol=0.1)
    assert "All 3 versions say the same" in find(page, "agreement").text
    assert find(page, "picture-name").text == "Your drawing"


def test_a_finger_draws(driver, address):
    """On a phone, without the page moving under it."""
    visit(driver, address, 390, 844)
    find(driver, "clear").click()
    box = ask(driver, "document.getElementById('pad').getBoundingClientRect()")
    scrolled = ask(driver, "scrollY")
    x, y = box["x"] + 100, box["y"] + 100
    for kind, down in (("Start", 0), ("Move", 60), ("Move", 120), ("End", None)):
        points = [] if down is None else [{"x": x, "y": y + down}]
        touch = {"type": f"touch{kind}", "touchPoints": points}
        driver.execute_cdp_cmd("Input.dispatchTouchEvent", touch)
    rows = np.flatnonzero(read_picture(driver)[0, :, :, 0].any(axis=1))
    assert len(rows) >= round(120 * 28 / box["height"])
    assert ask(driver, "scrollY") == scrolled


def test_keys_draw(page):
    """Arrows move the pen, Space draws, Enter holds the pen down."""
    find(page, "clear").click()
    page.execute_script("document.getElementById('pad').focus()")
    press(page, "ARROW_LEFT", "ARROW_UP")
    assert not read_picture(page).any()
    press(page, "SPACE")
    dot = read_picture(page)[0, :, :, 0]
    assert np.argwhere(dot == dot.max()).mean(axis=0).tolist() == [12.5, 12.5]
    press(page, "ARROW_DOWN")
    assert (read_picture(page)[0, :, :, 0] == dot).all()
    press(page, "ENTER", *["ARROW_RIGHT"] * 6, "ENTER", *["ARROW_DOWN"] * 5)
    line = read_picture(page)[0, :, :, 0]
    assert line[13, 13:19].all()
    assert not line[17:].any()
    assert find(page, "pen-state").get_attribute("textContent") == "pen up"


def test_pushes_add_up_to_the_score(page, fashion, comparison):
    """Of the class that is chosen."""
    choose(page, "push-class", 3)
    W, b = comparison.models[SCRATCH].params.values()
    pixels = float(fashion[1].images[0].ravel() / 255 @ W[:, 3])
    text = f"pixels {pixels:.2f}, bias {b[3]:.2f}, score {pixels + b[3]:.2f}"
    caption = page.find_element("css selector", "#push-map figcaption")
    assert caption.text == text.replace("-", "\N{MINUS SIGN}")


def list_expected(fashion, comparison, version, true, predicted, result):
    """Filter and sort with NumPy: places in the test set."""
    found = [
        find_probabilities(comparison.models[name], fashion[1].images)
        for name in (SCRATCH, version)
    ]
    labels, places = fashion[1].labels, choose_images(fashion[1].labels, found[0])
    classes, sure = found[1].argmax(axis=1), found[1].max(axis=1)
    right = classes == labels
    keep = {"all": right | True, "right": right, "wrong": ~right}[result]
    keep &= (labels == true) | (true == -1)
    keep &= (classes == predicted) | (predicted == -1)
    order = np.argsort(np.where(right, sure, -sure), kind="stable")
    return [p for p in order if p in set(places.tolist()) and keep[p]], keep.sum()


@pytest.mark.parametrize("filters", [(-1, 0, "wrong"), (6, 0, "right")])
def test_filters_leave_what_numpy_leaves(page, fashion, comparison, filters):
    """In the same order, the most confident mistakes first; and the count is told."""
    true, predicted, result = filters
    choose(page, "filter-true", true)
    choose(page, "filter-predicted", predicted)
    click(page, f"#filter-result input[value={result}]")
    expected, total = list_expected(fashion, comparison, SCRATCH, *filters)
    assert ask(page, "page.listed()") == expected
    shown = page.find_elements("css selector", "#images button")
    assert len(shown) == min(60, len(expected))
    told = f"the whole test set has {total:,}{' such' * bool(expected)}."
    assert find(page, "count").text.endswith(told)
    for item, place in list(zip(shown, expected))[:3]:
        name = TEXT_LABELS[fashion[1].labels[place]]
        told = item.get_attribute("textContent")
        assert told.startswith(f"Test image {place:,}:{name}")


def test_a_cell_tells_and_filters(page, fashion, comparison):
    """Count and share when pointed at; its images when it is clicked; of any model."""
    page.find_element("css selector", "#model label:nth-child(2)").click()
    cell = page.find_elements("css selector", "#matrix [role=gridcell]")[60]
    webdriver.ActionChains(page, duration=20).move_to_element(cell).perform()
    expected, count = list_expected(fashion, comparison, GLUON, 6, 0, "all")
    told = f"shirt taken for t-shirt: {count} of 1,000, {count / 10:.1f}%"
    assert find(page, "cell").text == told
    assert cell.text == str(count)
    cell.click()
    assert ask(page, "page.listed()") == expected
    assert cell.get_attribute("aria-selected") == "true"


def test_arrows_move_through_matrix_and_gallery(page, fashion):
    """Enter on an image takes it to the pad, pixel by pixel."""
    focused = "document.activeElement.getAttribute('aria-label')"
    page.execute_script("document.querySelector('#matrix [tabindex=\"0\"]').focus()")
    press(page, "ARROW_DOWN", "ARROW_DOWN", "ARROW_RIGHT")
    assert ask(page, focused).startswith("pullover taken for trouser")
    page.execute_script("document.querySelector('#images button').focus()")
    press(page, "ARROW_RIGHT")
    place = ask(page, "page.listed()[1]")
    press(page, "ENTER")
    name = TEXT_LABELS[fashion[1].labels[place]]
    assert find(page, "picture-name").text == f"Test image {place:,}: {name}"
    np.testing.assert_array_equal(read_picture(page)[0], fashion[1].images[place])


def test_undo_takes_strokes_back(page):
    """One at a time, by button and by Ctrl+Z, to the image that was there first."""
    first = read_picture(page)
    find(page, "clear").click()
    click(page, "#pad")
    assert (read_picture(page) != 0).any()
    find(page, "undo").click()
    assert not read_picture(page).any()
    webdriver.ActionChains(page).key_down("\ue009").send_keys("z").perform()
    webdriver.ActionChains(page).key_up("\ue009").perform()
    np.testing.assert_array_equal(read_picture(page), first)
    assert not find(page, "undo").is_enabled()
