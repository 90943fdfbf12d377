"""What pages are made of: headings, figures, tables, and what stands where there is nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any

import streamlit as st

from dashboard.reader import Rows

Spelled = Callable[[Any], str]
ACROSS = 3  # cards in a row
BEGUN = "page_is_begun"

STYLE = files("dashboard") / "style.css"


@dataclass(frozen=True)
class Column:
    """A column of a table: the row's value under ``name``, headed ``title``, as ``spelled``."""

    name: str
    title: str
    spelled: Spelled = str
    is_number: bool = False
    is_short: bool = False


def begin() -> None:
    """A page is about to be drawn, and nothing of it is there yet."""
    st.session_state[BEGUN] = False


def is_begun() -> bool:
    """Whether the page has its heading."""
    return bool(st.session_state[BEGUN])


def heading(title: str, about: str) -> None:
    """The title of a page, and what it is about in a sentence."""
    st.session_state[BEGUN] = True
    st.title(title)
    st.markdown(about)


def nothing(what: str) -> None:
    """What stands in place of what the filters left nothing of."""
    st.info(f"{what} Choose a longer period, or fewer filters.", icon=":material/search_off:")


def table(columns: Sequence[Column], rows: Rows, caption: str) -> None:
    """A table that scrolls sideways by itself where the page is narrow."""
    st.html(table_html(columns, rows, caption))


def table_html(columns: Sequence[Column], rows: Rows, caption: str) -> str:
    """The same as HTML; every value is escaped."""
    head = "".join(f"<th scope=col{_class(c)}>{escape(c.title)}</th>" for c in columns)
    body = "".join(
        f"<tr>{''.join(f'<td{_class(c)}>{escape(c.spelled(row[c.name]))}</td>' for c in columns)}"
        "</tr>"
        for row in rows
    )
    return region(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>", caption)


def region(html: str, caption: str, kind: str = "") -> str:
    """A part of the page that scrolls by itself, by keyboard too."""
    name = escape(caption, quote=True)
    return f'<div class="rows {kind}" role="region" aria-label="{name}" tabindex="0">{html}</div>'


def cards(currencies: Sequence[str], draw: Callable[[str], None]) -> None:
    """A card a currency, three in a row; below one another where the page is narrow."""
    for first in range(0, len(currencies), ACROSS):
        row = currencies[first : first + ACROSS]
        for place, currency in zip(st.columns(max(len(row), 1)), row, strict=True):
            with place.container(border=True):
                st.subheader(currency)
                draw(currency)


def by_currency(rows: Rows) -> Mapping[str, Rows]:
    """The rows of each currency: amounts of different ones are never put together."""
    found: dict[str, Rows] = {}
    for row in rows:
        found.setdefault(row["currency"], []).append(row)
    return found


def _class(column: Column) -> str:
    kind = "number" if column.is_number else "short" if column.is_short else ""
    return f' class="{kind}"' if kind else ""
