"""The pages, in a browser."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dashboard import child, ports
from dashboard.launch import HOST, environment
from embedded.demo.dashboard_process import reader_dsn
from embedded.server import running
from lake import now
from postgres import Sql, connected, from_dsn, render
from tests.conftest import UNSAFE_AND_FAST
from tests.e2e.dashboard.chromium import PHONE, wait_for, wait_until_drawn
from tests.e2e.dashboard.filled import WAREHOUSE, Filled
from warehouse import migrate_at

pytestmark = pytest.mark.timeout(600)  # the first test waits for Spark and a filled warehouse

PAGES = {
    "": "Overview",
    "sales": "Sales",
    "purchases": "Purchases",
    "payments": "Payments",
    "designs": "Designs",
    "history": "Order history",
    "platform": "Platform",
    "runs": "Runs",
}
LAST_DAY = Sql(
    "greatest((select max(created_date) from warehouse.fact_sales_order_history),"
    " (select max(created_date) from warehouse.fact_purchase_order_history))"
)
EURO = Sql("(select currency_id from warehouse.dim_currency where currency_code = 'EUR')")
FIGURE = "[data-testid=stMetricValue]"
FITS = """width => {
    const scrolled = [document.documentElement, document.querySelector('[data-testid=stMain]')];
    const drawn = [...document.querySelectorAll('.rows td, [data-testid=stMetric]')];
    return scrolled.every(e => e.scrollWidth <= width)
        && drawn.every(e => !e.checkVisibility() || e.getBoundingClientRect().right <= width);
}"""
"""Whether nothing is wider than the screen, so that no page scrolls horizontally."""

CHART = "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg"


def open_page(page: Page, address: str, path: str = "") -> Page:
    page.goto(f"{address}/{path}")
    wait_until_drawn(page)
    return page


def first_metric(page: Page) -> str:
    return page.locator(FIGURE).first.inner_text()


def choose(page: Page, title: str, option: str) -> None:
    """Select an option of a list in the sidebar, by keyboard."""
    page.get_by_role("combobox", name=title).click()
    page.keyboard.type(option)
    expect(page.get_by_role("option").filter(has_text=option).first).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    wait_until_drawn(page)


@pytest.mark.parametrize(("path", "title"), PAGES.items())
def test_every_page_shows_data_and_no_exception_and_fits_a_phone(
    page: Page, address: str, path: str, title: str
):
    open_page(page, address, path)
    expect(page.locator("h1")).to_have_text(title)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    assert page.locator("[data-testid=stAlertContentError]").count() == 0
    expect(page.get_by_text(re.compile(r"^Data as of .* ago\)$"))).to_be_visible()
    if path not in ("history", "runs"):
        expect(page.locator(CHART).first).to_be_visible()
    page.set_viewport_size(PHONE)
    wait_for(page, FITS, PHONE["width"])  # charts are drawn again


def query(filled: Filled, statement: str) -> list[Any]:
    """Return the only row of a query of the warehouse."""
    with connected(from_dsn(filled.dsn), "tests") as connection:
        [row] = connection.run(render(statement, last_day=LAST_DAY, euro=EURO))
        return list(row)


def metric(page: Page, title: str, currency: str = "") -> str:
    """Return the value of a metric: of the page, or on the card of a currency."""
    metrics = page.get_by_test_id("stMetric").filter(has_text=title)
    if currency:
        metrics = metrics.filter(has_text=currency)
    return metrics.first.locator(FIGURE).inner_text()


def short(amount: Decimal, currency: str) -> str:
    """Format an amount below a billion as a headline does."""
    if amount >= 1_000_000:
        return f"{amount / 1_000_000:,.2f} M {currency}"
    return f"{amount:,.0f} {currency}"


def test_overview_agrees_with_the_warehouse(page: Page, address: str, filled: Filled):
    orders, euros = query(
        filled,
        """
        select count(*), sum(units_sold * unit_price) filter (where currency_id = {euro})
        from warehouse.fact_sales_order_current where created_date > {last_day} - 30""",
    )
    overdue, amount = query(
        filled,
        """
        select count(*), sum(payment_amount) filter (where currency_id = {euro})
        from warehouse.fact_payment_current
        where not paid and payment_date < (select max(observed_at)::date from etl.ledger)
            and payment_type_id in (
                select payment_type_id from warehouse.dim_payment_type
                where payment_type_name in ('SALES_RECEIPT', 'PURCHASE_REFUND'))""",
    )
    open_page(page, address)
    assert orders
    assert overdue
    assert metric(page, "Sales orders") == f"{orders:,}"
    assert metric(page, "Sales (", "EUR") == short(euros, "EUR")
    assert metric(page, "Overdue receivables") == f"{overdue:,}"
    assert metric(page, "Overdue receivables", "EUR") == short(amount, "EUR")


def test_sales_agree_with_the_warehouse(page: Page, address: str, filled: Filled):
    orders, euros = query(
        filled,
        """
        select count(*), sum(units_sold * unit_price) from warehouse.fact_sales_order_current
        where created_date > {last_day} - 30 and currency_id = {euro}""",
    )
    open_page(page, address, "sales")
    assert orders
    assert metric(page, f"Value of {orders:,} orders", "EUR") == short(euros, "EUR")


def test_payments_agree_with_the_warehouse(page: Page, address: str, filled: Filled):
    paid, unpaid = query(
        filled,
        """
        select sum(payment_amount) filter (where paid),
            sum(payment_amount) filter (where not paid)
        from warehouse.fact_payment_current
        where payment_date > (select max(observed_at)::date from etl.ledger) - 30
            and payment_date <= (select max(observed_at)::date from etl.ledger)
            and currency_id = {euro} and payment_type_id = (
            select payment_type_id from warehouse.dim_payment_type
            where payment_type_name = 'SALES_RECEIPT')""",
    )
    open_page(page, address, "payments")
    page.get_by_role("radio", name="Receivables").click()
    wait_until_drawn(page)
    assert metric(page, "Paid", "EUR") == short(paid, "EUR")
    assert metric(page, "Unpaid", "EUR") == short(unpaid, "EUR")


def test_tab_has_the_title_of_its_page_and_no_request_leaves_the_host(page: Page, address: str):
    urls = list[str]()
    page.on("request", lambda request: urls.append(request.url))
    open_page(page, address, "sales")
    expect(page).to_have_title("Sales · totesys warehouse")
    page.get_by_role("link", name="Order history").click()
    expect(page).to_have_title("Order history · totesys warehouse")
    wait_until_drawn(page)
    icon = page.locator("link[rel*=icon]").first.get_attribute("href") or ""
    assert icon.startswith("data:image/svg+xml")
    assert urls
    assert [url for url in urls if not url.startswith((address, "data:", "blob:"))] == []


def test_navigation_on_a_phone_closes_after_a_click(phone: BrowserContext, address: str):
    with phone.new_page() as page:
        open_page(page, address)
        assert page.evaluate(FITS, PHONE["width"])
        page.get_by_test_id("stExpandSidebarButton").click()
        page.get_by_role("link", name="Runs", exact=True).click()
        expect(page.locator("h1")).to_have_text("Runs")
        expect(page.get_by_test_id("stExpandSidebarButton")).to_be_visible()
        wait_for(page, FITS, PHONE["width"])


def test_filters_change_the_figures_and_are_kept_between_pages(page: Page, address: str):
    open_page(page, address)
    unfiltered = first_metric(page)
    choose(page, "Currency", "EUR")
    expect(page.locator("h3", has_text="GBP")).to_have_count(0)
    expect(page.locator(FIGURE).first).not_to_have_text(unfiltered)
    wait_until_drawn(page)
    euros = first_metric(page)
    page.get_by_role("link", name="Sales", exact=True).click()
    expect(page.locator("h1")).to_have_text("Sales")
    wait_until_drawn(page)
    expect(page.locator("h3", has_text="EUR")).to_have_count(1)
    expect(page.locator("h3", has_text="GBP")).to_have_count(0)
    page.get_by_role("link", name="Platform").click()
    expect(page.locator("h1")).to_have_text("Platform")
    page.get_by_role("link", name="Overview").click()
    expect(page.locator("h1")).to_have_text("Overview")
    expect(page.locator(FIGURE).first).to_have_text(euros)


def test_filters_that_match_nothing_are_explained(page: Page, address: str):
    today = now().date()
    sunday = today - timedelta(today.isoweekday() + 7)  # nobody orders then
    open_page(page, address, f"purchases?period=Custom+range&days={sunday}..{sunday}")
    choose(page, "Currency", "EUR")
    expect(page.get_by_test_id("stAlert")).to_contain_text(
        "Choose a longer period or remove filters."
    )


def test_quarantined_rows_are_shown_with_their_reason(page: Page, address: str, filled: Filled):
    open_page(page, address, "platform")
    table = page.get_by_role("region", name="Quarantined rows by reason")
    expect(table).to_contain_text(str(filled.quarantined))
    expect(table).to_contain_text("soon")


def test_business_question_is_answered(page: Page, address: str):
    open_page(page, address, "sales")
    page.get_by_role("combobox", name="They are about all data").click()
    page.keyboard.type("delivered in the next seven days")
    expect(page.get_by_role("option", name="delivered in the next seven days")).to_have_count(1)
    page.keyboard.press("Enter")
    wait_until_drawn(page)
    table = page.get_by_role("region", name="What has to be delivered")
    expect(table).to_contain_text("Agreed delivery date")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the user of the database server can enter."""
    folder = Path(tempfile.mkdtemp(prefix="totesys-stops-"))
    yield folder
    shutil.rmtree(folder)


