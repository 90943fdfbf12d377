"""What people see in a browser."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard import child
from dashboard.launch import environment
from embedded.dashboard_process import reader_dsn
from embedded.server import running
from postgres import Sql, connected, from_dsn, render
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
LAST_DAY = Sql(
    "greatest((select max(created_date) from warehouse.fact_sales_order_history),"
    " (select max(created_date) from warehouse.fact_purchase_order_history))"
)
EURO = Sql("(select currency_id from warehouse.dim_currency where currency_code = 'EUR')")
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


def asked(filled: Filled, statement: str) -> list[Any]:
    """The only row of an answer of the warehouse's."""
    with connected(from_dsn(filled.dsn), "tests") as connection:
        [row] = connection.run(render(statement, last_day=LAST_DAY, euro=EURO))
        return list(row)


def figure(page: Page, title: str, currency: str = "") -> str:
    """The figure of that title: of the page, or on the card of a currency."""
    metrics = page.get_by_test_id("stMetric").filter(has_text=title)
    if currency:
        metrics = metrics.filter(has_text=currency)
    return metrics.first.locator(FIGURE).inner_text()


def short(amount: Decimal, currency: str) -> str:
    """As a headline spells an amount below a billion."""
    if amount >= 1_000_000:
        return f"{amount / 1_000_000:,.2f} M {currency}"
    return f"{amount:,.0f} {currency}"


def test_home_page_says_what_the_warehouse_does(page: Page, address: str, filled: Filled):
    orders, euros = asked(
        filled,
        """
        select count(*), sum(units_sold * unit_price) filter (where currency_id = {euro})
        from warehouse.fact_sales_order_current where created_date > {last_day} - 30""",
    )
    late, owed = asked(
        filled,
        """
        select count(*), sum(payment_amount) filter (where currency_id = {euro})
        from warehouse.fact_payment_current
        where not paid and payment_date < (select max(observed_at)::date from etl.ledger)
            and payment_type_id in (
                select payment_type_id from warehouse.dim_payment_type
                where payment_type_name in ('SALES_RECEIPT', 'PURCHASE_REFUND'))""",
    )
    opened(page, address)
    assert orders
    assert late
    assert figure(page, "Sales orders") == f"{orders:,}"
    assert figure(page, "Sales (", "EUR") == short(euros, "EUR")
    assert figure(page, "owed to us") == f"{late:,}"
    assert figure(page, "owed to us", "EUR") == short(owed, "EUR")


def test_page_of_sales_says_what_the_warehouse_does(page: Page, address: str, filled: Filled):
    orders, euros = asked(
        filled,
        """
        select count(*), sum(units_sold * unit_price) from warehouse.fact_sales_order_current
        where created_date > {last_day} - 30 and currency_id = {euro}""",
    )
    opened(page, address, "sales")
    assert orders
    assert figure(page, f"Value of {orders:,} orders", "EUR") == short(euros, "EUR")


def test_page_of_payments_says_what_the_warehouse_does(page: Page, address: str, filled: Filled):
    paid, unpaid = asked(
        filled,
        """
        select sum(payment_amount) filter (where paid),
            sum(payment_amount) filter (where not paid)
        from warehouse.fact_payment_current
        where payment_date > {last_day} - 30 and currency_id = {euro} and payment_type_id = (
            select payment_type_id from warehouse.dim_payment_type
            where payment_type_name = 'SALES_RECEIPT')""",
    )
    opened(page, address, "payments")
    page.get_by_role("radio", name="Sales receipt").click()
    settled(page)
    assert figure(page, "Paid", "EUR") == short(paid, "EUR")
    assert figure(page, "Not paid yet", "EUR") == short(unpaid, "EUR")


def test_tab_is_called_as_its_page_and_nothing_comes_from_elsewhere(page: Page, address: str):
    asked = list[str]()
    page.on("request", lambda request: asked.append(request.url))
    opened(page, address, "sales")
    expect(page).to_have_title("Sales · totesys warehouse")
    page.get_by_role("link", name="An order's life").click()
    expect(page).to_have_title("An order's life · totesys warehouse")
    settled(page)
    icon = page.locator("link[rel*=icon]").first.get_attribute("href") or ""
    assert icon.startswith("data:image/svg+xml")
    assert asked
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


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
            address = serving.enter_context(child.running(told, folder / "log")).address
            opened(page, address)
            expect(page.get_by_test_id("stAlert")).to_contain_text("holds no orders yet")
        opened(page, address, "platform")
        expect(page.get_by_test_id("stAlert")).to_contain_text("Nothing answers at 127.0.0.1")
        expect(page.locator("[data-testid=stException]")).to_have_count(0)
        assert "Traceback" not in page.content()
