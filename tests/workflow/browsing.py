"""A headless browser for tests of the page, and what they do in it."""

import shutil
import time

import pytest

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def start(profile, width=1400, height=1000):
    """Chromium without a window, with an empty profile. Skips the test where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install selenium")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("no chromium and chromedriver on the path: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (*ARGUMENTS, f"--window-size={width},{height}", f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    found.set_script_timeout(120)
    return found


def awaited(page, promise):
    """Run a script that gives a promise, and wait for it; the error's text, or None."""
    return page.execute_async_script(
        f"const done = arguments[0]; ({promise}).then(() => setTimeout(() => done(null), 200), (e) => done(String(e.stack)))"
    )


def draw(page):
    """Open all evidence of the setting that is shown, and draw every chart in it."""
    assert awaited(page, "mergecast.openAll().then(() => mergecast.drawAll())") is None


def value_after(page, script, wanted, seconds=10):
    """Wait until a script returns what is wanted; its last value either way."""
    end = time.monotonic() + seconds
    while (found := page.execute_script(script)) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    return found


def select(page, css, value):
    """Choose an option of a drop-down, as a reader does."""
    page.execute_script(
        "const s = document.querySelector(arguments[0]); s.value = arguments[1]; s.dispatchEvent(new Event('change'))",
        css,
        value,
    )


def size(page, width, height=900):
    """Give the page a window of so many pixels."""
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
    )
