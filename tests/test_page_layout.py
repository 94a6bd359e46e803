"""The page in a headless Chromium: how it looks, in which language, to whom."""

from __future__ import annotations

import re

import pytest
from gluon_softmax import SyntheticFashion
from browser import ask, compare, find, prefer, press, visit, write_page
from gluon_softmax.data.labels import TEXT_LABELS_ZH

pytest.importorskip("selenium.webdriver", reason="needs selenium")
pytest_plugins = ["browser"]
pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium", "chromedriver")]
NAMES = ("gluon_softmax", "Fashion-MNIST", "NumPy", "Gluon", "softmax", "English")
"""What is called the same in Chinese."""


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
    find(page, "language").click()
    chinese = read_texts(page)
    assert ask(page, "document.documentElement.lang") == "zh-Hans"
    assert re.findall(r"[A-Za-z]{2,}", re.sub("|".join(NAMES), "", chinese)) == []
    for name in TEXT_LABELS_ZH:
        assert name in chinese
    find(page, "language").click()
    assert re.sub(r"Opened in.*", "", read_texts(page)) == english
    assert "undefined" not in english
    assert re.findall("[\u4e00-\u9fff]+", english) == ["中文"]


def test_dark_by_system_and_by_switch(driver, address):
    """And light again; what was chosen stays when the system changes."""
    ground = "getComputedStyle(document.body).backgroundColor"
    for theme, other in (("dark", "light"), ("light", "dark")):
        visit(driver, address, theme=other)
        prefer(driver, theme)
        by_system = ask(driver, ground)
        find(driver, "theme").click()
        by_switch = ask(driver, ground)
        lights = [sum(map(int, re.findall(r"\d+", c))) for c in (by_system, by_switch)]
        assert (lights[0] < lights[1]) == (theme == "dark")
        for changed in (other, theme):
            prefer(driver, changed)
            assert ask(driver, ground) == by_switch
        assert max(lights) > 600
        assert min(lights) < 150


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_nothing_sticks_out(driver, address, width):
    """No horizontal scrolling; what a finger presses is at least 40 pixels high."""
    visit(driver, address, width, 800)
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
        find(driver, "language").click()


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
    visit(driver, write_page(compare(sets, tmp_path)))
    banner = find(driver, "stand-in")
    assert banner.is_displayed()
    assert banner.text.startswith("This is not Fashion-MNIST.")
    assert banner.location["y"] < 200
    assert "drawn stand-in" in driver.title
