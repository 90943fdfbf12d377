"""The headline figures, and how they have changed."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import charts, words
from dashboard.filters import Filters
from dashboard.parts import by_currency, cards, heading, nothing
from dashboard.reader import Reader, Rows

KINDS = {"Sales": charts.BLUE, "Purchases": charts.ORANGE}
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
        f"Orders placed from {words.day(period.since)} to {words.day(period.until)}, each currency"
        f" by itself. {compared}",
    )
    totals = {scope.capitalize(): _totals(reader, filters, scope) for scope in SCOPES}
    if not any(totals.values()):
        nothing("No order was placed in this period that the filters let pass.")
        return
    late = reader.ask("payment_totals", scope="payments", today=filters.today,
                      **_due_by(filters))  # fmt: skip
    _counts(totals, late, filters)
    trends = by_currency(_trends(reader, filters))
    currencies = sorted({row["currency"] for rows in totals.values() for row in rows})

    def card(currency: str) -> None:
        for title, rows in totals.items():
            _metric(title, _of(rows, currency) or NO_ORDERS, currency, filters)
        overdue = sum((row["overdue"] for row in _all_of(late, currency)), Decimal(0))
        st.metric("Payments overdue, of any time", words.short_money(overdue, currency))
        chart = charts.lines(trends.get(currency, []), "value", f"Value ({currency})",
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


def _due_by(filters: Filters) -> dict[str, Any]:
    """All that was ever due up to today, for what is late is late whatever the period."""
    return {**filters.parameters(), "since": filters.first, "until": filters.today}


def _counts(totals: Mapping[str, Rows], late: Rows, filters: Filters) -> None:
    places = st.columns(len(totals) + 1)
    for place, (title, rows) in zip(places, totals.items(), strict=False):
        orders, before = (sum(row[c] for row in rows) for c in ("orders", "orders_before"))
        delta = words.change(orders, before) if filters.is_comparable else None
        name = f"{title} orders" if title == "Sales" else "Purchase orders"
        place.metric(name, words.count(orders), delta, delta_color="off")
    overdue = sum(row["overdue_payments"] for row in late)
    places[-1].metric(f"Payments overdue on {words.day(filters.today)}", words.count(overdue))


def _metric(title: str, row: Mapping[str, Any], currency: str, filters: Filters) -> None:
    delta = words.change(row["value"], row["value_before"]) if filters.is_comparable else None
    st.metric(
        f"{title} ({words.count(row['orders'])} orders)",
        words.short_money(row["value"], currency),
        delta,
        delta_color="off",
        help=words.money(row["value"], currency),
    )


def _of(rows: Rows, currency: str) -> Mapping[str, Any] | None:
    return next(iter(_all_of(rows, currency)), None)


def _all_of(rows: Rows, currency: str) -> Rows:
    return [row for row in rows if row["currency"] == currency]
