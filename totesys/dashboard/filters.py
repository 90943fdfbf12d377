"""The filters in the sidebar. They are part of the address, and links to other pages keep them."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import streamlit as st

from dashboard import address
from dashboard.formatting import plain
from dashboard.periods import (
    ALL,
    COMPARISONS,
    CUSTOM,
    DEFAULT,
    RELATIVE,
    Period,
    bar,
    relative_period,
)
from dashboard.reader import Reader

DUE_AFTER_ORDER = timedelta(60)
"""The time after the last order within which its payments are due."""

PERIOD = address.one_of("period", [*RELATIVE, CUSTOM], DEFAULT)
COMPARED = address.one_of("compare", list(COMPARISONS), next(iter(COMPARISONS)))
DAYS = "days"
NAMES = {
    "currency": "currencies", "country": "countries", "department": "departments",
    "partner": "partners", "person": "people", "design": "designs",
}  # fmt: skip
"""The parameter of the scopes for each filter."""

SHARED = (PERIOD.name, DAYS, COMPARED.name, *NAMES)
KEYS = frozenset({"partner", "person", "design"})
"""The filters whose values are keys; those of the others are names."""

Options = Mapping[str, Mapping[Any, str]]
"""The label of each value of each filter."""

OF_SALES = {
    "currency": "Currency", "partner": "Customer", "country": "Customer country",
    "department": "Department", "person": "Seller", "design": "Design",
}  # fmt: skip
OF_PURCHASES = {
    "currency": "Currency", "partner": "Supplier", "country": "Supplier country",
    "department": "Department", "person": "Buyer",
}  # fmt: skip
OF_ORDERS = {
    "currency": "Currency", "partner": "Customer or supplier",
    "country": "Customer or supplier country", "department": "Department",
    "person": "Seller or buyer",
}  # fmt: skip
OF_PAYMENTS = {
    name: title for name, title in OF_ORDERS.items() if name not in ("department", "person")
}


@dataclass(frozen=True)
class Filters:
    """The selected filters; an empty list selects everything. ``first`` and ``last`` are the days
    of the first and the last order, and ``today`` is the day of the last poll that found a change.
    ``period`` is that of orders, ``due`` that of payments by their due date.
    """

    period: Period
    due: Period
    compared: Period
    first: date
    last: date
    today: date
    selected: Mapping[str, Sequence[str | int]]

    def are_by(self, *names: str) -> list[str]:
        """Return those of these filters that are selected."""
        return [name for name in names if self.selected[name]]

    def parameters(self, period: Period | None = None) -> dict[str, Any]:
        """Return the parameters of a query's scope."""
        days = period or self.period
        of_scope = {NAMES[name]: list(values) for name, values in self.selected.items()}
        return {"since": days.since, "until": days.until, **of_scope}

    @property
    def is_comparable(self) -> bool:
        """Whether the warehouse contains the whole period that is compared."""
        return self.compared.since >= self.first

    @property
    def with_compared(self) -> Period:
        """The period from the begin of the compared one to the end of this one."""
        return Period(self.compared.since, self.period.until)


def filtered(
    title: str,
    draw: Callable[[Reader, Filters], None],
    titles: Mapping[str, str],
    compares: bool = False,
) -> Callable[[Reader], None]:
    """Return a page that draws the filters with these ``titles`` and its content, or a message if
    there are no orders. Only a page that ``compares`` offers another period."""

    def page(reader: Reader) -> None:
        if filters := select(reader, titles, compares):
            draw(reader, filters)
        else:
            st.title(title)
            st.info("The warehouse does not contain orders yet. Load a batch to see them here.")

    return page


