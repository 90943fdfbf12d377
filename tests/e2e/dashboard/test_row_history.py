"""The history of an order, in a browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.dashboard.chromium import wait_until_drawn
from tests.e2e.dashboard.filled import Filled
from tests.e2e.dashboard.test_pages import open_page

pytestmark = pytest.mark.timeout(600)  # the first test waits for Spark and a filled warehouse

CARD = "dl.card"
VERSIONS = "Versions side by side"


def search(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Search by").fill(text)
    page.keyboard.press("Enter")
    wait_until_drawn(page)


def move(page: Page, key: str) -> None:
    page.get_by_role("slider").focus()
    page.keyboard.press(key)
    wait_until_drawn(page)


def test_order_is_found_by_its_number_or_a_name_and_shown_with_every_version(
    page: Page, address: str, filled: Filled
):
    open_page(page, address, "history")
    search(page, str(filled.updated))
    expect(page.locator("h3").first).to_have_text(f"Sales order {filled.updated}")
    heads = page.get_by_role("region", name=VERSIONS).locator("thead th")
    for number, event in {1: "placed", 2: "changed", 3: "changed"}.items():
        expect(heads.nth(number - 1)).to_contain_text(f"Version {number}")
        expect(heads.nth(number - 1)).to_contain_text(event)
    assert page.get_by_role("region", name=VERSIONS).locator("mark").count() >= 2
    search(page, "o'hara")
    expect(page.get_by_role("region", name="Sales orders")).to_contain_text("O'Hara")
    search(page, "a name that does not exist")
    expect(page.get_by_test_id("stAlert")).to_contain_text("No sales order matches")


def test_deleted_order_is_shown_with_its_deletion_and_as_of_a_time(
    page: Page, address: str, filled: Filled
):
    open_page(page, address, "history")
    search(page, str(filled.deleted))
    expect(page.get_by_text("deleted on")).to_be_visible()
    table = page.get_by_role("region", name=VERSIONS)
    expect(table.locator("thead th").last).to_contain_text("deleted")
    expect(page.get_by_text(re.compile("version 3$"))).to_be_visible()
    latest = page.locator(CARD).text_content() or ""
    move(page, "Home")
    expect(page.get_by_test_id("stAlert")).to_contain_text("it did not exist yet")
    move(page, "ArrowRight")
    expect(page.get_by_text(re.compile("version 1$"))).to_be_visible()
    expect(page.locator(CARD)).not_to_have_text(latest)
    move(page, "End")
    expect(page.get_by_test_id("stAlert")).to_contain_text("it was deleted")


def test_purchase_orders_have_a_history_too(page: Page, address: str):
    open_page(page, address, "history")
    page.get_by_role("radio", name="Purchase order").click()
    expect(page.get_by_role("textbox", name="supplier")).to_be_visible()
    wait_until_drawn(page)
    search(page, "7")
    expect(page.locator("h3").first).to_have_text("Purchase order 7")


def test_search_is_reached_by_keyboard(page: Page, address: str):
    open_page(page, address, "history")
    wait_until_drawn(page)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(
            "() => document.activeElement.getAttribute('aria-label') || ''"
        ).startswith("Search by"):
            break
    else:
        raise AssertionError("60 presses of Tab do not reach the search")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    wait_until_drawn(page)
    expect(page.locator("h3").first).to_have_text("Sales order 1")
