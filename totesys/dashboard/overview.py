"""The overview: orders, their value, and overdue payments, compared with the period before."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import charts, formatting
from dashboard.components import heading, no_match
from dashboard.reader import Reader, Rows
from totesys.dashboard import payments
from totesys.dashboard.currencies import amount, amounts, by_currency, cards
from totesys.dashboard.filters import OF_ORDERS, Filters
from totesys.dashboard.orders import change, comparison, order_sums

SCOPES = {"Sales": "sales", "Purchases": "purchases"}
COLORS = {"Sales": charts.BLUE, "Purchases": charts.ORANGE}
ORDERS = {"Sales": "Sales orders", "Purchases": "Purchase orders"}
NO_ORDERS: Mapping[str, Any] = {
    "orders": 0, "orders_before": 0, "value": Decimal(0), "value_before": Decimal(0),
}  # fmt: skip


def draw(reader: Reader, filters: Filters) -> None:
    """Draw the page."""
    heading("Overview", _about(filters))
    sums = {title: order_sums(reader, filters, scope) for title, scope in SCOPES.items()}
    totals = {title: [row for row in rows if row["is_total"]] for title, rows in sums.items()}
    if not any(row["orders"] for rows in totals.values() for row in rows):
        no_match("No order in this period matches the filters.")
    overdue = _overdue(reader, filters)
    _counts(totals, overdue, filters)
    trends = by_currency(_trends(sums))

    def card(currency: str) -> None:
        with amounts():
            for title, rows in totals.items():
                _value(title, _first_of(rows, currency) or NO_ORDERS, currency, filters)
            for direction, rows in _by_direction(_all_of(overdue, currency)).items():
                owed = sum((row["overdue"] for row in rows), Decimal(0))
                amount(f"Overdue {direction.lower()}", owed, currency)
        if currency in trends:
            _trend(trends[currency], currency, filters.period.grain)

    cards(sorted({row["currency"] for rows in (*totals.values(), overdue) for row in rows}), card)


def _about(filters: Filters) -> str:
    period = filters.period
    return (
        f"Orders from {formatting.day(period.since)} to {formatting.day(period.until)} by"
        f" currency.{comparison(filters)} Overdue, whatever the period: due before"
        f" {formatting.day(filters.today)} and not paid.{_ignored(filters)}"
    )


def _ignored(filters: Filters) -> str:
    """Name the selected filters that payments do not have."""
    names = [OF_ORDERS[name].lower() for name in filters.are_by("department", "person")]
    if not names:
        return ""
    return f" Overdue payments are not filtered by {' and '.join(names)}, because they have none."


def _trends(sums: Mapping[str, Rows]) -> Rows:
    return [
        {**row, "series": title}
        for title, rows in sums.items()
        for row in rows
        if not row["is_total"]
    ]


def _overdue(reader: Reader, filters: Filters) -> Rows:
    """Return the overdue payments by direction and currency, whatever the period."""
    return reader.query("overdue_sums", **payments.scope(filters))


def _by_direction(overdue: Rows) -> Mapping[str, Rows]:
    """Return receivables and payables, and payments of an unknown type if there are any."""
    groups = {
        name: [row for row in overdue if row["direction"] == name] for name in payments.DIRECTIONS
    }
    unknown = payments.DIRECTIONS[-1]
    return {name: rows for name, rows in groups.items() if rows or name != unknown}


def _counts(totals: Mapping[str, Rows], overdue: Rows, filters: Filters) -> None:
    by_direction = _by_direction(overdue)
    places = st.columns(len(totals) + len(by_direction))
    for place, (title, rows) in zip(places, totals.items(), strict=False):
        orders, before = (sum(row[c] for row in rows) for c in ("orders", "orders_before"))
        delta = change(orders, before, filters)
        place.metric(ORDERS[title], formatting.count(orders), delta, delta_color="off")
    for place, (direction, rows) in zip(places[len(totals) :], by_direction.items(), strict=True):
        count = formatting.count(sum(row["overdue_payments"] for row in rows))
        place.metric(f"Overdue {direction.lower()}", count)


def _value(title: str, row: Mapping[str, Any], currency: str, filters: Filters) -> None:
    delta = change(row["value"], row["value_before"], filters)
    orders = formatting.plural(row["orders"], "order")
    amount(f"{title} ({orders})", row["value"], currency, delta)


def _trend(rows: Rows, currency: str, grain: str) -> None:
    st.markdown(f"**Value of orders by {grain}**")
    chart = charts.lines(rows, "value", f"Value ({currency})", grain, COLORS, "series")
    charts.show(chart, f"Value of sales and purchase orders in {currency} by {grain}")


def _first_of(rows: Rows, currency: str) -> Mapping[str, Any] | None:
    return next(iter(_all_of(rows, currency)), None)


def _all_of(rows: Rows, currency: str) -> Rows:
    return [row for row in rows if row["currency"] == currency]
