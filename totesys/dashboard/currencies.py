"""Amounts by currency. Amounts of different currencies are never added."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from dashboard.reader import Rows

CARDS_PER_ROW = 3


def by_currency(rows: Rows) -> Mapping[str, Rows]:
    """Return the rows of each currency, in the order in which the currencies appear."""
    groups: dict[str, Rows] = {}
    for row in rows:
        groups.setdefault(row["currency"], []).append(row)
    return groups


def cards(currencies: Sequence[str], draw: Callable[[str], None]) -> None:
    """Draw a card for each currency: three in a row, or one below another on a narrow screen."""
    for first in range(0, len(currencies), CARDS_PER_ROW):
        row = currencies[first : first + CARDS_PER_ROW]
        for place, currency in zip(st.columns(len(row)), row, strict=True):
            with place.container(border=True):
                st.subheader(currency)
                draw(currency)
