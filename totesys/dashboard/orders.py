"""The pages of sales and purchase orders: value over time, rankings, and the largest orders."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from dashboard import charts, formatting
from dashboard.components import Column, heading, no_match, table
from dashboard.questions import question_picker
from dashboard.reader import Reader
from totesys.dashboard.currencies import amount, by_currency, cards, tabs
from totesys.dashboard.filters import Filters

MAX_GROUPS, MAX_ORDERS = 12, 10


@dataclass(frozen=True)
class OrderPage:
    """The titles and names of one of the two pages. ``groups`` are the columns that orders can be
    ranked by."""

    scope: Literal["sales", "purchases"]
    title: str
    noun: str
    partner: str
    item: str
    groups: Mapping[str, str]


SALES = OrderPage(
    "sales", "Sales", "sales order", "Customer", "Design",
    {"Department": "department", "Country": "country", "Customer": "partner", "Seller": "person"},
)  # fmt: skip
PURCHASES = OrderPage(
    "purchases", "Purchases", "purchase order", "Supplier", "Item",
    {"Department": "department", "Country": "country", "Supplier": "partner", "Buyer": "person"},
)  # fmt: skip


def sales(reader: Reader, filters: Filters) -> None:
    """Draw the page of sales."""
    _draw(reader, filters, SALES)


def purchases(reader: Reader, filters: Filters) -> None:
    """Draw the page of purchases."""
    _draw(reader, filters, PURCHASES)


def _draw(reader: Reader, filters: Filters, page: OrderPage) -> None:
    period, scope = filters.period, {"scope": page.scope, **filters.parameters()}
    heading(
        page.title,
        f"All {page.noun}s from {formatting.day(period.since)} to {formatting.day(period.until)} in"
        " their current state, without deleted ones.",
    )
    rows = reader.query("order_totals", period_start=period.since, **scope)
    totals = {row["currency"]: row for row in rows}
    if not totals:
        no_match(f"No {page.noun} in this period matches the filters.")
        return
    trends = by_currency(reader.query("order_trend", grain=period.grain, **scope))

    def card(currency: str) -> None:
        _figures(totals[currency], currency)
        st.markdown(f"**Value of orders by {period.grain}**")
        title = f"Value ({currency})"
        chart = charts.bars_over_time(trends[currency], "value", title, period.grain)
        charts.show(chart, f"Value of {page.noun}s in {currency} by {period.grain}")

    cards(list(totals), card)
    _ranking(reader, scope, page)
    question_picker(reader, page.scope)


def _figures(row: Mapping[str, Any], currency: str) -> None:
    amount(f"Value of {formatting.plural(row['orders'], 'order')}", row["value"], currency)
    units = formatting.plural(row["units"], "unit")
    average = formatting.money(row["value"] / row["orders"], currency)
    st.caption(formatting.plain(f"{units}, {average} per order on average."))


def _ranking(reader: Reader, scope: Mapping[str, Any], page: OrderPage) -> None:
    st.subheader("Ranking")
    group = st.segmented_control(
        "Rank by",
        list(page.groups),
        default="Department",
        required=True,
        key=f"{page.scope}_by",
        persist_state="session",
    )
    ranked = by_currency(
        reader.query("order_ranking", by=page.groups[group], max_rows=MAX_GROUPS, **scope)
    )
    largest = by_currency(reader.query("orders_largest", max_rows=MAX_ORDERS, **scope))
    for currency, rows in tabs(ranked):
        limit = f" (the {MAX_GROUPS} highest)" if len(rows) == MAX_GROUPS else ""
        title = f"Value of {page.noun}s in {currency} by {group.lower()}"
        st.markdown(f"**{formatting.plain(title)}**{limit}")
        charts.show(charts.ranking(rows, "name", "value", f"Value ({currency})"), title)
        caption = f"Largest {page.noun}s in {currency}"
        st.markdown(f"**{formatting.plain(caption)}**")
        table(_columns(page, currency), largest[currency], caption)


def _columns(page: OrderPage, currency: str) -> list[Column]:
    return [
        Column("key", "Order", is_number=True),
        Column("created_date", "Placed", formatting.day, no_wrap=True),
        Column("partner", page.partner),
        Column("department", "Department"),
        Column("item", page.item),
        Column("units", "Units", formatting.count, is_number=True),
        Column("value", f"Value ({currency})", lambda v: f"{v:,.2f}", is_number=True),
        Column("agreed_delivery_date", "Delivery", formatting.day, no_wrap=True),
    ]
