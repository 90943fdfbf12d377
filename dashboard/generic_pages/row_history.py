"""The history of a row: search, its versions side by side, and its state at a point in time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

import streamlit as st

from dashboard import formatting
from dashboard.components import heading, region
from dashboard.fact_row import FactRow, Labels, fact
from dashboard.page import RowKind, project_pages
from dashboard.reader import Reader
from dashboard.version_table import VersionTable
from dashboard.versions import Version, moments, version_at, versions

MAX_RESULTS, MAX_RECENT, RECENT_BATCHES = 50, 50, 500
MAX_VERSIONS = 12  # side by side
LARGEST_KEY = 2**31 - 1
MAX_DIGITS = len(str(LARGEST_KEY))


def title() -> str:
    """Return the title of the page, such as 'Order history'."""
    return f"{project_pages().row_noun.capitalize()} history"


def draw(reader: Reader) -> None:
    """Draw the page."""
    noun, kinds = project_pages().row_noun, project_pages().row_kinds
    heading(
        title(),
        f"All versions of one {noun}: its values, what changed, and when the platform observed the"
        " change. All times are on the source's clock.",
    )
    name = st.segmented_control(
        f"Kind of {noun}",
        list(kinds),
        default=next(iter(kinds)),
        required=True,
        key="history_kind",
        persist_state="session",
    )
    kind = kinds[name]
    text = st.text_input(
        f"Search by {kind.search_fields}",
        key="history_search",
        persist_state="session",
        placeholder="for example 136, or a part of a name",
        help=f"The search includes each deleted {noun}, and earlier names.",
    ).strip()
    results = search(reader, kind, text) if text else _recent(reader, kind)
    key = _pick(results, noun, is_search=bool(text))
    if key is not None:
        _history(reader, FactRow(fact(kind.fact), key), kind, f"{name} {key}")


def search(reader: Reader, kind: RowKind, text: str) -> dict[int, str]:
    """Return the rows that match, by key and with a summary; the row with that key is first."""
    # Python refuses to convert thousands of digits.
    is_key = text.isdecimal() and len(text) <= MAX_DIGITS and int(text) <= LARGEST_KEY
    number = int(text) if is_key else None
    rows = reader.query(kind.search, number=number, text=text, max_rows=MAX_RESULTS)
    rows.sort(key=lambda row: row["key"] != number)
    return {row["key"]: _result(row, kind) for row in rows}


def _recent(reader: Reader, kind: RowKind) -> dict[int, str]:
    rows = reader.query(kind.recent, batches=RECENT_BATCHES, max_rows=MAX_RECENT)
    return {row["key"]: _recent_result(row) for row in rows}


def _result(row: Mapping[str, Any], kind: RowKind) -> str:
    deleted = " · deleted" if row["is_deleted"] else ""
    return f"{row['key']} · {kind.summary(row)}{deleted}"


def _recent_result(row: Mapping[str, Any]) -> str:
    event = "deleted" if row["is_deleted"] else formatting.plural(row["changes"], "change")
    return f"{row['key']} · {event} · {formatting.moment(row['observed_at'])}"


def _pick(results: Mapping[int, str], noun: str, is_search: bool) -> int | None:
    """Draw the list of results, and return the key of the selected row."""
    if not results:
        if is_search:
            st.info(f"No {noun} matches, including deleted ones.", icon=":material/search_off:")
        else:
            st.info(f"No {noun} changed recently. Search for one above.")
        return None
    limit = f" (the {MAX_RESULTS} latest)" if len(results) == MAX_RESULTS else ""
    label = f"{formatting.plural(len(results), 'result')}{limit}" if is_search else "Recent changes"
    return st.selectbox(label, list(results), format_func=lambda key: results[key])


def _history(reader: Reader, row: FactRow, kind: RowKind, name: str) -> None:
    rows = row.versions(reader)
    all_versions = versions(rows, row.columns)
    if not all_versions:
        st.info("This row is not in the warehouse any longer. Search again.")
        return
    labels = row.labels(reader, rows)
    st.subheader(name)
    st.markdown(_summary(all_versions, kind))
    above = st.container()  # drawn last: the slider below selects the version to highlight
    st.subheader("State at a point in time")
    moment = _moment(reader, row, all_versions)
    selected = version_at(all_versions, moment)
    _state(row, row.as_of(reader, moment), selected, moment, labels)
    with above:
        only_changed = st.toggle(
            "Show changed fields only", value=True, key="history_changed", persist_state="session"
        )
        _side_by_side(VersionTable(row, kind.created, labels, all_versions), selected, only_changed)


def _summary(all_versions: Sequence[Version], kind: RowKind) -> str:
    first, last = all_versions[0], all_versions[-1]
    end = "deleted on" if last.is_deleted else "current since"
    return (
        f"{formatting.plural(len(all_versions), 'version')}. {kind.created.capitalize()} on"
        f" {formatting.moment(first.valid_from)}, {end} {formatting.moment(last.valid_from)}."
    )


def _moment(reader: Reader, row: FactRow, all_versions: Sequence[Version]) -> datetime:
    """Draw the slider, and return its time. It starts at the last version that is not deleted."""
    existing = [version for version in all_versions if not version.is_deleted] or all_versions
    # The last time on the slider stays until the versions change: another would reset it.
    begins = hash(tuple(version.valid_from for version in all_versions))
    key = f"as_of_{row.fact.name}_{row.key}_{begins}"
    if f"{key}_now" not in st.session_state:
        [last] = reader.query("last_observed")
        st.session_state[f"{key}_now"] = last["moment"] or all_versions[-1].valid_from
    return st.select_slider(
        "As of",
        moments(all_versions, st.session_state[f"{key}_now"]),
        value=existing[-1].valid_from,
        format_func=formatting.moment,
        key=key,
        help="Each change is a step, with steps between. Use the arrow keys to move.",
    )


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


def _side_by_side(table: VersionTable, selected: Version | None, only_changed: bool) -> None:
    shown = table.versions[-MAX_VERSIONS:]
    if len(table.versions) > len(shown):
        st.caption(f"The latest {MAX_VERSIONS} of {len(table.versions)} versions.")
    columns = table.changed_columns if only_changed else table.row.columns
    if not columns:
        st.caption("No field changed.")
    st.html(region(table.html(shown, columns, selected), "Versions side by side", "versions"))
    st.caption(
        "Highlighted values differ from the version before. The blue column is the version selected"
        " below. Names are the current names in the dimensions."
    )
