"""The pictures of docs/images: `python -m tests.e2e.dashboard.screenshots [FOLDER]`.

A warehouse is filled like that of the demo, and Chromium takes a picture of each page."""

import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, ViewportSize

from contracts import PlatformError
from dashboard import child
from dashboard.launch import environment
from embedded.server import running
from tests.e2e.dashboard.chromium import (
    DESKTOP,
    MISSING,
    PHONE,
    executable,
    launched,
    wait_until_drawn,
)
from tests.e2e.dashboard.filled import Filled, fill

IMAGES = Path(__file__).parents[3] / "docs" / "images"
ORDERS, CYCLES = 3_000, 14
MAX_BYTES = 200_000
MAX_HEIGHT = {DESKTOP["width"]: 1_150, PHONE["width"]: 1_500}
PAGES = ("overview", "sales", "purchases", "payments", "designs", "history", "platform", "runs")


class TooLarge(PlatformError):
    """A picture is too large for the repository."""


def main(folder: Path) -> None:
    """Write a picture of each page, and of two pages on a phone and in the dark theme."""
    path = executable()
    if not path:
        sys.exit(f"screenshots: {MISSING}")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="totesys-screenshots-") as name:
        root = Path(name)
        with running(root / "postgresql") as server:
            filled = fill(server, root, ORDERS, CYCLES)
            environ = environment(filled.dsn, [str(filled.lake)])
            with child.running(environ, root / "log") as web, launched(path) as browser:
                _take_all(browser, web.address, filled, folder)


def _take_all(browser: Browser, address: str, filled: Filled, folder: Path) -> None:
    order = f"history?order={filled.deleted}"
    for path in PAGES:
        of_order = order if path == "history" else path
        _take(browser, f"{address}/{of_order}", DESKTOP, folder / f"{path}.png")
    for path, name in {"sales": "sales", order: "history"}.items():
        _take(browser, f"{address}/{path}", PHONE, folder / f"{name}-phone.png")
        _take(browser, f"{address}/{path}", DESKTOP, folder / f"{name}-dark.png", "dark")


def _take(
    browser: Browser,
    address: str,
    size: ViewportSize,
    file: Path,
    theme: Literal["light", "dark"] = "light",
) -> None:
    """Write a picture of the page from its top, up to a maximum height."""
    context = browser.new_context(viewport=size, color_scheme=theme)
    page = context.new_page()
    page.goto(address.replace("/overview", "/"))
    wait_until_drawn(page)
    page.wait_for_timeout(2_000)  # charts are drawn after the page
    height = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({**size, "height": min(height, MAX_HEIGHT[size["width"]])})
    page.wait_for_timeout(1_000)
    page.screenshot(path=file)
    context.close()
    if file.stat().st_size > MAX_BYTES:
        raise TooLarge(f"{file} has {file.stat().st_size:,} bytes, more than {MAX_BYTES:,}.")
    sys.stdout.write(f"{file.name:20}{file.stat().st_size / 1000:6.0f} kB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else IMAGES)
