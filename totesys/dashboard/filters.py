"""The filters in the sidebar. They are kept when people change the page."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import streamlit as st

from dashboard.periods import CUSTOM, DEFAULT, RELATIVE, Period, relative_period
from dashboard.reader import Reader

DUE_AFTER_ORDER = timedelta(60)
"""The time after the last order within which its payments are due."""

TITLES = {
    "currency": "Currency",
    "country": "Country of the counterparty",
    "department": "Department",
}


@dataclass(frozen=True)
class Filters:
    """The selected filters; an empty list selects everything. ``first`` and ``last`` are the days
    of the first and the last order, and ``today`` is the day of the last poll that found a change.
    """

    period: Period
    first: date
    last: date
    today: date
    currencies: list[str]
    countries: list[str]
    departments: list[str]

    def parameters(self, period: Period | None = None) -> dict[str, Any]:
        """Return the parameters of a query's scope."""
        days = period or self.period
        return {
            "since": days.since,
            "until": days.until,
            "currencies": self.currencies,
            "countries": self.countries,
            "departments": self.departments,
        }

    @property
    def is_comparable(self) -> bool:
        """Whether the warehouse contains the whole period before."""
        return self.period.before.since >= self.first

    @property
    def with_period_before(self) -> Period:
        """The period extended by the one before it."""
        return Period(self.period.before.since, self.period.until)


def filtered(title: str, draw: Callable[[Reader, Filters], None]) -> Callable[[Reader], None]:
    """Return a page that draws the filters and its content, or a message if there are no orders."""

    def page(reader: Reader) -> None:
        if filters := select(reader):
            draw(reader, filters)
        else:
            st.title(title)
            st.info("The warehouse does not contain orders yet. Load a batch to see them here.")

    return page


def select(reader: Reader) -> Filters | None:
    """Draw the filters, and return the selection; None if the warehouse contains no order."""
    [span] = reader.query("span")
    if span["first_day"] is None:
        return None
    options = defaultdict[str, list[str]](list)
    for row in reader.query("filter_options"):
        options[row["filter"]].append(row["value"])
    with st.sidebar:
        st.subheader("Filters")
        period = _period(span["first_day"], span["last_day"])
        selected = _selected(options)
    return Filters(
        period,
        span["first_day"],
        span["last_day"],
        span["today"] or span["last_day"],
        selected["currency"],
        selected["country"],
        selected["department"],
    )


def _selected(options: Mapping[str, list[str]]) -> Mapping[str, list[str]]:
    return {
        name: st.multiselect(
            title,
            options[name],
            placeholder="All",
            key=f"filter_{name}",
            persist_state="session",
        )
        for name, title in TITLES.items()
    }


def _period(first: date, last: date) -> Period:
    name = st.selectbox(
        "Period",
        [*RELATIVE, CUSTOM],
        index=list(RELATIVE).index(DEFAULT),
        key="filter_period",
        persist_state="session",
        help="Periods end on the day of the last order.",
    )
    if name != CUSTOM:
        return relative_period(name, first, last)
    days = st.date_input(
        "From and to",
        (max(first, last - timedelta(29)), last),
        min_value=first,
        max_value=last + DUE_AFTER_ORDER,
        format="DD/MM/YYYY",
        key="filter_days",
        persist_state="session",
    )
    # The field returns one day until the second is selected, and none if people clear it.
    return Period(days[0] if days else last, days[-1] if days else last)
