"""Tables: order, download, print and dark mode, in a browser."""

import csv
import io
import re
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.dashboard.chromium import context, wait_for, wait_until_drawn
from tests.e2e.dashboard.filled import Filled
from tests.e2e.dashboard.test_pages import open_page, query

pytestmark = pytest.mark.timeout(600)  # the first test waits for Spark and a filled warehouse

LARGEST = "Largest sales orders in EUR"
A4: dict[str, int] = {"width": 690, "height": 1_000}  # CSS pixels between margins of 14 mm
RIGHT = """() => Math.max(...[...document.querySelectorAll(
    '.rows td, .rows th, [data-testid=stMetric], [data-testid=stVegaLiteChart], .card dd'
)].filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect().right))"""
LUMINANCE = """element => {
    const [r, g, b] = getComputedStyle(element).PROPERTY.match(/\\d+/g).map(Number);
    return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}"""


def test_table_is_sorted_by_a_click_and_downloaded_whole(page: Page, address: str, filled: Filled):
    open_page(page, address, "sales?currency=EUR")
    region = page.get_by_role("region", name=LARGEST)
    values = region.locator("td[data-title='Value (EUR)']")
    expect(values.last).to_be_visible()
    largest = values.all_inner_texts()
    region.get_by_role("button", name="Value (EUR)").click()
    expect(region.locator("th[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    assert values.all_inner_texts() == largest[::-1]
    region.get_by_role("button", name="Value (EUR)").press("Enter")
    expect(region.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    assert values.all_inner_texts() == largest

    with page.expect_download() as download:
        page.get_by_role("button", name="Download all as CSV").click()
    assert download.value.suggested_filename == "largest-sales-orders-in-eur.csv"
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(b"\xef\xbb\xbfOrder,Placed,Customer,Department,Design,Units,")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    orders, value = query(
        filled,
        """
        select count(*), sum(units_sold * unit_price) from warehouse.fact_sales_order_current
        where created_date > {last_day} - 30 and currency_id = {euro}""",
    )
    assert len(rows) == orders > len(largest)
    assert sum(Decimal(row["Value (EUR)"]) for row in rows) == value
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", rows[0]["Placed"])


@pytest.mark.parametrize("path", ["sales", "history?order={deleted}"])
def test_printed_page_has_no_sidebar_and_no_column_is_cut(
    page: Page, address: str, filled: Filled, path: str
):
    open_page(page, address, path.format(deleted=filled.deleted))
    page.set_viewport_size({"width": A4["width"], "height": A4["height"]})
    page.emulate_media(media="print")
    expect(page.locator("[data-testid=stSidebar]")).not_to_be_visible()
    expect(page.get_by_role("button", name="Download").first).not_to_be_visible()
    wait_for(page, f"width => 0 < ({RIGHT})() && ({RIGHT})() <= width", A4["width"])
    page.wait_for_timeout(1_000)  # charts are drawn again
    assert 0 < page.evaluate(RIGHT) <= A4["width"]
    pdf = page.pdf(format="A4", print_background=True)
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert pages > 1 or path != "sales"  # all of the page is printed, not only the screen


def test_dark_page_is_printed_with_dark_text_on_white(
    browser: Browser, address: str, filled: Filled
):
    with context(browser, color_scheme="dark") as dark:
        page = dark.new_page()
        open_page(page, address, f"history?order={filled.deleted}")
        expect(page.locator(".rows td").first).to_be_visible()
        page.emulate_media(media="print", color_scheme="dark")
        ground = LUMINANCE.replace("PROPERTY", "backgroundColor")
        wait_for(page, f"() => ({ground})(document.querySelector('.stApp')) > 0.99")
        text = "h1, h3, p, .rows td, .rows th, .card dt, .card dd, mark, small"
        found = f"[...document.querySelectorAll('{text}')]"
        color = LUMINANCE.replace("PROPERTY", "color")
        wait_for(page, f"() => {found}.length > 20 && {found}.every(e => ({color})(e) < 0.4)")


def test_dark_mode_has_light_text_on_dark_ground(browser: Browser, address: str):
    with context(browser, color_scheme="dark") as dark:
        page = dark.new_page()
        open_page(page, address, "sales")
        cell = page.locator(".rows td").first
        app = page.locator(".stApp")
        wait_until_drawn(page)
        assert app.evaluate(LUMINANCE.replace("PROPERTY", "backgroundColor")) < 0.15
        assert cell.evaluate(LUMINANCE.replace("PROPERTY", "color")) > 0.8
        heading = page.locator(".rows thead th").first
        assert heading.evaluate(LUMINANCE.replace("PROPERTY", "color")) > 0.6
