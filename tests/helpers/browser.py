"""A headless Chromium for tests of pages, which reaches this machine only."""

import shutil
import tempfile
from contextlib import contextmanager

import pytest

OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _found(*names):
    """Path of the first program of these that there is; skips the test without one."""
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.skip(f"no {' or '.join(names)} on this machine")


@contextmanager
def open_browser(width=1280, height=900):
    """A selenium driver whose pages are ``width`` x ``height`` CSS pixels.

    The test is skipped, with the reason, where chromium, chromedriver or selenium is
    absent.
    """
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is absent")
    from selenium.webdriver.chrome.service import Service

    program = _found("chromium", "chromium-browser", "google-chrome")
    service = Service(executable_path=_found("chromedriver", "chromium.chromedriver"))
    options = webdriver.ChromeOptions()
    options.binary_location = program
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for option in [*OPTIONS, f"--user-data-dir={profile}"]:
            options.add_argument(option)
        driver = webdriver.Chrome(options=options, service=service)
        try:
            # A window cannot be as narrow as a telephone's page.
            metrics = {"width": width, "height": height, "deviceScaleFactor": 1}
            driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride", {**metrics, "mobile": False}
            )
            driver.set_page_load_timeout(60)
            yield driver
        finally:
            driver.quit()


def console_errors(driver):
    """Messages of level SEVERE since the last call, the failed requests among them."""
    return [
        entry["message"]
        for entry in driver.get_log("browser")
        if entry["level"] == "SEVERE"
    ]
