"""An order's life, in a browser."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.dashboard.chromium import settled
from tests.e2e.dashboard.filled import Filled
from tests.e2e.dashboard.test_pages import opened

CARD = "dl.card"
VERSIONS = "Versions of the order side by side"


def search(page: Page, sought: str) -> None:
    page.get_by_role("textbox", name="Search by").fill(sought)
    page.keyboard.press("Enter")
    settled(page)


def move(page: Page, key: str) -> None:
    page.get_by_role("slider").focus()
    page.keyboard.press(key)
    settled(page)


def test_order_is_found_by_its_number_with_every_version(page: Page, address: str, filled: Filled):
    opened(page, address, "order")
    search(page, str(filled.edited))
    expect(page.locator("h3").first).to_have_text(f"Sales order {filled.edited}")
    table = page.get_by_role("region", name=VERSIONS)
    for number, story in {1: "placed", 2: "changed", 3: "changed"}.items():
        expect(table.locator("thead th").nth(number - 1)).to_contain_text(f"Version {number}")
        expect(table.locator("thead th").nth(number - 1)).to_contain_text(story)
    assert table.locator("mark").count() >= 2


def test_deleted_order_is_found_and_shown_to_its_end(page: Page, address: str, filled: Filled):
    opened(page, address, "order")
    search(page, str(filled.deleted))
    expect(page.get_by_text("deleted, as was seen on")).to_be_visible()
    table = page.get_by_role("region", name=VERSIONS)
    expect(table.locator("thead th").last).to_contain_text("deleted")
    move(page, "End")
    expect(page.get_by_test_id("stAlert")).to_contain_text("it had been deleted")


def test_slider_shows_the_order_as_it_was(page: Page, address: str, filled: Filled):
    opened(page, address, "order")
    search(page, str(filled.deleted))
    expect(page.get_by_text(re.compile("version 3$"))).to_be_visible()
    latest = page.locator(CARD).text_content() or ""
    move(page, "Home")
    expect(page.get_by_test_id("stAlert")).to_contain_text("it had not been placed yet")
    move(page, "ArrowRight")
    expect(page.get_by_text(re.compile("version 1$"))).to_be_visible()
    expect(page.locator(CARD)).not_to_have_text(latest)


def test_orders_are_found_by_a_part_of_a_name(page: Page, address: str):
    opened(page, address, "order")
    search(page, "o'hara")
    chosen = page.get_by_role("combobox", name="found")
    expect(chosen).to_be_visible()
    expect(page.get_by_text("O'Hara").first).to_be_visible()
    search(page, "nobody is called so")
    expect(page.get_by_test_id("stAlert")).to_contain_text("none ever had")


def test_purchase_order_has_its_life_too(page: Page, address: str):
    opened(page, address, "order")
    page.get_by_role("radio", name="Purchase order").click()
    expect(page.get_by_role("textbox", name="supplier")).to_be_visible()
    settled(page)
    search(page, "7")
    expect(page.locator("h3").first).to_have_text("Purchase order 7")


def test_search_is_reached_by_keyboard(page: Page, address: str):
    opened(page, address, "order")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate(
            "() => document.activeElement.getAttribute('aria-label') || ''"
        ).startswith("Search by"):
            break
    else:
        raise AssertionError("30 times Tab, and not there")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    settled(page)
    expect(page.locator("h3").first).to_have_text("Sales order 1")
