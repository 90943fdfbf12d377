"""The page of payments: paid, unpaid and overdue amounts by payment type."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import charts, formatting
from dashboard.components import Column, heading, no_match, table
from dashboard.periods import Period
from dashboard.questions import question_picker
from dashboard.reader import Reader
from totesys.dashboard import payment_types
from totesys.dashboard.currencies import amount, by_currency, cards, tabs
from totesys.dashboard.filters import DUE_AFTER_ORDER, Filters

MAX_PARTNERS = 12
STATES = {"Paid": charts.BLUE, "Unpaid": charts.ORANGE}


def draw(reader: Reader, filters: Filters) -> None:
    """Draw the page."""
    period = due_period(filters)
    heading("Payments", _about(filters, period))
    scope = {"scope": "payments", "today": filters.today, **filters.parameters(period)}
    totals = reader.query("payment_totals", **scope)
    if not totals:
        no_match("No payment due in this period matches the filters.")
        return
    types = sorted({row["payment_type"] for row in totals}, reverse=True)
    selected = st.segmented_control(
        "Payment type",
        types,
        default=types[0],
        required=True,
        format_func=lambda name: formatting.plain(payment_types.title(name)),
        key="payment_type",
        persist_state="session",
    )
    scope = {**scope, "payment_type": selected}
    by_code = {row["currency"]: row for row in totals if row["payment_type"] == selected}
    _amounts(reader, scope, by_code, period.grain)
    _overdue(reader, scope)
    question_picker(reader, "payments")


def due_period(filters: Filters) -> Period:
    """Return the period, extended to future due dates if it ends on the day of the last order."""
    # `today` can be later than the last order: a poll also finds other changes.
    if filters.period.until < filters.last:
        return filters.period
    return Period(filters.period.since, filters.today + DUE_AFTER_ORDER)


def _about(filters: Filters, period: Period) -> str:
    text = (
        f"Payments due from {formatting.day(period.since)} to {formatting.day(period.until)}. A"
        f" payment is overdue if it was due before {formatting.day(filters.today)} and is not paid."
    )
    if filters.departments:
        text += " Payments have no department, so this page ignores that filter."
    return text


def _amounts(
    reader: Reader, scope: Mapping[str, Any], by_code: Mapping[str, Mapping[str, Any]], grain: str
) -> None:
    trends = by_currency(reader.query("payment_trend", grain=grain, **scope))

    def card(currency: str) -> None:
        _figures(by_code[currency], currency)
        st.markdown(f"**Amount due by {grain}**")
        title = f"Amount ({currency})"
        chart = charts.bars_over_time(trends[currency], "value", title, grain, STATES, "state")
        charts.show(chart, f"Paid and unpaid amounts due in {currency} by {grain}")

    cards(list(by_code), card)


def _overdue(reader: Reader, scope: Mapping[str, Any]) -> None:
    is_receivable = scope["payment_type"] in payment_types.RECEIVABLES
    st.subheader("Overdue receivables" if is_receivable else "Overdue payables")
    overdue = by_currency(reader.query("payments_overdue", max_rows=MAX_PARTNERS, **scope))
    if not overdue:
        st.success("No payment is overdue.", icon=":material/check_circle:")
        return
    for currency, rows in tabs(overdue):
        table(_columns(currency), rows, f"Overdue payments in {currency}")


def _figures(row: Mapping[str, Any], currency: str) -> None:
    amount("Paid", row["paid"], currency)
    amount("Unpaid", row["unpaid"], currency)
    overdue = formatting.plain(formatting.short_money(row["overdue"], currency))
    st.caption(f"Overdue: {overdue} in {formatting.plural(row['overdue_payments'], 'payment')}.")


def _columns(currency: str) -> list[Column]:
    return [
        Column("name", "Counterparty"),
        Column("payments", "Overdue payments", formatting.count, is_number=True),
        Column("value", f"Amount ({currency})", lambda v: f"{v:,.2f}", is_number=True),
        Column("longest", "Oldest (days)", formatting.count, is_number=True),
    ]