def select(reader: Reader, titles: Mapping[str, str], compares: bool) -> Filters | None:
    """Draw the filters, and return the selection; None if the warehouse contains no order."""
    [span] = reader.query("span")
    first, last = span["first_day"], span["last_day"]
    if first is None:
        return None
    today = span["today"] or last
    options = _options(reader)
    with st.sidebar:
        st.subheader("Filters")
        period, due = _periods(first, last, today)
        if compares:
            st.selectbox("Compare with", list(COMPARISONS), **COMPARED.bound())
        selected = _selected(options, titles)
        others = _others(titles)
    if text := " ".join(filter(None, [_described(options, titles, selected), others])):
        st.caption(text)  # a phone and a printed page do not show the sidebar
    return Filters(
        period, due, period.before(COMPARISONS[COMPARED.value]), first, last, today, selected
    )


def toggle(name: str, value: str) -> None:
    """Filter by one value, as a click on its bar does; a second click removes the filter."""
    is_selected = st.query_params.get_all(name) == [value]
    address.change({name: [] if is_selected else [value]})


def choose_bar(start: date, within: Period) -> None:
    """Show the days of the bar that begins at ``start``, as far as they are ``within`` a period."""
    days = bar(start, within.grain)
    since, until = max(days.since, within.since), min(days.until, within.until)
    address.change({PERIOD.name: [CUSTOM], DAYS: [f"{since}..{until}"]})


def _options(reader: Reader) -> Options:
    """Return the values of every filter that the warehouse has, with their labels."""
    options = defaultdict[str, dict[Any, str]](dict)
    for row in reader.query("filter_options"):
        name = row["filter"]
        options[name][int(row["value"]) if name in KEYS else row["value"]] = row["label"]
    return options


def _selected(options: Options, titles: Mapping[str, str]) -> Mapping[str, Sequence[str | int]]:
    """Draw a list for each filter of the page, and return the selection of every filter."""
    selected: dict[str, Sequence[str | int]] = {name: [] for name in NAMES}
    for name, title in titles.items():
        selected[name] = st.multiselect(
            title,
            list(options[name]),
            format_func=partial(_label, options[name]),
            placeholder="All",
            **address.some_of(name, list(options[name])).bound(),
        )
    return selected


def _described(
    options: Options, titles: Mapping[str, str], selected: Mapping[str, Sequence[str | int]]
) -> str:
    """Return the selected filters as a sentence, '' without any."""
    parts = [
        f"{title}: {' or '.join(plain(_label(options[name], value)) for value in selected[name])}"
        for name, title in titles.items()
        if selected[name]
    ]
    return f"Filtered by {'; '.join(parts)}." if parts else ""


def _label(labels: Mapping[Any, str], value: Any) -> str:
    return labels.get(value, str(value))


def _others(titles: Mapping[str, str]) -> str:
    """Name the filters that are selected and do not apply to this page; offer to remove all."""
    chosen = address.kept(list(NAMES))
    others = ", ".join(OF_SALES[name].lower() for name in chosen if name not in titles)
    text = f"Not applied on this page: {others}." if others else ""
    if text:
        st.caption(text)
    if chosen:
        st.button("Remove filters", on_click=_remove, icon=":material/filter_alt_off:")
    return text


def _remove() -> None:
    address.change({name: [] for name in NAMES})


def _periods(first: date, last: date, today: date) -> tuple[Period, Period]:
    """Draw the period, and return it for orders and for payments. Payments have one more day than
    orders can have: that of the last poll."""
    name = st.selectbox(
        "Period",
        [*RELATIVE, CUSTOM],
        help="Periods of orders end on the day of the last order, those of payments on the day of"
        " the last poll that found a change.",
        **PERIOD.bound(),
    )
    if name in RELATIVE:
        due = relative_period(name, first, today)
        if name == ALL:
            due = Period(first, today + DUE_AFTER_ORDER)
        return relative_period(name, first, last), due
    end = max(last, today) + DUE_AFTER_ORDER
    default = (max(first, last - timedelta(29)), last)
    days = st.date_input(
        "From and to",
        min_value=first,
        max_value=end,
        format="DD/MM/YYYY",
        **address.days(DAYS, default, first, end).bound(),
    )
    # The field returns one day until the second is selected, and none if people clear it.
    period = Period(days[0] if days else last, days[-1] if days else last)
    return period, period
