"""The page in a headless Chromium: what a visitor sees, does and waits for."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
from gluon_softmax import SyntheticFashion
from gluon_softmax.chapter.compare import run_comparison
from gluon_softmax.chapter.versions import GLUON, SCRATCH
from gluon_softmax.commands.main import main
from gluon_softmax.commands.page.content import choose_images, find_probabilities
from gluon_softmax.data.labels import TEXT_LABELS, TEXT_LABELS_ZH
from gluon_softmax.models.comparison_file import read_comparison, write_comparison
from test_page import predict_with_mxnet

webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium", "chromedriver")]
NAMES = ("gluon_softmax", "Fashion-MNIST", "NumPy", "Gluon", "softmax", "English")
"""What is called the same in Chinese."""


@pytest.fixture(scope="module")
def driver():
    """Start a browser that keeps its messages."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    logs = {"browser": "ALL", "performance": "ALL"}
    options.set_capability("goog:loggingPrefs", logs)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with webdriver.Chrome(options, service) as started:
        yield started


@pytest.fixture(scope="module")
def comparison_path(fashion, tmp_path_factory):
    """Train for an epoch, and write what `gluon-softmax compare` would."""
    folder = tmp_path_factory.mktemp("comparison")
    return list(write_comparison(run_comparison(*fashion, num_epochs=1), folder))[-1]


@pytest.fixture(scope="module")
def comparison(comparison_path):
    """Read the comparison back."""
    return read_comparison(comparison_path)


@pytest.fixture(scope="module")
def address(comparison_path):
    """Write the page, and return its address."""
    return write_page(comparison_path)


@pytest.fixture
def page(driver, address):
    """Open the page as it is on a laptop."""
    set_up(driver)
    driver.get(address)
    return driver


def write_page(comparison_path):
    """Run the command; return the page's address."""
    path = comparison_path.with_name("page.html")
    arguments = ["--comparison", str(comparison_path), "--output", str(path)]
    assert main(["page", *arguments]) == 0
    return path.as_uri()


