"""The installed Chromium, driven by playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

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


@contextmanager
def context(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """Open a context for the block, whose pages wait as long as TIMEOUT for everything."""
    with browser.new_context(**options) as opened:
        opened.set_default_timeout(TIMEOUT)
        yield opened


def wait_until_drawn(page: Page) -> None:
    """Wait until the page has a heading and its script does not run. A click or a key may not have
    started the script yet: wait for its result instead."""
    wait_for(page, IS_DRAWN)


def wait_for(page: Page, condition: str, argument: object = None) -> None:
    """Wait until a function of JavaScript returns something true."""
    page.wait_for_function(condition, arg=argument, timeout=TIMEOUT, polling=POLLING)
