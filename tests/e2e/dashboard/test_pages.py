"""What people see in a browser."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard import child
from dashboard.launch import environment
from embedded.dashboard import reader_dsn
from embedded.server import running
from postgres import from_dsn
from tests.conftest import UNSAFE_AND_FAST
from tests.e2e.dashboard.chromium import PHONE, settled
from tests.e2e.dashboard.filled import WAREHOUSE, Filled
from warehouse import migrate_at

PAGES = {
    "": "How business is",
    "sales": "Sales",
    "purchases": "Purchases",
    "payments": "Payments",
    "designs": "Designs",
    "order": "An order's life",
    "platform": "The platform",
}
FIGURE = "[data-testid=stMetricValue]"
CHART = "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg"


def opened(page: Page, address: str, path: str = "") -> Page:
    page.goto(f"{address}/{path}")
    settled(page)
    return page


def first_figure(page: Page) -> str:
    return page.locator(FIGURE).first.inner_text()


def choose(page: Page, title: str, option: str) -> None:
    """Choose an option of a list in the sidebar, by keyboard."""
    page.get_by_role("combobox", name=title).click()
    page.keyboard.type(option)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    settled(page)


@pytest.mark.parametrize(("path", "title"), PAGES.items())
def test_every_page_shows_data_and_no_exception(page: Page, address: str, path: str, title: str):
    opened(page, address, path)
    expect(page.locator("h1")).to_have_text(title)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    assert page.locator("[data-testid=stAlertContentError]").count() == 0
    if path != "order":
        expect(page.locator(CHART).first).to_be_visible()
        assert any(digit in first_figure(page) for digit in "123456789")


@pytest.mark.parametrize("path", PAGES)
def test_phone_scrolls_no_page_sideways(browser: Browser, address: str, path: str):
    context = browser.new_context(viewport=PHONE)
    page = opened(context.new_page(), address, path)
    widest = page.evaluate(
        "() => Math.max(...[document.documentElement,"
        " document.querySelector('[data-testid=stMain]')].map(e => e.scrollWidth))"
    )
    context.close()
    assert widest <= PHONE["width"]


def test_filters_change_the_figures_and_stay_from_page_to_page(page: Page, address: str):
    opened(page, address)
    everything = first_figure(page)
    choose(page, "Currency", "EUR")
    expect(page.locator("h3", has_text="GBP")).to_have_count(0)
    expect(page.locator(FIGURE).first).not_to_have_text(everything)
    euros = first_figure(page)
    page.get_by_role("link", name="Sales").click()
    expect(page.locator("h1")).to_have_text("Sales")
    settled(page)
    expect(page.locator("h3", has_text="EUR")).to_have_count(1)
    expect(page.locator("h3", has_text="GBP")).to_have_count(0)
    page.get_by_role("link", name="The platform").click()
    expect(page.locator("h1")).to_have_text("The platform")
    page.get_by_role("link", name="Home").click()
    expect(page.locator("h1")).to_have_text("How business is")
    expect(page.locator(FIGURE).first).to_have_text(euros)


def test_filters_that_let_nothing_pass_are_told_in_words(page: Page, address: str):
    opened(page, address, "purchases")
    choose(page, "Currency", "EUR")
    choose(page, "Department", "Facilities")
    choose(page, "Country of the counterparty", "Congo")
    choose(page, "Period", "Last 7 days")
    expect(page.get_by_test_id("stAlert")).to_contain_text(
        "Choose a longer period, or fewer filters."
    )


def test_rows_set_apart_are_shown_with_their_reason(page: Page, address: str, filled: Filled):
    opened(page, address, "platform")
    table = page.get_by_role("region", name="Rows set apart, by reason")
    expect(table).to_contain_text(str(filled.apart))
    expect(table).to_contain_text("soon")


def test_further_question_is_answered(page: Page, address: str):
    opened(page, address, "sales")
    page.get_by_role("combobox", name="These look at everything").click()
    page.keyboard.type("delivered in the next seven days")
    page.keyboard.press("Enter")
    settled(page)
    table = page.get_by_role("region", name="What has to be delivered")
    expect(table).to_contain_text("Agreed delivery date")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A place through which the server's own user may pass."""
    folder = Path(tempfile.mkdtemp(prefix="totesys-stops-"))
    yield folder
    shutil.rmtree(folder)


def test_warehouse_that_stops_is_told_in_plain_words(page: Page, folder: Path):
    with ExitStack() as serving:
        with running(folder / "postgresql", UNSAFE_AND_FAST) as server:
            server.create_database(WAREHOUSE)
            migrate_at(from_dsn(server.dsn(WAREHOUSE)))
            told = environment(reader_dsn(server, WAREHOUSE))
            address = serving.enter_context(child.running(told, folder / "log"))
            opened(page, address)
            expect(page.get_by_test_id("stAlert")).to_contain_text("holds no orders yet")
        opened(page, address, "platform")
        expect(page.get_by_test_id("stAlert")).to_contain_text("Nothing answers at 127.0.0.1")
        expect(page.locator("[data-testid=stException]")).to_have_count(0)
        assert "Traceback" not in page.content()
