"""The page in a headless Chromium: how it looks, in which language, to whom."""

from __future__ import annotations

import re

import pytest
from gluon_softmax import ImageDataset, SyntheticFashion
from browser import ask, compare, find, prefer, press, visit, write_page
from gluon_softmax.commands.page.build import build_page
from gluon_softmax.data.labels import TEXT_LABELS_ZH
from gluon_softmax.models.comparison_file import read_comparison

pytest.importorskip("selenium.webdriver", reason="needs selenium")
pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium", "chromedriver")]
NAMES = (
    *("gluon-softmax train perceptron", "gluon-softmax train convolutional"),
    "gluon-softmax page",
    "log",
    "sigmoid",
    "gluon_softmax",
    "Fashion-MNIST",
    "NumPy",
    "Gluon",
    "softmax",
    "English",
)
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
    colour = "getComputedStyle(document.body).backgroundColor"

    def is_dark():
        return sum(map(int, re.findall(r"\d+", ask(driver, colour)))) < 150

    for theme in ("dark", "light"):
        visit(driver, address, theme="light" if theme == "dark" else "dark")
        prefer(driver, theme)
        assert is_dark() == (theme == "dark")
        find(driver, "theme").click()
        for system in ("light", "dark"):
            prefer(driver, system)
            assert is_dark() == (theme == "light")


@pytest.mark.parametrize("width", [360, 1280])
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
    sets = SyntheticFashion(train=True, num_images=600), SyntheticFashion(train=False)
    visit(driver, write_page(compare(sets, tmp_path)))
    banner = find(driver, "stand-in")
    assert banner.is_displayed()
    assert banner.text.startswith("This is not Fashion-MNIST.")
    assert banner.location["y"] < 200
    assert "drawn stand-in" in driver.title


def test_of_other_data_only_their_own_names_are_read(driver, tmp_path):
    """Of two classes of pictures, say; and nothing fails."""
    drawn = SyntheticFashion(num_images=600)
    fruit = ImageDataset(
        drawn.images, drawn.labels % 2, title="fruit", classes=("apple", "pear")
    )
    saved = read_comparison(compare((fruit, fruit), tmp_path))
    path = tmp_path / "page.html"
    path.write_text(build_page(saved, fruit, fruit), encoding="utf-8")
    driver.get_log("browser")
    visit(driver, path.as_uri())
    for language in ("en", "zh"):
        texts = read_texts(driver)
        assert "fruit" in texts
        assert "pear" in texts
        assert not re.search("Fashion|garment|shirt|服饰|鞋|undefined", texts), language
        find(driver, "language").click()
    assert len(driver.find_elements("css selector", "#starters button")) == 2
    assert not find(driver, "stand-in").is_displayed()
    assert driver.get_log("browser") == []
