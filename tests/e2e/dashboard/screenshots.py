"""Makes docs/images: `python -m tests.e2e.dashboard.screenshots [FOLDER]`.

A warehouse is filled as the demo fills its own, and each page of its dashboard is looked at in the
Chromium that the machine has."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize

from contracts import PlatformError
from dashboard import child
from dashboard.launch import environment
from embedded.server import running
from tests.e2e.dashboard.chromium import DESKTOP, MISSING, PHONE, executable, launched, settled
from tests.e2e.dashboard.filled import Filled, fill

IMAGES = Path(__file__).parents[3] / "docs" / "images"
ORDERS, STEPS = 3_000, 14
LARGEST = 200_000  # bytes
TALLEST = {DESKTOP["width"]: 1_150, PHONE["width"]: 1_500}
PAGES = ("home", "sales", "purchases", "payments", "designs", "order", "platform")


class TooLarge(PlatformError):
    """A picture that would make the repository heavy."""


def main(folder: Path) -> None:
    """Write a picture of every page, and one as a phone shows it."""
    found = executable()
    if not found:
        sys.exit(f"screenshots: {MISSING}")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="totesys-shown-") as name:
        root = Path(name)
        with running(root / "postgresql") as server:
            filled = fill(server, root, ORDERS, STEPS, None)
            told = environment(filled.dsn, [str(filled.lake)])
            with child.running(told, root / "log") as started, launched(found) as browser:
                _photograph(browser, started.address, filled, folder)


def _photograph(browser: Browser, address: str, filled: Filled, folder: Path) -> None:
    def an_order(page: Page) -> None:
        page.get_by_role("textbox", name="Search by").fill(str(filled.deleted))
        page.keyboard.press("Enter")
        page.get_by_text(f"Sales order {filled.deleted}").wait_for()

    for path in PAGES:
        prepare = an_order if path == "order" else None
        _take(browser, f"{address}/{path}", DESKTOP, folder / f"{path}.png", prepare)
    _take(browser, f"{address}/order", PHONE, folder / "order-phone.png", an_order)


def _take(
    browser: Browser,
    address: str,
    size: ViewportSize,
    file: Path,
    prepare: Callable[[Page], None] | None,
) -> None:
    """A picture of the page from its top, no higher than people would scroll for."""
    context = browser.new_context(viewport=size)
    page = context.new_page()
    page.goto(address.replace("/home", "/"))
    settled(page)
    if prepare:
        prepare(page)
        settled(page)
    page.wait_for_timeout(2_000)  # charts are drawn after the page
    whole = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({**size, "height": min(whole, TALLEST[size["width"]])})
    page.wait_for_timeout(1_000)
    page.screenshot(path=file)
    context.close()
    if file.stat().st_size > LARGEST:
        raise TooLarge(f"{file} has {file.stat().st_size:,} bytes, more than {LARGEST:,}.")
    sys.stdout.write(f"{file.name:20}{file.stat().st_size / 1000:6.0f} kB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else IMAGES)
