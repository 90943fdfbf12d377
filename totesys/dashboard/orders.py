"""The pages of sales and purchase orders: value over time, rankings, and the largest orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Literal

import streamlit as st

from dashboard import address, charts, formatting
from dashboard.components import heading, no_match
from dashboard.page import row_link
from dashboard.periods import Period
from dashboard.questions import question_picker
from dashboard.reader import Reader, Rows
from dashboard.tables import Column, Export, table
from totesys.dashboard.currencies import amount, amounts, by_currency, cards, tabs
from totesys.dashboard.filters import Filters, choose_bar, toggle

MAX_GROUPS, MAX_ORDERS = 12, 10


@dataclass(frozen=True)
class OrderPage:
    """The titles and names of one of the two pages. ``groups`` are the filters by whose values
    orders can be ranked, by title."""

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
    heading(page.title, _about(filters, page))
    sums = order_sums(reader, filters, page.scope)
    totals = {row["currency"]: row for row in sums if row["is_total"] and row["orders"]}
    if not totals:
        no_match(f"No {page.noun} in this period matches the filters.")
        return
    trends = by_currency([row for row in sums if not row["is_total"]])

    def card(currency: str) -> None:
        _figures(totals[currency], currency, filters)
        _trend(trends[currency], currency, filters.period, page)

    cards(list(totals), card)
    days = sorted({day for row in totals.values() for day in row["largest_days"]})
    _ranking(reader, {"scope": page.scope, **filters.parameters()}, days, page)
    question_picker(reader, page.scope)


def _about(filters: Filters, page: OrderPage) -> str:
    period = filters.period
    return (
        f"{page.noun.capitalize()}s from {formatting.day(period.since)} to"
        f" {formatting.day(period.until)} in their current state, without deleted ones."
        f"{comparison(filters)}"
    )


def order_sums(reader: Reader, filters: Filters, scope: str) -> Rows:
    """Return the totals of each currency, beside those of the compared period and the days that
    have its largest orders, and, without ``is_total``, its orders by day, week or month."""
    return reader.query(
        "order_sums",
        scope=scope,
        grain=filters.period.grain,
        max_days=MAX_ORDERS,
        period_start=filters.period.since,
        compared_until=filters.compared.until,
        **filters.parameters(filters.with_compared),
    )


def _trend(rows: Rows, currency: str, period: Period, page: OrderPage) -> None:
    st.markdown(f"**Value of orders by {period.grain}**")
    title = f"Value ({currency})"
    charts.show(
        charts.bars_over_time(rows, "value", title, period.grain, period=period),
        f"Value of {page.noun}s in {currency} by {period.grain}",
        lambda day: choose_bar(date.fromisoformat(day), period),
    )


def comparison(filters: Filters) -> str:
    """Describe the period that is compared, in a sentence that follows another."""
    if not filters.is_comparable:
        return " Not compared: the warehouse does not contain the whole other period."
    compared = filters.compared
    return (
        f" Compared with {formatting.day(compared.since)} to {formatting.day(compared.until)},"
        " the same days of the week."
    )


def change(now: Any, before: Any, filters: Filters) -> str | None:
    """Format the relative change from the compared period, or None if it is unknown."""
    return formatting.change(now, before) if filters.is_comparable else None


def _figures(row: Mapping[str, Any], currency: str, filters: Filters) -> None:
    value, delta = row["value"], change(row["value"], row["value_before"], filters)
    with amounts():
        amount(f"Value of {formatting.plural(row['orders'], 'order')}", value, currency, delta)
        amount("Per order", value / row["orders"], currency)
        st.metric("Units", formatting.count(row["units"]), width="content")


def _ranking(
    reader: Reader, scope: Mapping[str, Any], days: Sequence[date], page: OrderPage
) -> None:
    """Draw the groups with the highest value, and the largest orders, which are of these days."""
    st.subheader("Ranking")
    group = st.segmented_control(
        "Rank by",
        list(page.groups),
        required=True,
        **address.one_of("by", list(page.groups), "Department").bound(),
    )
    name = page.groups[group]
    ranked = by_currency(reader.query("order_ranking", by=name, max_rows=MAX_GROUPS, **scope))
    orders = reader.query("orders_largest", days=days, max_rows=MAX_ORDERS, **scope)
    largest = by_currency(orders)
    for currency, rows in tabs(ranked):
        limit = f" (the {MAX_GROUPS} highest)" if len(rows) == MAX_GROUPS else ""
        title = f"Value of {page.noun}s in {currency} by {group.lower()}"
        st.markdown(f"**{formatting.plain(title)}**{limit}")
        chart = charts.ranking(rows, "name", "value", f"Value ({currency})")
        charts.show(chart, title, partial(toggle, name))
        caption = f"Largest {page.noun}s in {currency}"
        st.markdown(f"**{formatting.plain(caption)}**")
        everything = partial(_all_orders, {**scope, "currencies": [currency]})
        export = Export(reader.settings, everything)
        known = largest.get(currency, [])  # a load may bring a currency after the days were read
        table(_columns(page, currency), known, caption, export)


def _all_orders(scope: Mapping[str, Any], reader: Reader, most: int) -> Rows:
    return reader.query("orders_largest", days=None, max_rows=most, **scope)


def _columns(page: OrderPage, currency: str) -> list[Column]:
    kind = page.noun.capitalize()
    return [
        Column("key", "Order", is_number=True, link=lambda row: row_link(kind, row["key"])),
        Column("created_date", "Placed", formatting.day, no_wrap=True),
        Column("partner", page.partner),
        Column("department", "Department"),
        Column("item", page.item),
        Column("units", "Units", formatting.count, is_number=True),
        Column("value", f"Value ({currency})", formatting.amount, is_number=True),
        Column("agreed_delivery_date", "Delivery", formatting.day, no_wrap=True),
    ]