def set_up(driver, width=1280, height=900, theme="light"):
    """Choose a screen and what the system prefers."""
    screen = {"width": width, "height": height, "deviceScaleFactor": 1}
    phone = {"mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**screen, **phone})
    features = [
        {"name": "prefers-color-scheme", "value": theme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def ask(driver, expression):
    """Evaluate JavaScript in the page."""
    return driver.execute_script(f"return {expression}")


def wait_for_frame(driver):
    """Wait until the page has been drawn anew."""
    script = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
    driver.execute_async_script(script)


def move(driver):
    """Begin a chain of movements."""
    return webdriver.ActionChains(driver, duration=20)


def press(driver, *names):
    """Press keys, one after the other."""
    for name in names:
        move(driver).send_keys(getattr(webdriver.Keys, name)).perform()


def read_shares(driver):
    """Read two models' probabilities off the page, shape (10, 2), in percent."""
    texts = ask(
        driver, "[...document.querySelectorAll('.shares')].map(e => e.innerText)"
    )
    return np.array([re.findall(r"[\d.]+", text) for text in texts], dtype=float)


def read_picture(driver):
    """Return the picture on the pad as an image."""
    return np.array(ask(driver, "page.picture()"), np.uint8).reshape(1, 28, 28, 1)


def click(driver, selector):
    """Click in the middle of the window, where no bar is above."""
    element = driver.find_element("css selector", selector)
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


def choose(driver, element, value):
    """Choose an entry of a list."""
    driver.find_element("css selector", f"#{element} option[value='{value}']").click()


def test_no_error_and_no_network(driver, address):
    """Opening, drawing, filtering, switching: no message, and nothing loaded."""
    for log in ("browser", "performance"):
        driver.get_log(log)
    set_up(driver)
    driver.get(address)
    for element in ("random", "clear", "language", "theme", "more", "unfilter"):
        click(driver, f"#{element}")
    click(driver, "#model label:last-child")
    assert driver.get_log("browser") == []
    events = [json.loads(entry["message"]) for entry in driver.get_log("performance")]
    requests = [
        event["message"]["params"]["request"]["url"]
        for event in events
        if event["message"]["method"] == "Network.requestWillBeSent"
    ]
    assert requests == [address]


def test_every_probability_is_mxnets(page, fashion, comparison):
    """To 1e-5, for every embedded image, from scratch and with Gluon."""
    images = fashion[1].images[ask(page, "page.places")]
    assert len(images) > 1000
    for version, name in enumerate((SCRATCH, GLUON)):
        script = f"page.places.map((_, i) => page.probabilities({version}, i))"
        found = np.array(ask(page, script))
        expected = predict_with_mxnet(comparison.models[name], images)[version]
        np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)


def test_a_stroke_is_drawn_classified_and_timed(page, comparison):
    """With the mouse; the bars are the models' probabilities for what is drawn."""
    page.find_element("id", "clear").click()
    pad = page.find_element("id", "pad")
    chain = move(page).move_to_element_with_offset(pad, -60, -80).click_and_hold()
    for _ in range(8):
        chain.move_by_offset(15, 20)
    chain.release().perform()
    image = read_picture(page)
    assert 40 < (image > 0).sum() < 300
    for version, name in enumerate((SCRATCH, GLUON)):
        expected = 100 * find_probabilities(comparison.models[name], image)[0]
        np.testing.assert_allclose(read_shares(page)[:, version], expected, atol=0.051)
    assert page.find_element("id", "picture-name").text == "Your drawing"
    times = [ask(page, f"page.timings.{name}") for name in ("opened", "classified")]
    text = page.find_element("id", "timings").text.replace(",", "")
    shown = [float(number) for number in re.findall(r"[\d.]+(?= ms)", text)]
    assert shown == pytest.approx(times, abs=0.6)


def test_a_finger_draws(driver, address):
    """On a phone, without the page moving under it."""
    set_up(driver, 390, 844)
    driver.get(address)
    driver.find_element("id", "clear").click()
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
    page.find_element("id", "clear").click()
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
    assert page.find_element("id", "pen-state").get_attribute("textContent") == "pen up"


def test_pushes_add_up_to_the_score(page, fashion, comparison):
    """Of the class that is chosen, for both models."""
    choose(page, "push-class", 3)
    captions = page.find_elements("css selector", "#push-maps figcaption span")
    for caption, name in zip(captions, (SCRATCH, GLUON)):
        W, b = comparison.models[name].params.values()
        pixels = float(fashion[1].images[0].ravel() / 255 @ W[:, 3])
        text = f"pixels {pixels:.2f}, bias {b[3]:.2f}, score {pixels + b[3]:.2f}"
        assert caption.text == text.replace("-", "\N{MINUS SIGN}")


def list_expected(fashion, comparison, version, true, predicted, result):
    """Filter and sort with NumPy: places in the test set."""
    labels = fashion[1].labels
    first = find_probabilities(comparison.models[SCRATCH], fashion[1].images)
    places = choose_images(labels, first)
    found = find_probabilities(comparison.models[version], fashion[1].images)
    classes, sure = found.argmax(axis=1), found.max(axis=1)
    right = classes == labels
    keep = np.full(len(labels), True)
    keep &= (labels == true) | (true == -1)
    keep &= (classes == predicted) | (predicted == -1)
    keep &= {"all": True, "right": right, "wrong": ~right}[result]
    order = np.argsort(np.where(right, sure, -sure), kind="stable")
    return [p for p in order if p in set(places.tolist()) and keep[p]], keep.sum()


@pytest.mark.parametrize(
    "filters",
    [
        (-1, -1, "all"),
        (-1, 0, "wrong"),
        (4, -1, "right"),
        (6, 0, "right"),  # of which there is none
    ],
)
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
    assert page.find_element("id", "count").text.endswith(told)
    for item, place in list(zip(shown, expected))[:3]:
        label = item.get_attribute("aria-label")
        name = TEXT_LABELS[fashion[1].labels[place]]
        assert label.startswith(f"Test image {place:,}: {name}, ")


def test_a_cell_tells_and_filters(page, fashion, comparison):
    """Count and share when pointed at; its images when it is clicked; of any model."""
    page.find_element("css selector", "#model label:nth-child(2)").click()
    cell = page.find_elements("css selector", "#matrix [role=gridcell]")[60]
    move(page).move_to_element(cell).perform()
    expected, count = list_expected(fashion, comparison, GLUON, 6, 0, "all")
    told = f"shirt taken for t-shirt: {count} of 1,000, {count / 10:.1f}%"
    assert page.find_element("id", "cell").text == told
    assert cell.text == str(count)
    cell.click()
    assert ask(page, "page.listed()") == expected
    assert cell.get_attribute("aria-selected") == "true"


def test_arrows_move_through_matrix_and_gallery(page, fashion):
    """Enter on an image takes it to the pad, pixel by pixel."""
    page.execute_script("document.querySelector('#matrix [tabindex=\"0\"]').focus()")
    press(page, "ARROW_DOWN", "ARROW_DOWN", "ARROW_RIGHT")
    focused = "document.activeElement.getAttribute('aria-label')"
    assert ask(page, focused).startswith("pullover taken for trouser")
    page.execute_script("document.querySelector('#images button').focus()")
    press(page, "ARROW_RIGHT", "ARROW_DOWN", "ARROW_LEFT")
    label = ask(page, focused)
    style = "getComputedStyle(document.getElementById('images'))"
    columns = ask(page, f"{style}.gridTemplateColumns.split(' ').length")
    place = ask(page, "page.listed()")[columns]
    press(page, "ENTER")
    assert label.startswith(page.find_element("id", "picture-name").text)
    np.testing.assert_array_equal(read_picture(page)[0], fashion[1].images[place])


def read_texts(driver):
    """Return every text that is seen or read out."""
    script = """
    const texts = [document.body.innerText, document.title];
    for (const e of document.querySelectorAll('[aria-label]'))
      texts.push(e.getAttribute('aria-label'));
    for (const e of document.querySelectorAll('option, svg text, figcaption'))
      texts.push(e.textContent);
    return texts.join('\\n');
    """
    return driver.execute_script(script)


def test_the_language_switch_changes_every_text_and_back(page):
    """No English word is left but names; nothing is undefined; the page says so."""
    english = re.sub(r"Opened in.*", "", read_texts(page))
    assert ask(page, "document.documentElement.lang") == "en"
    page.find_element("id", "language").click()
    chinese = read_texts(page)
    assert ask(page, "document.documentElement.lang") == "zh-Hans"
    assert re.findall(r"[A-Za-z]{2,}", re.sub("|".join(NAMES), "", chinese)) == []
    for name in TEXT_LABELS_ZH:
        assert name in chinese
    page.find_element("id", "language").click()
    assert re.sub(r"Opened in.*", "", read_texts(page)) == english
    assert "undefined" not in english
    assert re.findall("[\u4e00-\u9fff]+", english) == ["中文"]


def test_dark_by_system_and_by_switch(driver, address):
    """And light again; what was chosen stays when the system changes."""
    ground = "getComputedStyle(document.body).backgroundColor"
    for theme, other in (("dark", "light"), ("light", "dark")):
        set_up(driver, theme=other)
        driver.get(address)
        set_up(driver, theme=theme)
        wait_for_frame(driver)
        by_system = ask(driver, ground)
        driver.find_element("id", "theme").click()
        by_switch = ask(driver, ground)
        lights = [sum(map(int, re.findall(r"\d+", c))) for c in (by_system, by_switch)]
        assert (lights[0] < lights[1]) == (theme == "dark")
        for changed in (other, theme):
            set_up(driver, theme=changed)
            wait_for_frame(driver)
            assert ask(driver, ground) == by_switch
        assert max(lights) > 600
        assert min(lights) < 150


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_nothing_sticks_out(driver, address, width):
    """No horizontal scrolling; what a finger presses is at least 40 pixels high."""
    set_up(driver, width, 800)
    driver.get(address)
    too_small = """
    [...document.querySelectorAll('button, select, a[href], label')]
      .filter(e => e.offsetParent && !e.classList.contains('skip'))
      .map(e => [e.id || e.className || e.textContent, e.getBoundingClientRect()])
      .filter(([, box]) => box.height < 40 || box.right > innerWidth || box.left < 0)
      .map(([name, box]) => `${name} ${box.width} x ${box.height}`)
    """
    for _ in ("en", "zh"):
        assert ask(driver, "document.documentElement.scrollWidth") <= width
        assert ask(driver, too_small.strip()) == []
        driver.find_element("id", "language").click()


def test_tab_reaches_every_control_and_shows_where_it_is(page):
    """Each kind of control once, with an outline that is seen."""
    reached = set()
    style = "getComputedStyle(document.activeElement.matches('.segments input')"
    style += " ? document.activeElement.nextSibling : document.activeElement)"
    for _ in range(60):
        press(page, "TAB")
        element = page.switch_to.active_element
        if element.tag_name == "body":
            break
        width = ask(page, f"{style}.outlineWidth")
        assert float(width.rstrip("px")) >= 2, element.get_attribute("outerHTML")
        reached.update(element.get_attribute(name) for name in ("id", "name", "role"))
    controls = {"language", "theme", "pad", "brush", "erase", "clear", "random", "more"}
    controls |= {"push-class", "filter-true", "filter-predicted", "unfilter"}
    assert controls | {"model", "result", "gridcell"} <= reached


def test_the_stand_in_is_told_at_the_top(driver, tmp_path):
    """Where the models are of drawn garments."""
    sets = [SyntheticFashion(train, num_images=600) for train in (True, False)]
    path = list(write_comparison(run_comparison(*sets, num_epochs=1), tmp_path))[-1]
    set_up(driver)
    driver.get(write_page(path))
    banner = driver.find_element("id", "stand-in")
    assert banner.is_displayed()
    assert banner.text.startswith("This is not Fashion-MNIST.")
    assert banner.location["y"] < 200
    assert "drawn stand-in" in driver.title
