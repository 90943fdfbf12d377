"""The page of payments: paid, unpaid and overdue amounts of receivables or payables."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

import streamlit as st

from dashboard import address, charts, formatting
from dashboard.components import heading, no_match
from dashboard.questions import question_picker
from dashboard.reader import Reader, Rows
from dashboard.tables import Column, Export, table
from totesys.dashboard.currencies import amount, amounts, by_currency, cards, tabs
from totesys.dashboard.filters import Filters, choose_bar

MAX_PARTNERS = 12
STATES = {"Paid": charts.BLUE, "Unpaid": charts.ORANGE}
DIRECTIONS = ("Receivables", "Payables", "Unknown type")
"""As the scope of payments names them."""


def draw(reader: Reader, filters: Filters) -> None:
    """Draw the page."""
    heading("Payments", _about(filters))
    sums = payment_sums(reader, filters)
    totals = [row for row in sums if row["is_total"]]
    if not totals:
        no_match("No payment matches the filters.")
        return
    offered = [name for name in DIRECTIONS if any(row["direction"] == name for row in totals)]
    direction = st.segmented_control(
        "Direction",
        offered,
        required=True,
        help="Receivables are sales receipts and purchase refunds; payables are purchase payments"
        " and sales refunds.",
        **address.one_of("direction", offered, offered[0]).bound(),
    )
    _amounts([row for row in sums if row["direction"] == direction], filters)
    _overdue(reader, {**scope(filters), "direction": direction}, str(direction))
    question_picker(reader, "payments")


def payment_sums(reader: Reader, filters: Filters) -> Rows:
    """Return the totals of each currency and direction, and, without ``is_total``, the payments
    that are due in the period by state and by day, week or month."""
    return reader.query("payment_sums", grain=filters.due.grain, **scope(filters))


def scope(filters: Filters) -> dict[str, Any]:
    """Return the parameters of a query of the payments that match the filters."""
    return {"scope": "payments", "today": filters.today, **filters.parameters(filters.due)}


def _about(filters: Filters) -> str:
    due = filters.due
    return (
        f"Paid and unpaid: due from {formatting.day(due.since)} to {formatting.day(due.until)}."
        f" Overdue, whatever the period: due before {formatting.day(filters.today)} and not paid."
    )


def _amounts(sums: Rows, filters: Filters) -> None:
    grain = filters.due.grain
    by_code = {row["currency"]: row for row in sums if row["is_total"]}
    trends = by_currency([row for row in sums if not row["is_total"]])

    def card(currency: str) -> None:
        _figures(by_code[currency], currency)
        st.markdown(f"**Amount due by {grain}**")
        if currency not in trends:
            st.caption("No payment is due in this period.")
            return
        chart = charts.bars_over_time(
            trends[currency], "value", f"Amount ({currency})", grain, STATES, "state", filters.due
        )
        charts.show(
            chart,
            f"Paid and unpaid amounts due in {currency} by {grain}",
            lambda day: choose_bar(date.fromisoformat(day), filters.due),
        )

    cards(list(by_code), card)


def _overdue(reader: Reader, scope: Mapping[str, Any], direction: str) -> None:
    st.subheader(f"Overdue {direction.lower()}")
    overdue = by_currency(reader.query("payments_overdue", max_rows=MAX_PARTNERS, **scope))
    if not overdue:
        st.success("No payment is overdue.", icon=":material/check_circle:")
        return
    for currency, rows in tabs(overdue):
        everything = partial(_all_overdue, {**scope, "currencies": [currency]})
        caption = f"Overdue {direction.lower()} in {currency}"
        table(_columns(currency), rows, caption, Export(reader.settings, everything))


def _all_overdue(scope: Mapping[str, Any], reader: Reader, most: int) -> list[dict[str, Any]]:
    return reader.query("payments_overdue", max_rows=most, **scope)


def _figures(row: Mapping[str, Any], currency: str) -> None:
    with amounts():
        amount("Paid", row["paid"], currency)
        amount("Unpaid", row["unpaid"], currency)
        count = formatting.plural(row["overdue_payments"], "payment")
        amount("Overdue", row["overdue"], currency, about=f"{count}, whenever they were due.")
        amount("Not due yet", row["not_due"], currency, about="Whenever they are due.")


def _columns(currency: str) -> list[Column]:
    return [
        Column("name", "Customer or supplier"),
        Column("payments", "Overdue payments", formatting.count, is_number=True),
        Column("value", f"Amount ({currency})", formatting.amount, is_number=True),
        Column("longest", "Oldest (days)", formatting.count, is_number=True),
    ]
