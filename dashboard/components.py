"""The building blocks of pages: headings, tables, and the message for an empty result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any

import streamlit as st

from dashboard.reader import Rows

Format = Callable[[Any], str]
HAS_HEADING = "page_has_heading"

STYLE = files("dashboard") / "style.css"


@dataclass(frozen=True)
class Column:
    """A column of a table: the value under ``name`` of each row, formatted, below ``title``.
    ``is_number`` aligns it to the right, and ``no_wrap`` keeps it on one line."""

    name: str
    title: str
    format: Format = str
    is_number: bool = False
    no_wrap: bool = False


def reset_heading() -> None:
    """Record that the page has no heading yet."""
    st.session_state[HAS_HEADING] = False


def has_heading() -> bool:
    """Return whether `heading` was drawn since the last `reset_heading`."""
    return bool(st.session_state[HAS_HEADING])


def heading(title: str, about: str) -> None:
    """Draw the title of a page, and a sentence or two about its content."""
    st.session_state[HAS_HEADING] = True
    st.title(title)
    st.markdown(about)


def no_match(message: str) -> None:
    """Draw a message in place of a result that the filters left empty."""
    st.info(f"{message} Choose a longer period or remove filters.", icon=":material/search_off:")


def table(columns: Sequence[Column], rows: Rows, caption: str) -> None:
    """Draw a table. On a narrow screen it scrolls horizontally within the page."""
    st.html(table_html(columns, rows, caption))


def table_html(columns: Sequence[Column], rows: Rows, caption: str) -> str:
    """Return the table as HTML, with every value escaped."""
    head = "".join(f"<th scope=col{_class(c)}>{escape(c.title)}</th>" for c in columns)
    body = "".join(
        f"<tr>{''.join(f'<td{_class(c)}>{escape(c.format(row[c.name]))}</td>' for c in columns)}"
        "</tr>"
        for row in rows
    )
    return region(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>", caption)


def region(html: str, caption: str, css_class: str = "") -> str:
    """Return the HTML in a region that scrolls by itself and can receive the keyboard focus."""
    name = escape(caption, quote=True)
    return (
        f'<div class="rows {css_class}" role="region" aria-label="{name}" tabindex="0">{html}</div>'
    )


def _class(column: Column) -> str:
    css_class = "number" if column.is_number else "no-wrap" if column.no_wrap else ""
    return f' class="{css_class}"' if css_class else ""
