"""The installed Chromium, driven by playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

NAMES = (
    "chromium-headless-shell",  # takes two thirds of the CPU time of a browser with windows
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
TIMEOUT = 60_000  # milliseconds; the first page imports much, and CI machines are busy
POLLING = 50  # milliseconds; by default playwright asks in every frame
IS_DRAWN = """() => document.querySelector('h1') && document.querySelector(
    '[data-test-script-state=notRunning][data-test-connection-state=CONNECTED]')"""
MISSING = "no Chromium is on the PATH; .ci/browser installs one"


def executable() -> str | None:
    """Return the path of a Chromium, or None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched(executable: str) -> Iterator[Browser]:
    """Run a headless browser for the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def wait_until_drawn(page: Page) -> None:
    """Wait until the page has a heading and its script does not run. A click or a key may not have
    started the script yet: wait for its result instead."""
    page.wait_for_function(IS_DRAWN, timeout=TIMEOUT, polling=POLLING)
