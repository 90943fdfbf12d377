"""The headline figures, and how they have changed."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import charts, formatting
from dashboard.components import by_currency, cards, heading, nothing
from dashboard.periods import Period
from dashboard.reader import Reader, Rows
from totesys.dashboard.filters import Filters
from totesys.dashboard.payment_types import OWED_BY_US, OWED_TO_US

KINDS = {"Sales": charts.BLUE, "Purchases": charts.ORANGE}
OWED = {"Overdue, owed to us": OWED_TO_US, "Overdue, owed by us": OWED_BY_US}
OF_UNKNOWN_KIND = "Overdue, of unknown kind"
NO_ORDERS: Mapping[str, Any] = {
    "orders": 0, "orders_before": 0, "value": Decimal(0), "value_before": Decimal(0),
}  # fmt: skip


def draw(reader: Reader, filters: Filters) -> None:
    """Draw the page."""
    period = filters.period
    compared = (
        f"Compared with the {period.days} days before."
        if filters.is_comparable
        else "The time before is not in the warehouse, so that there is nothing to compare with."
    )
    heading(
        "How business is",
        f"Orders placed from {formatting.day(period.since)} to {formatting.day(period.until)}, each currency"
        f" by itself. {compared} Overdue is every payment, of any time, that was due before"
        f" {formatting.day(filters.today)} and is not paid.",
    )
    totals = {scope.capitalize(): _totals(reader, filters, scope) for scope in SCOPES}
    if not any(totals.values()):
        nothing("No order was placed in this period that the filters let pass.")
    late = _late(reader, filters)
    _counts(totals, late, filters)
    trends = by_currency(_trends(reader, filters))
    currencies = sorted({row["currency"] for rows in (*totals.values(), late) for row in rows})

    def card(currency: str) -> None:
        for title, rows in totals.items():
            _metric(title, _of(rows, currency) or NO_ORDERS, currency, filters)
        for title, rows in _by_direction(_all_of(late, currency)).items():
            overdue = sum((row["overdue"] for row in rows), Decimal(0))
            st.metric(title, formatting.short_money(overdue, currency),
                      help=formatting.money(overdue, currency))  # fmt: skip
        if currency not in trends:
            return
        chart = charts.lines(trends[currency], "value", f"Value ({currency})",
                             period.grain, KINDS, "kind")  # fmt: skip
        st.markdown(f"**Value of orders by {period.grain}**")
        charts.show(chart, f"Value of sales and purchase orders in {currency} by {period.grain}")

    cards(currencies, card)


SCOPES = ("sales", "purchases")


def _totals(reader: Reader, filters: Filters, scope: str) -> Rows:
    begins = filters.period.since
    parameters = filters.parameters(filters.whole)
    return reader.ask("order_totals", scope=scope, begins=begins, **parameters)


def _trends(reader: Reader, filters: Filters) -> Rows:
    return [
        {**row, "kind": scope.capitalize()}
        for scope in SCOPES
        for row in reader.ask(
            "order_trend", scope=scope, grain=filters.period.grain, **filters.parameters()
        )
    ]


def _late(reader: Reader, filters: Filters) -> Rows:
    """What is overdue by kind and currency, of all time, whatever the period."""
    ever = filters.parameters(Period(date.min, filters.today))
    rows = reader.ask("payment_totals", scope="payments", today=filters.today, **ever)
    return [row for row in rows if row["overdue_payments"]]


def _by_direction(late: Rows) -> Mapping[str, Rows]:
    """The rows by whom the money is owed to; those of a kind that nobody knows only where there are
    any."""
    found = {title: [r for r in late if r["kind"] in kinds] for title, kinds in OWED.items()}
    unknown = [row for row in late if row["kind"] not in OWED_TO_US | OWED_BY_US]
    return {**found, OF_UNKNOWN_KIND: unknown} if unknown else found


def _counts(totals: Mapping[str, Rows], late: Rows, filters: Filters) -> None:
    owed = _by_direction(late)
    places = st.columns(len(totals) + len(owed))
    for place, (title, rows) in zip(places, totals.items(), strict=False):
        orders, before = (sum(row[c] for row in rows) for c in ("orders", "orders_before"))
        delta = formatting.change(orders, before) if filters.is_comparable else None
        name = f"{title} orders" if title == "Sales" else "Purchase orders"
        place.metric(name, formatting.count(orders), delta, delta_color="off")
    for place, (title, rows) in zip(places[len(totals) :], owed.items(), strict=True):
        place.metric(title, formatting.count(sum(row["overdue_payments"] for row in rows)))


def _metric(title: str, row: Mapping[str, Any], currency: str, filters: Filters) -> None:
    delta = formatting.change(row["value"], row["value_before"]) if filters.is_comparable else None
    st.metric(
        f"{title} ({formatting.count(row['orders'])} orders)",
        formatting.short_money(row["value"], currency),
        delta,
        delta_color="off",
        help=formatting.money(row["value"], currency),
    )


def _of(rows: Rows, currency: str) -> Mapping[str, Any] | None:
    return next(iter(_all_of(rows, currency)), None)


def _all_of(rows: Rows, currency: str) -> Rows:
    return [row for row in rows if row["currency"] == currency]
