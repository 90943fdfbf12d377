"""Tables that people can sort and download. Every value is escaped."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any

import streamlit as st

from dashboard.components import region
from dashboard.formatting import NO_VALUE
from dashboard.reader import Reader, Rows, reading
from dashboard.settings import Settings

Format = Callable[[Any], str]
Link = Callable[[Mapping[str, Any]], str]
MAX_EXPORTED = 100_000
"""Rows of a download."""

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
BYTE_ORDER_MARK = "\ufeff"
"""With it, spreadsheets read the file as UTF-8."""

EMPTY = "(empty)"
"""The word for a text without characters, which is not a missing value."""


@dataclass(frozen=True)
class Column:
    """A column of a table: the value under ``name`` of each row, formatted, below ``title``.
    ``is_number`` aligns it to the right, and ``no_wrap`` keeps it on one line. ``link`` returns the
    URL behind the value of a row."""

    name: str
    title: str
    format: Format = str
    is_number: bool = False
    no_wrap: bool = False
    link: Link | None = None

    def text(self, row: Mapping[str, Any]) -> str:
        """Return the value of a row as people read it."""
        value = row[self.name]
        if value is None:
            return NO_VALUE
        return self.format(value) or EMPTY


@dataclass(frozen=True)
class Export:
    """The rows of a download that has more than the table shows: ``rows`` reads at most as many as
    its second argument says."""

    settings: Settings
    rows: Callable[[Reader, int], Rows]

    def read(self) -> Rows:
        """Return the rows. Raises the errors of `Reader.query`."""
        with reading(self.settings) as reader:
            return self.rows(reader, MAX_EXPORTED)


def table(
    columns: Sequence[Column],
    rows: Rows,
    caption: str,
    export: Export | None = None,
    *,
    downloads: bool = True,
) -> None:
    """Draw a table and its download. On a narrow screen each row becomes a list."""
    st.html(table_html(columns, rows, caption))
    if not downloads:
        return
    st.download_button(
        "Download all as CSV" if export else "Download as CSV",
        # Streamlit calls the function when a person clicks.
        lambda: csv_bytes(columns, export.read() if export else rows),
        file_name=f"{file_name(caption)}.csv",
        mime="text/csv",
        key=f"download_{caption}",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )


def table_html(columns: Sequence[Column], rows: Rows, caption: str) -> str:
    """Return the table as HTML."""
    head = "".join(
        f"<th scope=col{_class(column)}><button type=button>{escape(column.title)}</button></th>"
        for column in columns
    )
    body = "".join(f"<tr>{''.join(_cell(column, row) for column in columns)}</tr>" for row in rows)
    return region(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>", caption)


def csv_bytes(columns: Sequence[Column], rows: Rows) -> bytes:
    """Return the table as CSV (RFC 4180) in UTF-8: amounts with all digits and without separators,
    times in ISO 8601, a missing value as nothing. A text that a spreadsheet would run as a formula
    begins with an apostrophe."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(column.title for column in columns)
    writer.writerows([_plain(row[column.name]) for column in columns] for row in rows)
    return (BYTE_ORDER_MARK + file.getvalue()).encode()


def file_name(caption: str) -> str:
    """Return a caption as the name of a file: 'Largest orders in EUR' is largest-orders-in-eur."""
    return re.sub(r"[^a-z0-9]+", "-", caption.lower()).strip("-")


def _plain(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
    text = str(value)
    return f"'{text}" if text.startswith(FORMULAS) and len(text) > 1 else text


def _cell(column: Column, row: Mapping[str, Any]) -> str:
    text = escape(column.text(row))
    if column.link:
        text = f'<a href="{escape(column.link(row))}">{text}</a>'
    title = escape(column.title)
    return f'<td{_class(column)} data-title="{title}"{_order(row[column.name])}>{text}</td>'


def _order(value: Any) -> str:
    """Return the attribute by which the script sorts values that do not sort as they are shown."""
    is_ordered = isinstance(value, int | float | Decimal | datetime | date)
    return f' data-order="{escape(_plain(value))}"' if is_ordered else ""


def _class(column: Column) -> str:
    css_class = "number" if column.is_number else "no-wrap" if column.no_wrap else ""
    return f' class="{css_class}"' if css_class else ""
