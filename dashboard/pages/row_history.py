"""An order's life: found by number or name, its versions side by side, and how it was when."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

import streamlit as st

from dashboard import formatting
from dashboard.components import heading, region
from dashboard.page import RowKind, project_pages
from dashboard.reader import Reader
from dashboard.rows import Order, fact
from dashboard.versions import Version, changed_columns, moments, version_at, versions

MOST_FOUND, MOST_RECENT, RECENT_BATCHES = 50, 50, 500
MOST_SHOWN = 12  # versions side by side
LARGEST_KEY = 2**31 - 1
MOST_DIGITS = len(str(LARGEST_KEY))
NOW = "now"
Labels = Mapping[str, Mapping[Any, str]]


def draw(reader: Reader) -> None:
    """Draw the page."""
    heading(
        "An order's life",
        "Every version of an order: what changed, when it was seen to have changed, and how the"
        " order was at any moment. All times are on the source's clock.",
    )
    kinds = project_pages().row_kinds
    name = st.segmented_control(
        "Kind of order",
        list(kinds),
        default=next(iter(kinds)),
        required=True,
        key="order_kind",
        persist_state="session",
    )
    kind = kinds[name]
    sought = st.text_input(
        f"Search by {kind.hint}",
        key="order_sought",
        persist_state="session",
        placeholder="for example 136, or a part of a name",
        help="Orders that were deleted, or once had that name, are found as well.",
    ).strip()
    found = _sought(reader, kind, sought) if sought else _recent(reader, kind)
    key = _picked(found, name, sought)
    if key is not None:
        _life(reader, Order(fact(kind.fact), key), f"{name} {key}")


def _sought(reader: Reader, kind: RowKind, sought: str) -> dict[int, str]:
    # of thousands of digits Python makes no number
    is_key = sought.isdecimal() and len(sought) <= MOST_DIGITS and int(sought) <= LARGEST_KEY
    number = int(sought) if is_key else 0
    rows = reader.ask(kind.search, number=number, text=sought, most=MOST_FOUND)
    exact = [row for row in rows if row["key"] == number]
    others = [row for row in rows if row["key"] != number]
    return {row["key"]: _told(row) for row in exact + others}


def _told(row: Mapping[str, Any]) -> str:
    gone = " · deleted" if row["is_deleted"] else ""
    return (
        f"{row['key']} · {row['partner']} · {row['what']} ·"
        f" {formatting.money(row['value'], row['currency'])} · {formatting.day(row['created_date'])}{gone}"
    )


def _recent(reader: Reader, kind: RowKind) -> dict[int, str]:
    rows = reader.ask(kind.recent, batches=RECENT_BATCHES, most=MOST_RECENT)
    return {row["key"]: _told_recent(row) for row in rows}


def _told_recent(row: Mapping[str, Any]) -> str:
    changes = row["changes"]
    what = "deleted" if row["is_deleted"] else f"{changes} change{'s' if changes > 1 else ''}"
    return f"{row['key']} · {what} · last {formatting.moment(row['observed_at'])}"


def _picked(found: Mapping[int, str], name: str, sought: str) -> int | None:
    """The order that is picked of those found."""
    if not found:
        if sought:
            st.info(
                f"No {name.lower()} has that number or name, and none ever had.",
                icon=":material/search_off:",
            )
        else:
            st.info("No order was changed lately. Search for one above.")
        return None
    limit = f" (the {MOST_FOUND} latest)" if len(found) == MOST_FOUND else ""
    title = f"{len(found)} found{limit}" if sought else "Edited or deleted lately"
    return st.selectbox(title, list(found), format_func=lambda key: found[key])


def _life(reader: Reader, order: Order, title: str) -> None:
    rows = order.history(reader)
    of = versions(rows, order.columns)
    if not of:
        st.info("That order is not in the warehouse any more. Search again.")
        return
    labels = order.labels(reader, rows)
    st.subheader(title)
    st.markdown(_summary(of))
    above = st.container()  # drawn once the slider below has said which version to colour
    st.subheader("As it was at a moment")
    moment = _moment(reader, order, of)
    held = version_at(of, moment)
    _as_it_was(order, order.as_of(reader, moment), held, moment, labels)
    with above:
        only = st.toggle("Only what changed", value=True, key="order_only", persist_state="session")
        _side_by_side(order, of, held, labels, only)


def _summary(of: Sequence[Version]) -> str:
    first, last = of[0], of[-1]
    number = f"{len(of)} version{'s' if len(of) > 1 else ''}"
    end = (
        f"deleted, as was seen on {formatting.moment(last.valid_from)}"
        if last.is_deleted
        else f"as it is now since {formatting.moment(last.valid_from)}"
    )
    return f"{number}: placed on {formatting.moment(first.valid_from)}, {end}."


def _moment(reader: Reader, order: Order, of: Sequence[Version]) -> datetime:
    """The moment that the slider is at; to begin with, that of the last version that was there."""
    there = [version for version in of if not version.is_deleted] or of
    # as long as the order has these versions, the slider's moments stay: others would reset it
    key = f"as_of_{order.fact.name}_{order.key}_{len(of)}"
    if f"{key}_now" not in st.session_state:
        [seen] = reader.ask("last_seen")
        st.session_state[f"{key}_now"] = seen["moment"] or of[-1].valid_from
    return st.select_slider(
        "As of",
        moments(of, st.session_state[f"{key}_now"]),
        value=there[-1].valid_from,
        format_func=formatting.moment,
        key=key,
        help="Each change is a step, with some between. The arrow keys move it.",
    )


def _as_it_was(
    order: Order,
    row: Mapping[str, Any] | None,
    held: Version | None,
    moment: datetime,
    labels: Labels,
) -> None:
    when = formatting.moment(moment)
    if row is None:
        gone = held is not None and held.is_deleted
        why = "it had been deleted" if gone else "it had not been placed yet"
        st.info(f"As of {when} there was no such order: {why}.", icon=":material/event_busy:")
        return
    number = f", version {held.number}" if held else ""
    st.markdown(f"**As it was on {when}**{number}")
    cells = "".join(
        f"<div><dt>{escape(formatting.label(column))}</dt>"
        f"<dd>{escape(order.told(column, row, labels))}</dd></div>"
        for column in order.columns
    )
    st.html(f'<dl class="card">{cells}</dl>')


def _side_by_side(
    order: Order,
    of: Sequence[Version],
    held: Version | None,
    labels: Labels,
    only: bool,
) -> None:
    shown = of[-MOST_SHOWN:]
    if len(of) > len(shown):
        st.caption(f"The latest {MOST_SHOWN} of {len(of)} versions.")
    changed = changed_columns(of)
    columns = [column for column in order.columns if column in changed or not only]
    if not columns:
        st.caption("No field ever changed.")
    before = dict(zip([v.number for v in of[1:]], of, strict=False))
    head = "".join(_head(version, version is held) for version in shown)
    body = "".join(
        f"<tr><th scope=row>{escape(formatting.label(column))}</th>"
        + "".join(
            f"<td{_then(v is held)}>{_cell(order, v, before.get(v.number), column, labels)}</td>"
            for v in shown
        )
        + "</tr>"
        for column in columns
    )
    html = f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"
    st.html(region(html, "Versions of the order side by side", "versions"))
    st.caption(
        "A mark is a change from the version before. The blue column is the version of the moment"
        " below. Names are those that the dimensions have today."
    )


def _head(version: Version, is_held: bool) -> str:
    kind = ' class="deleted"' if version.is_deleted else ""
    until = formatting.moment(version.valid_to) if version.valid_to else NOW
    return (
        f"<th scope=col{_then(is_held)}>Version {version.number}"
        f'<span class="told"><span{kind}>{escape(version.story)}</span></span>'
        f'<span class="was">{formatting.moment(version.valid_from)}<br>to {until}</span></th>'
    )


def _cell(
    order: Order,
    version: Version,
    before: Version | None,
    column: str,
    labels: Labels,
) -> str:
    told = escape(order.told(column, version.values, labels))
    if version.is_deleted:
        told = f'<span class="gone">{told}</span>'
    elif column in version.changed and before:
        was = escape(order.told(column, before.values, labels))
        told = f'<mark>{told}</mark><span class="was">was {was}</span>'
    return told


def _then(is_held: bool) -> str:
    return ' class="then"' if is_held else ""
