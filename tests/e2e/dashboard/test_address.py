"""The address as the state of a page: reload, a link in a new window, Back, and clicks on bars."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.dashboard.chromium import wait_for, wait_until_drawn
from tests.e2e.dashboard.filled import Filled
from tests.e2e.dashboard.test_pages import choose, first_metric, open_page
from tests.e2e.dashboard.test_row_history import VERSIONS, move

pytestmark = pytest.mark.timeout(600)  # the first test waits for Spark and a filled warehouse

FIGURE = "[data-testid=stMetricValue]"
IS_BAR = """([index, x, y]) => {
    const chart = document.querySelectorAll('[data-testid=stVegaLiteChart]')[index];
    const { left, right, top } = chart.getBoundingClientRect();
    const there = document.elementFromPoint((x < 0 ? right : left) + x, top + y);
    return there?.closest('.mark-rect');
}"""
"""Whether a bar is drawn at a place in a chart."""

IDLE = "() => new Promise(done => setTimeout(() => requestIdleCallback(done), 500))"
"""Ends after half a second, once the browser has done all that it had to do."""


def test_reload_keeps_the_state_a_link_shares_it_and_back_returns(
    page: Page, desktop: BrowserContext, address: str
):
    open_page(page, address, "sales")
    unfiltered = first_metric(page)
    choose(page, "Currency", "EUR")
    expect(page).to_have_url(re.compile(r"/sales\?currency=EUR$"))
    expect(page.locator("h3", has_text="GBP")).to_have_count(0)
    euros = first_metric(page)
    page.get_by_role("radio", name="Customer").click()
    expect(page).to_have_url(re.compile("by=Customer"))
    expect(page.get_by_text("by customer")).to_be_visible()

    page.reload()
    expect(page.get_by_text("by customer")).to_be_visible()
    expect(page.locator(FIGURE).first).to_have_text(euros)
    with desktop.new_page() as other:
        other.goto(page.url)
        expect(other.get_by_text("by customer")).to_be_visible()
        expect(other.locator(FIGURE).first).to_have_text(euros)

    page.go_back()
    expect(page.get_by_text("by department")).to_be_visible()
    expect(page.locator(FIGURE).first).to_have_text(euros)
    page.go_back()
    expect(page).to_have_url(f"{address}/sales")
    expect(page.locator("h3", has_text="GBP")).to_have_count(1)
    expect(page.locator(FIGURE).first).to_have_text(unfiltered)


def test_order_number_leads_to_its_history_and_its_moment_is_shared(
    page: Page, desktop: BrowserContext, address: str, filled: Filled
):
    open_page(page, address, "sales?currency=EUR")
    order = page.get_by_role("region", name="Largest sales orders in EUR").get_by_role("link").first
    number = order.inner_text()
    order.click()
    expect(page.locator("h3").first).to_have_text(f"Sales order {number}")
    expect(page).to_have_url(
        re.compile(rf"/history\?currency=EUR&kind=Sales\+order&order={number}$")
    )
    page.go_back()
    expect(page.locator("h1")).to_have_text("Sales")

    open_page(page, address, f"history?order={filled.deleted}")
    move(page, "Home")
    move(page, "ArrowRight")
    expect(page).to_have_url(re.compile("moment=2"))
    expect(page.get_by_text(re.compile("version 1$"))).to_be_visible()
    shown = page.get_by_text(re.compile("^As of .* version 1$")).inner_text()
    with desktop.new_page() as other:
        other.goto(page.url)
        expect(other.get_by_text(shown)).to_be_visible()
        expect(other.get_by_role("region", name=VERSIONS)).to_contain_text("deleted")
    page.get_by_role("textbox", name="Search by").fill(f"#{filled.updated}")
    page.keyboard.press("Enter")
    expect(page.locator("h3").first).to_have_text(f"Sales order {filled.updated}")
    expect(page).not_to_have_url(re.compile("moment=|order=2"))


def test_click_on_the_bar_of_a_day_shows_that_day(page: Page, address: str):
    open_page(page, address, "sales?currency=EUR")
    orders = page.get_by_text(re.compile(r"^Value of [\d,]+ orders$")).inner_text()
    click_bar(page, 0, -12, 195)  # that of the last order
    expect(page).to_have_url(re.compile(r"period=Custom\+range&days=(\d{4}-\d\d-\d\d)\.\.\1$"))
    expect(page.get_by_text(orders, exact=True)).to_have_count(0)
    page.go_back()
    expect(page.get_by_text(orders, exact=True)).to_be_visible()


def test_click_on_a_bar_filters_the_page_and_a_second_click_removes_the_filter(
    page: Page, address: str
):
    open_page(page, address, "sales?currency=EUR&by=Customer")
    click_bar(page, 1, 200, 24)
    expect(page).to_have_url(re.compile(r"partner=\d+"))
    expect(page.get_by_role("button", name="Remove filters")).to_be_visible()
    wait_until_drawn(page)
    click_bar(page, 1, 200, 24)
    expect(page).not_to_have_url(re.compile("partner="))
    wait_until_drawn(page)
    page.get_by_role("link", name="Payments", exact=True).click()
    expect(page.locator("h1")).to_have_text("Payments")
    expect(page).to_have_url(re.compile(r"/payments\?currency=EUR$"))


def click_bar(page: Page, chart: int, x: int, y: int) -> None:
    """Click a place in a chart; a negative ``x`` is a distance from its right side."""
    marks = page.get_by_test_id("stVegaLiteChart").nth(chart)
    marks.scroll_into_view_if_needed()
    wait_for(page, IS_BAR, [chart, x, y])  # the chart is drawn after the page,
    page.evaluate(IDLE)  # and listens a moment later
    box = marks.bounding_box()
    assert box
    marks.click(position={"x": x if x >= 0 else box["width"] + x, "y": y})
