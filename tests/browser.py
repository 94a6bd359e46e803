"""Fixtures and functions for tests of the page in a headless Chromium."""

from __future__ import annotations

import shutil
import time

import pytest
from gluon_softmax.chapter.compare import run_comparison
from gluon_softmax.commands.main import main
from gluon_softmax.models.comparison_file import read_comparison, write_comparison


@pytest.fixture(scope="session")
def driver():
    """Start a browser that keeps its messages."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    logs = {"browser": "ALL", "performance": "ALL"}
    options.set_capability("goog:loggingPrefs", logs)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with webdriver.Chrome(options, service) as started:
        yield started


@pytest.fixture(scope="session")
def comparison_path(fashion, tmp_path_factory):
    """Train for an epoch, and write what `gluon-softmax compare` would."""
    return compare(fashion, tmp_path_factory.mktemp("comparison"))


@pytest.fixture(scope="session")
def comparison(comparison_path):
    """Read the comparison back."""
    return read_comparison(comparison_path)


@pytest.fixture(scope="session")
def address(comparison_path):
    """Write the page, and return its address."""
    return write_page(comparison_path)


@pytest.fixture
def page(driver, address):
    """Open the page as it is on a laptop."""
    return visit(driver, address)


def compare(sets, folder):
    """Train for an epoch; return the path of the numbers."""
    return list(write_comparison(run_comparison(*sets, num_epochs=1), folder))[-1]


def write_page(comparison_path, *options):
    """Run the command; return the page's address."""
    path = comparison_path.with_name(f"page-{len(options)}.html")
    arguments = ["--comparison", str(comparison_path), "--output", str(path)]
    assert main(["page", *arguments, *options]) == 0
    return path.as_uri()


def visit(driver, address, width=1280, height=900, theme="light"):
    """Open a page on a screen, by a system that prefers a theme."""
    screen = {"width": width, "height": height, "deviceScaleFactor": 1}
    phone = {"mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**screen, **phone})
    prefer(driver, theme)
    driver.get(address)
    return wait(driver, "page.practice().params")


def wait(driver, condition, seconds=20):
    """Wait until something is so in the page."""
    end = time.monotonic() + seconds
    while not ask(driver, condition):
        assert time.monotonic() < end, condition
        time.sleep(0.02)
    return driver


def prefer(driver, theme):
    """Let the system prefer a theme, and no motion; wait until the page is redrawn."""
    features = [
        {"name": "prefers-color-scheme", "value": theme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    script = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
    driver.execute_async_script(script)


def ask(driver, expression):
    """Evaluate JavaScript in the page."""
    return driver.execute_script(f"return {expression}")


def find(driver, name):
    """Return an element by its id."""
    return driver.find_element("id", name)


def press(driver, *names):
    """Press keys, one after the other."""
    from selenium.webdriver import ActionChains, Keys

    for name in names:
        ActionChains(driver).send_keys(getattr(Keys, name)).perform()


def click(driver, selector):
    """Click in the middle of the window, where no bar is above."""
    element = driver.find_element("css selector", selector)
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()
