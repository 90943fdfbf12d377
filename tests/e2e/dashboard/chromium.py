"""The Chromium that the machine has, driven by playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE = 30_000  # milliseconds
IS_DRAWN = """() => document.querySelector('h1') && document.querySelector(
    '[data-test-script-state=notRunning][data-test-connection-state=CONNECTED]')"""
MISSING = "no Chromium is on the PATH; .ci/browser says how to get one"


def executable() -> str | None:
    """Where a Chromium is; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched(executable: str) -> Iterator[Browser]:
    """A browser without a screen for the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def settled(page: Page) -> None:
    """Wait until the page is drawn and nothing runs for it any more. What was just done may not
    have begun to run: what comes of it is to be waited for."""
    page.wait_for_function(IS_DRAWN, timeout=PATIENCE)
