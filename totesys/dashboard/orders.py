"""Sales and purchases: how much, when, by whom, with whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from dashboard import charts, formatting
from dashboard.components import Column, by_currency, cards, heading, nothing, table
from dashboard.questions import more
from dashboard.reader import Reader
from totesys.dashboard.filters import Filters

MOST_GROUPS, MOST_ORDERS = 12, 10


@dataclass(frozen=True)
class Side:
    """What sales and purchases are called; ``groups`` are what orders can be ranked by."""

    scope: Literal["sales", "purchases"]
    title: str
    order: str
    partner: str
    what: str
    groups: Mapping[str, str]


SALES = Side(
    "sales", "Sales", "sales order", "Customer", "Design",
    {"Department": "department", "Country": "country", "Customer": "partner", "Seller": "person"},
)  # fmt: skip
PURCHASES = Side(
    "purchases", "Purchases", "purchase order", "Supplier", "Item",
    {"Department": "department", "Country": "country", "Supplier": "partner", "Buyer": "person"},
)  # fmt: skip


def sales(reader: Reader, filters: Filters) -> None:
    """Draw the page of sales."""
    _draw(reader, filters, SALES)


def purchases(reader: Reader, filters: Filters) -> None:
    """Draw the page of purchases."""
    _draw(reader, filters, PURCHASES)


def _draw(reader: Reader, filters: Filters, side: Side) -> None:
    period, scoped = filters.period, {"scope": side.scope, **filters.parameters()}
    heading(
        side.title,
        f"Every {side.order} placed from {formatting.day(period.since)} to {formatting.day(period.until)},"
        " as it is now; deleted ones do not count.",
    )
    totals = {r["currency"]: r for r in reader.ask("order_totals", begins=period.since, **scoped)}
    if not totals:
        nothing(f"No {side.order} was placed in this period that the filters let pass.")
        return
    trends = by_currency(reader.ask("order_trend", grain=period.grain, **scoped))

    def card(currency: str) -> None:
        _figures(totals[currency], currency)
        st.markdown(f"**Value of orders by {period.grain}**")
        chart = charts.over_time(trends[currency], "value", f"Value ({currency})", period.grain)
        charts.show(chart, f"Value of {side.order}s in {currency} by {period.grain}")

    cards(list(totals), card)
    _ranked(reader, scoped, side)
    more(reader, side.scope)


def _figures(row: Mapping[str, Any], currency: str) -> None:
    st.metric(
        f"Value of {formatting.count(row['orders'])} orders",
        formatting.short_money(row["value"], currency),
        help=formatting.money(row["value"], currency),
    )
    average = row["value"] / row["orders"]
    st.caption(
        f"{formatting.count(row['units'])} pieces; {formatting.money(average, currency)} an order on average."
    )


def _ranked(reader: Reader, scoped: Mapping[str, Any], side: Side) -> None:
    st.subheader("Who and where")
    shown = st.segmented_control(
        "Rank by",
        list(side.groups),
        default="Department",
        required=True,
        key=f"{side.scope}_by",
        persist_state="session",
    )
    ranked = by_currency(
        reader.ask("order_ranking", by=side.groups[shown], most=MOST_GROUPS, **scoped)
    )
    largest = by_currency(reader.ask("orders_largest", most=MOST_ORDERS, **scoped))
    for tab, (currency, rows) in zip(st.tabs(list(ranked)), ranked.items(), strict=True):
        with tab:
            least = f" (the {MOST_GROUPS} highest)" if len(rows) == MOST_GROUPS else ""
            st.markdown(f"**Value of {side.order}s in {currency} by {shown.lower()}**{least}")
            chart = charts.ranking(rows, "name", "value", f"Value ({currency})")
            charts.show(chart, f"Value of {side.order}s in {currency} by {shown.lower()}")
            st.markdown(f"**The largest {side.order}s in {currency}**")
            table(_columns(side, currency), largest[currency], f"Largest orders in {currency}")


def _columns(side: Side, currency: str) -> list[Column]:
    return [
        Column("key", "Order", is_number=True),
        Column("created_date", "Placed", formatting.day, is_short=True),
        Column("partner", side.partner),
        Column("department", "Department"),
        Column("what", side.what),
        Column("units", "Pieces", formatting.count, is_number=True),
        Column("value", f"Value ({currency})", lambda v: f"{v:,.2f}", is_number=True),
        Column("agreed_delivery_date", "Delivery", formatting.day, is_short=True),
    ]