def test_warehouse_that_stops_is_reported_and_the_refresh_goes_on(page: Page, folder: Path):
    with ExitStack() as serving:
        with running(folder / "postgresql", UNSAFE_AND_FAST) as server:
            server.create_database(WAREHOUSE)
            migrate_at(from_dsn(server.dsn(WAREHOUSE)))
            environ = environment(reader_dsn(server, WAREHOUSE))
            web = child.running(environ, folder / "log", ports.any_free(HOST))
            address = serving.enter_context(web).address
            open_page(page, address)
            expect(page.get_by_test_id("stAlert")).to_contain_text("does not contain orders yet")
            open_page(page, address, "platform?refresh=10s")
            expect(page.get_by_text("No data is loaded yet.")).to_be_visible()
        alerts = page.get_by_test_id("stAlert")
        expect(alerts.filter(has_text="Nothing answers at 127.0.0.1").first).to_be_visible()
        expect(page.get_by_text("The warehouse cannot be read (tried")).to_be_visible()
        expect(page.locator("[data-testid=stException]")).to_have_count(0)
        assert "Traceback" not in page.content()
        with running(folder / "postgresql", UNSAFE_AND_FAST):
            expect(page.get_by_text("No data is loaded yet.")).to_be_visible()
            expect(alerts.filter(has_text="Nothing answers")).to_have_count(0)
