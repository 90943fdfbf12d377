"""Amounts by currency. Amounts of different currencies are never added."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal

import streamlit as st

from dashboard.formatting import money, plain, short_money
from dashboard.reader import Rows

CARDS_PER_ROW = 3


def by_currency(rows: Rows) -> Mapping[str, Rows]:
    """Return the rows of each currency, in the order in which the currencies appear."""
    groups: dict[str, Rows] = {}
    for row in rows:
        groups.setdefault(row["currency"], []).append(row)
    return groups


def cards(currencies: Sequence[str], draw: Callable[[str], None]) -> None:
    """Draw a card for each currency: three in a row, or one below another on a narrow screen. A
    single currency has the whole width, without a frame."""
    if len(currencies) == 1:
        st.subheader(plain(currencies[0]))
        draw(currencies[0])
        return
    for first in range(0, len(currencies), CARDS_PER_ROW):
        row = currencies[first : first + CARDS_PER_ROW]
        for place, currency in zip(st.columns(len(row)), row, strict=True):
            with place.container(border=True):
                st.subheader(plain(currency))
                draw(currency)


def amounts() -> AbstractContextManager[object]:
    """Return a place for amounts: side by side where there is space, or one below another."""
    return st.container(horizontal=True, gap="small")


def tabs(groups: Mapping[str, Rows]) -> Iterator[tuple[str, Rows]]:
    """Draw a tab for each currency, and yield its rows while the tab is open for drawing. A single
    currency needs no tab."""
    if len(groups) == 1:
        yield from groups.items()
        return
    places = st.tabs([plain(currency) for currency in groups])
    for place, (currency, rows) in zip(places, groups.items(), strict=True):
        with place:
            yield currency, rows


def amount(
    title: str, value: Decimal, currency: str, delta: str | None = None, about: str = ""
) -> None:
    """Draw an amount as a metric: short, with all digits in its help, after ``about``."""
    st.metric(
        title,
        plain(short_money(value, currency)),
        delta,
        delta_color="off",
        help=f"{about} {plain(money(value, currency))}".strip(),
        width="content",
    )
