"""Payments: what is paid, what is due, who is late."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import charts, formatting
from dashboard.components import Column, by_currency, cards, heading, nothing, table
from dashboard.periods import Period
from dashboard.questions import more
from dashboard.reader import Reader, Rows
from totesys.dashboard.filters import AHEAD, Filters
from totesys.dashboard.payment_types import OWED_TO_US

MOST = 12
STATES = {"Paid": charts.BLUE, "Not paid yet": charts.ORANGE}


def draw(reader: Reader, filters: Filters) -> None:
    """Draw the page."""
    period = _due(filters)
    apart = " Payments have no department, so that filter does nothing here." * bool(
        filters.departments
    )
    heading(
        "Payments",
        f"Payments due from {formatting.day(period.since)} to {formatting.day(period.until)}. Overdue is what"
        f" was due before {formatting.day(filters.today)} and is not paid.{apart}",
    )
    scoped = {"scope": "payments", "today": filters.today, **filters.parameters(period)}
    totals = reader.ask("payment_totals", **scoped)
    if not totals:
        nothing("No payment was due in this period that the filters let pass.")
        return
    kinds = sorted({row["kind"] for row in totals}, reverse=True)
    kind = st.segmented_control(
        "Kind of payment",
        kinds,
        default=kinds[0],
        required=True,
        format_func=formatting.kind,
        key="payments_kind",
        persist_state="session",
    )
    _of_kind(reader, {**scoped, "kind": kind}, [r for r in totals if r["kind"] == kind], period)
    more(reader, "payments")


def _due(filters: Filters) -> Period:
    """The period, with what is due after the last order where it goes that far."""
    # the source was often seen on days without an order, so today may be later
    if filters.period.until < filters.last:
        return filters.period
    return Period(filters.period.since, filters.today + AHEAD)


def _of_kind(reader: Reader, scoped: Mapping[str, Any], totals: Rows, period: Period) -> None:
    by_code = {row["currency"]: row for row in totals}
    trends = by_currency(reader.ask("payment_trend", grain=period.grain, **scoped))

    def card(currency: str) -> None:
        _figures(by_code[currency], currency)
        st.markdown(f"**Amount due by {period.grain}**")
        chart = charts.over_time(
            trends[currency], "value", f"Amount ({currency})", period.grain, STATES, "state"
        )
        charts.show(chart, f"Amount due in {currency} by {period.grain}, paid and not paid yet")

    cards(list(by_code), card)
    st.subheader("Who is late" if scoped["kind"] in OWED_TO_US else "With whom the company is late")
    late = by_currency(reader.ask("payments_overdue", most=MOST, **scoped))
    if not late:
        st.success("Nothing is overdue.", icon=":material/check_circle:")
        return
    for tab, (currency, rows) in zip(st.tabs(list(late)), late.items(), strict=True):
        with tab:
            table(_columns(currency), rows, f"Overdue payments in {currency}")


def _figures(row: Mapping[str, Any], currency: str) -> None:
    for title, column in {"Paid": "paid", "Not paid yet": "unpaid"}.items():
        amount: Decimal = row[column]
        st.metric(
            title, formatting.short_money(amount, currency), help=formatting.money(amount, currency)
        )
    st.caption(
        f"Of that {formatting.short_money(row['overdue'], currency)} in"
        f" {formatting.count(row['overdue_payments'])} payments is overdue."
    )


def _columns(currency: str) -> list[Column]:
    return [
        Column("name", "Counterparty"),
        Column("payments", "Payments overdue", formatting.count, is_number=True),
        Column("value", f"Amount ({currency})", lambda v: f"{v:,.2f}", is_number=True),
        Column("longest", "Oldest, days", formatting.count, is_number=True),
    ]
