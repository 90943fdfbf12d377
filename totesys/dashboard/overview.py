"""The overview: orders, their value, and overdue payments, compared with the period before."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import charts, formatting
from dashboard.components import heading, no_match
from dashboard.periods import Period
from dashboard.reader import Reader, Rows
from totesys.dashboard.currencies import amount, by_currency, cards
from totesys.dashboard.filters import Filters
from totesys.dashboard.payment_types import PAYABLES, RECEIVABLES

SCOPES = {"Sales": "sales", "Purchases": "purchases"}
COLORS = {"Sales": charts.BLUE, "Purchases": charts.ORANGE}
ORDERS = {"Sales": "Sales orders", "Purchases": "Purchase orders"}
OVERDUE = {"Overdue receivables": RECEIVABLES, "Overdue payables": PAYABLES}
OVERDUE_UNKNOWN = "Overdue, unknown type"
NO_ORDERS: Mapping[str, Any] = {
    "orders": 0, "orders_before": 0, "value": Decimal(0), "value_before": Decimal(0),
}  # fmt: skip


def draw(reader: Reader, filters: Filters) -> None:
    """Draw the page."""
    heading("Overview", _about(filters))
    totals = {title: _totals(reader, filters, scope) for title, scope in SCOPES.items()}
    if not any(totals.values()):
        no_match("No order in this period matches the filters.")
    overdue = _overdue(reader, filters)
    _counts(totals, overdue, filters)
    trends = by_currency(_trends(reader, filters))

    def card(currency: str) -> None:
        for title, rows in totals.items():
            _value(title, _first_of(rows, currency) or NO_ORDERS, currency, filters)
        for title, rows in _by_direction(_all_of(overdue, currency)).items():
            amount(title, sum((row["overdue"] for row in rows), Decimal(0)), currency)
        if currency in trends:
            _trend(trends[currency], currency, filters.period.grain)

    cards(sorted({row["currency"] for rows in (*totals.values(), overdue) for row in rows}), card)


def _about(filters: Filters) -> str:
    period = filters.period
    compared = (
        f"compared with the {period.days} days before"
        if filters.is_comparable
        else "without a comparison, because the warehouse does not contain the whole period before"
    )
    return (
        f"Orders from {formatting.day(period.since)} to {formatting.day(period.until)} by currency,"
        f" {compared}. A payment is overdue, in any period, if it was due before"
        f" {formatting.day(filters.today)} and is not paid."
    )


def _totals(reader: Reader, filters: Filters, scope: str) -> Rows:
    parameters = filters.parameters(filters.with_period_before)
    return reader.query(
        "order_totals", scope=scope, period_start=filters.period.since, **parameters
    )


def _trends(reader: Reader, filters: Filters) -> Rows:
    parameters = {"grain": filters.period.grain, **filters.parameters()}
    return [
        {**row, "series": title}
        for title, scope in SCOPES.items()
        for row in reader.query("order_trend", scope=scope, **parameters)
    ]


def _overdue(reader: Reader, filters: Filters) -> Rows:
    """Return the overdue payments by type and currency, whatever the period."""
    parameters = filters.parameters(Period(date.min, filters.today))
    rows = reader.query("payment_totals", scope="payments", today=filters.today, **parameters)
    return [row for row in rows if row["overdue_payments"]]


def _by_direction(overdue: Rows) -> Mapping[str, Rows]:
    """Return receivables and payables, and payments of an unknown type if there are any."""
    groups = {
        title: [row for row in overdue if row["payment_type"] in types]
        for title, types in OVERDUE.items()
    }
    unknown = [row for row in overdue if row["payment_type"] not in RECEIVABLES | PAYABLES]
    return {**groups, OVERDUE_UNKNOWN: unknown} if unknown else groups


def _counts(totals: Mapping[str, Rows], overdue: Rows, filters: Filters) -> None:
    by_direction = _by_direction(overdue)
    places = st.columns(len(totals) + len(by_direction))
    for place, (title, rows) in zip(places, totals.items(), strict=False):
        orders, before = (sum(row[c] for row in rows) for c in ("orders", "orders_before"))
        delta = formatting.change(orders, before) if filters.is_comparable else None
        place.metric(ORDERS[title], formatting.count(orders), delta, delta_color="off")
    for place, (title, rows) in zip(places[len(totals) :], by_direction.items(), strict=True):
        place.metric(title, formatting.count(sum(row["overdue_payments"] for row in rows)))


def _value(title: str, row: Mapping[str, Any], currency: str, filters: Filters) -> None:
    delta = formatting.change(row["value"], row["value_before"]) if filters.is_comparable else None
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
