"""The filters in the sidebar, which are kept while people go from page to page."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import streamlit as st

from dashboard.periods import CHOSEN, NAMED, USUAL, Period, named
from dashboard.reader import Reader

AHEAD = timedelta(60)  # payments are due after their order


@dataclass(frozen=True)
class Filters:
    """What the figures are about; an empty list lets everything pass. ``first`` and
    ``last`` are the days of the first and the last order, and ``today`` is that on which the source
    was last seen."""

    period: Period
    first: date
    last: date
    today: date
    currencies: list[str]
    countries: list[str]
    departments: list[str]

    def parameters(self, period: Period | None = None) -> dict[str, Any]:
        """The parameters of a question's scope."""
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
        """Whether the whole period before is known too."""
        return self.period.before.since >= self.first

    @property
    def whole(self) -> Period:
        """The period with the one before it."""
        return Period(self.period.before.since, self.period.until)


def filtered(title: str, draw: Callable[[Reader, Filters], None]) -> Callable[[Reader], None]:
    """Return a page that draws the filters, then itself by them; or says that there are no orders."""

    def page(reader: Reader) -> None:
        if filters := chosen(reader):
            draw(reader, filters)
        else:
            st.title(title)
            st.info("The warehouse holds no orders yet. Once a batch is loaded, they show here.")

    return page


def chosen(reader: Reader) -> Filters | None:
    """Draw the filters and say what is chosen; None where the warehouse holds no order."""
    [span] = reader.ask("span")
    if span["first_day"] is None:
        return None
    choices = defaultdict[str, list[str]](list)
    for row in reader.ask("choices"):
        choices[row["kind"]].append(row["value"])
    with st.sidebar:
        st.subheader("Filters")
        period = _period(span["first_day"], span["last_day"])
        picked = {
            kind: st.multiselect(
                title,
                choices[kind],
                placeholder="All",
                key=f"filter_{kind}",
                persist_state="session",
            )
            for kind, title in _TITLES.items()
        }
    return Filters(
        period,
        span["first_day"],
        span["last_day"],
        span["today"] or span["last_day"],
        picked["currency"],
        picked["country"],
        picked["department"],
    )


_TITLES = {
    "currency": "Currency",
    "country": "Country of the counterparty",
    "department": "Department",
}


def _period(first: date, last: date) -> Period:
    name = st.selectbox(
        "Period",
        [*NAMED, CHOSEN],
        index=list(NAMED).index(USUAL),
        key="filter_period",
        persist_state="session",
        help="Counted back from the last day on which an order was placed.",
    )
    if name != CHOSEN:
        return named(name, first, last)
    days = st.date_input(
        "From and to",
        (max(first, last - timedelta(29)), last),
        min_value=first,
        max_value=last + AHEAD,
        format="DD/MM/YYYY",
        key="filter_days",
        persist_state="session",
    )
    # while people choose there is one day, and none once they empty the field
    return Period(days[0] if days else last, days[-1] if days else last)
