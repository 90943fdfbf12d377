"""The history of a row: search, its versions side by side, and its state at a point in time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

import streamlit as st

from contracts import PlatformError
from dashboard import address, formatting
from dashboard.components import heading, region
from dashboard.fact_row import FactRow, Labels, fact
from dashboard.open_rows import OpenRow, open_rows
from dashboard.page import RowKind, project_pages, row_link
from dashboard.reader import Reader, Rows, query_text
from dashboard.row_search import number, search
from dashboard.tables import Column, table
from dashboard.version_table import VersionTable
from dashboard.versions import Version, moments, version_at, versions
from postgres import render

MAX_RESULTS, MAX_RECENT, RECENT_BATCHES = 50, 20, 500
MAX_VERSIONS = 12  # side by side
SEARCH, MOMENT = address.text("search"), address.moment("moment", None)
ONLY_CHANGED = address.flag("changed", default=True)


def title() -> str:
    """Return the title of the page, such as 'Order history'."""
    return f"{project_pages().row_noun.capitalize()} history"


def draw(reader: Reader) -> None:
    """Draw the page."""
    noun, kinds = project_pages().row_noun, project_pages().row_kinds
    heading(
        title(),
        f"All versions of one {noun}: its values, what changed, and when: at the commit, or when a"
        " poll saw the change if its commit is unknown. All times are on the source's clock.",
    )
    names, shown = list(kinds), [noun, MOMENT.name]
    name = st.segmented_control(
        f"Kind of {noun}",
        names,
        required=True,
        **address.one_of("kind", names, names[0]).bound(forget=shown),
    )
    kind = kinds[name]
    text = st.text_input(
        f"Search by {kind.search_fields}",
        placeholder="for example 136, #136, or a part of a name",
        help=f"The search includes each deleted {noun}, and earlier names.",
        **SEARCH.bound(forget=shown),
    ).strip()
    opened = number(address.text(noun).value or text, name)
    if opened is not None and (row := FactRow(fact(kind.fact), opened)).exists(reader):
        _history(reader, row, kind, f"{name} {opened}")
    elif not _only_quarantined(reader, kind, name, opened):
        if opened is not None and not text:
            _no_such_row(name, opened)
        _results(reader, kind, name, text)


def _no_such_row(name: str, key: int) -> None:
    """Explain a link to a row that is in no version of the warehouse."""
    st.warning(
        f"**{name} {key} does not exist:** the warehouse has no version of it, not even a deleted"
        " one. It may be newer than the last load.",
        icon=":material/search_off:",
    )


def _results(reader: Reader, kind: RowKind, name: str, text: str) -> None:
    """Draw the rows that match, or those that changed recently."""
    noun = project_pages().row_noun
    if not text:
        recent = _recent(reader, kind)
        st.subheader(f"Recent changes of {name.lower()}s")
        if recent:
            _list(reader, kind, name, recent, RECENT)
        else:
            st.info(f"No {noun} changed recently. Search for one above.")
        return
    found = search(reader, kind, text, name, MAX_RESULTS)
    if not found.keys:
        st.info(
            f"No {name.lower()} matches. Searched: {kind.search_fields} in every version,"
            f" including deleted ones. {found.earlier}",
            icon=":material/search_off:",
        )
        return
    limit = f" (the {MAX_RESULTS} latest)" if len(found.keys) == MAX_RESULTS else ""
    st.subheader(f"{formatting.plural(len(found.keys), 'result')}{limit}")
    st.caption(found.earlier)
    _list(reader, kind, name, {key: {} for key in found.keys}, STATE)


STATE = [Column("is_deleted", "State", lambda deleted: "deleted" if deleted else "exists")]
RECENT = [
    Column("change", "Change"),
    Column("observed_at", "Read from source at", formatting.moment, no_wrap=True),
]


def _list(
    reader: Reader,
    kind: RowKind,
    name: str,
    rows: Mapping[int, Mapping[str, Any]],
    more: Sequence[Column],
) -> None:
    """Draw a table of rows, each with a link to its history."""
    order = list(rows)
    listed = reader.query(kind.listed, keys=order)
    merged = [{**row, **rows[row["key"]]} for row in listed]
    merged.sort(key=lambda row: order.index(row["key"]))
    key = Column("key", name, str, is_number=True, link=lambda row: row_link(name, row["key"]))
    table([key, *more, *kind.columns], merged, f"{name}s")


def _recent(reader: Reader, kind: RowKind) -> dict[int, Mapping[str, Any]]:
    of = fact(kind.fact)
    statement = render(
        query_text("recent_rows"),
        key=of.key,
        changes=f"{of.name}_changes",
        current=f"{of.name}_current",
    )
    rows = reader.run(statement, batches=RECENT_BATCHES, max_rows=MAX_RECENT)
    return {row["key"]: {**row, "change": _change(row, kind.created)} for row in rows}


def _change(row: Mapping[str, Any], created: str) -> str:
    """Describe recent changes of a row: '2 edits, 5 fields', 'deleted', 'deleted, placed again'."""
    edits = (
        f"{formatting.plural(row['edits'], 'edit')}, {formatting.plural(row['fields'], 'field')}"
    )
    deleted = "deleted" if row["is_deleted"] else f"deleted, {created} again"
    return ", ".join([*([edits] if row["edits"] else []), *([deleted] if row["deletions"] else [])])


def _only_quarantined(reader: Reader, kind: RowKind, name: str, key: int | None) -> bool:
    """Explain a row of which every version is in quarantine; return whether there is one."""
    waiting = _open(reader, kind, key) if key is not None else []
    if waiting:
        st.subheader(f"{name} {key}")
        _warn(waiting, "No version of it is in the warehouse.")
    return bool(waiting)


def _open(reader: Reader, kind: RowKind, key: int) -> list[OpenRow]:
    try:
        return open_rows(reader.settings, fact(kind.fact).of, key)
    except PlatformError as error:
        st.caption(
            "The lake cannot be read, so it is unknown whether a newer version is in quarantine."
            f" {formatting.plain(str(error))}"
        )
        return []


def _warn(waiting: Sequence[OpenRow], missing: str) -> None:
    last = waiting[-1]
    st.warning(
        f"**The newest version is in quarantine** (batch {last.batch}):"
        f" {formatting.plain(last.reasons)}. {missing}",
        icon=":material/report:",
    )


def _history(reader: Reader, row: FactRow, kind: RowKind, name: str) -> None:
    rows: Rows = row.versions(reader)
    all_versions = versions(rows, row.columns)
    labels = row.labels(reader, rows)
    st.subheader(name)
    waiting = _open(reader, kind, row.key)
    if waiting:
        _warn(waiting, "The versions below are older.")
    st.markdown(_summary(all_versions, kind, is_current=not waiting))
    above = st.container()  # drawn last: the slider below selects the version to highlight
    st.subheader("State at a point in time")
    moment = _moment(reader, all_versions)
    selected = version_at(all_versions, moment)
    _state(row, row.as_of(reader, moment), selected, moment, labels)
    with above:
        only_changed = st.toggle("Show changed fields only", **ONLY_CHANGED.bound())
        end = "now, but a newer version is in quarantine" if waiting else "now"
        side_by_side = VersionTable(row, kind.created, labels, all_versions, end)
        _side_by_side(side_by_side, selected, only_changed)


def _summary(all_versions: Sequence[Version], kind: RowKind, *, is_current: bool) -> str:
    first, last = all_versions[0], all_versions[-1]
    end = "deleted on" if last.is_deleted else "current since" if is_current else "last changed on"
    return (
        f"{formatting.plural(len(all_versions), 'version')}. {kind.created.capitalize()} on"
        f" {formatting.moment(first.valid_from)}, {end} {formatting.moment(last.valid_from)}."
    )


def _moment(reader: Reader, all_versions: Sequence[Version]) -> datetime:
    """Draw the slider, and return its time. It starts at the last version that is not deleted, and
    a time in the address stays on it when versions are added."""
    existing = [version for version in all_versions if not version.is_deleted] or all_versions
    now = reader.as_of.observed_at if reader.as_of else all_versions[-1].valid_from
    chosen = MOMENT.value
    moment: datetime = st.select_slider(
        "As of",
        moments(all_versions, now, chosen),
        format_func=formatting.moment,
        help="Each change is a step, with steps between. Use the arrow keys to move.",
        **address.moment(MOMENT.name, existing[-1].valid_from).bound(),
    )
    return moment


def _state(
    row: FactRow,
    values: Mapping[str, Any] | None,
    selected: Version | None,
    moment: datetime,
    labels: Labels,
) -> None:
    when = formatting.moment(moment)
    if values is None:
        reason = "was deleted" if selected and selected.is_deleted else "did not exist yet"
        st.info(f"On {when}, it {reason}.", icon=":material/event_busy:")
        return
    number = f", version {selected.number}" if selected else ""
    st.markdown(f"**As of {when}**{number}")
    cells = "".join(
        f"<div><dt>{escape(formatting.label(column))}</dt>"
        f"<dd>{escape(row.format(column, values, labels))}</dd></div>"
        for column in row.columns
    )
    st.html(f'<dl class="card">{cells}</dl>')


def _side_by_side(side_by_side: VersionTable, selected: Version | None, only_changed: bool) -> None:
    shown = side_by_side.versions[-MAX_VERSIONS:]
    if len(side_by_side.versions) > len(shown):
        st.caption(f"The latest {MAX_VERSIONS} of {len(side_by_side.versions)} versions.")
    columns = side_by_side.changed_columns if only_changed else side_by_side.row.columns
    if not columns:
        st.caption("No field changed.")
    html = side_by_side.html(shown, columns, selected)
    st.html(region(html, "Versions side by side", "versions"))
    st.caption(
        "Highlighted = changed since the previous version. Blue = the version selected below. Names"
        " are the current names."
    )
