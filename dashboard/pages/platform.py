"""How fresh the warehouse is, what it was loaded with, and what was set apart."""

from datetime import UTC
from typing import Any

import streamlit as st

from contracts import PlatformError
from dashboard import charts, formatting, lake_logs
from dashboard.components import Column, heading, table
from dashboard.lake_logs import Logs
from dashboard.questions import more
from dashboard.reader import Reader, Rows
from dashboard.settings import LAKE

PROMISE = 30 * 60  # seconds from a change to the warehouse, at most
DRAWN, LISTED = 500, 12
WINDOWS = {"Last 24 hours": "1 day", "Last 7 days": "7 days", "Last 90 days": "90 days"}
OPS = {"new": charts.GREEN, "changed": charts.SKY, "deleted": charts.RED}
STEPS = {"build dimensions and facts": charts.BLUE, "load": charts.ORANGE}


def draw(reader: Reader) -> None:
    """Draw the page."""
    heading(
        "The platform",
        "A change of the source is promised to be here within 30 minutes. Each batch is what one"
        " look at the source found changed; a source that rests makes none.",
    )
    window = st.segmented_control(
        "Time",
        list(WINDOWS),
        default="Last 24 hours",
        required=True,
        key="platform_window",
        persist_state="session",
    )
    [totals] = reader.ask("ledger_totals", promise=f"{PROMISE} s", window=WINDOWS[window])
    logs = _logs(reader)
    _now(totals, logs)
    batches = reader.ask("ledger", most=DRAWN, window=WINDOWS[window])
    st.subheader("How long batches took to be loaded")
    if not batches:
        st.info(f"No batch was loaded in this time ({window.lower()}).")
    else:
        _over_time(batches)
    if logs:
        _from_logs(logs)
    more(reader, "platform")


def _logs(reader: Reader) -> Logs | None:
    """What the lake's logs say; where they say nothing, why, for the page goes on without."""
    if not reader.settings.stores:
        st.info(
            "Nobody has said where the lake is, and only its logs know what waits, which tables"
            " changed, how long each step took, and which rows were set apart. Start the dashboard"
            f" with --lake, or set {LAKE}, to see it here.",
            icon=":material/info:",
        )
        return None
    try:
        logs = lake_logs.read(reader.settings)
    except PlatformError as error:
        st.warning(f"The lake cannot be read, so part of this page is missing. {error}")
        return None
    if logs is None:
        st.info("The lake holds no batch yet.")
    return logs


def _now(totals: dict[str, Any], logs: Logs | None) -> None:
    """The figures of the moment."""
    places = st.columns(4)
    age = totals["last_load_age"]
    places[0].metric(
        "Last load",
        f"{formatting.passed(float(age))} ago" if age is not None else "none yet",
        help=f"Batch {totals['last_batch']}" if age is not None else None,
    )
    places[1].metric(
        "From lake in 30 minutes",
        formatting.share(totals["in_time"], totals["batches"]),
        help=f"{formatting.count(totals['in_time'])} of {formatting.count(totals['batches'])} batches were in"
        " the warehouse at most 30 minutes after they were in the lake",
    )
    if logs is None:
        places[2].metric("Usual time to load", _age(totals["usual_seconds"]))
        places[3].metric("Longest time to load", _age(totals["longest_seconds"]))
        return
    waiting = f"{logs.waiting} batches" if logs.waiting > 1 else "1 batch"
    places[2].metric("Waiting to be loaded", waiting if logs.waiting else "nothing")
    places[3].metric("Rows set apart", formatting.count(logs.quarantined))
    if logs.waiting_since > PROMISE:
        st.error(
            f"The oldest batch has waited for {formatting.passed(logs.waiting_since)}, longer than is"
            " promised. The runbook's page 'freshness' says what to do."
        )
    elif logs.waiting:
        st.caption(f"The oldest batch has waited for {formatting.passed(logs.waiting_since)}.")
    if totals["lake"] not in (None, logs.lake):
        st.warning(
            "This lake is not the one that the warehouse was loaded from; what it says here is of"
            " another warehouse."
        )


def _age(seconds: Any) -> str:
    return formatting.NOTHING if seconds is None else formatting.age(float(seconds))


def _over_time(batches: Rows) -> None:
    drawn = [
        {
            "batch": row["batch_seq"],
            "seconds": row["seconds"],
            # as if it had no zone, so that the axis shows UTC wherever the reader is
            "loaded": row["loaded_at"].astimezone(UTC).replace(tzinfo=None),
            "told": formatting.age(float(row["seconds"])),
            "moment": formatting.moment(row["loaded_at"].astimezone(UTC)),
        }
        for row in batches
    ]
    charts.show(
        charts.delays(drawn, PROMISE),
        "Seconds from a batch's commit to the lake until it was in the warehouse, over time",
    )
    st.caption(
        "From the moment at which a batch was in the lake. How long a change had waited for the"
        " poll that found it comes before that and is not measured here: no longer than polls lie"
        " apart, but that is far where polls did not run. After a rebuild every batch counts as"
        " loaded by the rebuild, so that these times tell of it and not of the first loads."
        + (f" The latest {DRAWN} batches." if len(batches) == DRAWN else "")
    )
    table(BATCHES, batches[:LISTED], "The latest batches")


BATCHES = [
    Column("batch_seq", "Batch", is_number=True),
    Column("observed_at", "Saw the source (its clock)", formatting.moment, is_short=True),
    Column(
        "loaded_at", "Loaded (UTC)", lambda m: formatting.moment(m.astimezone(UTC)), is_short=True
    ),
    Column("seconds", "Took", lambda s: formatting.age(float(s)), is_number=True),
    Column("rows", "Rows", formatting.count, is_number=True),
]
REASONS = [
    Column("table", "Table"),
    Column("rows", "Rows", formatting.count, is_number=True),
    Column("example", "For example", is_number=True),
    Column("reasons", "Reason"),
]


def _from_logs(logs: Logs) -> None:
    # the first batch brought everything, and beside it no other would be seen
    batches = [batch for batch in logs.latest if batch.seq > 1] or logs.latest
    latest = f"the latest {len(batches)} batches" if len(batches) > 1 else "the only batch"
    st.subheader("Rows that changed in the source, by table")
    rows = [
        {"table": formatting.label(name), "op": op, "rows": sum(b.rows.get(name, {}).get(op, 0)
                                                             for b in batches)}
        for name in sorted({name for batch in batches for name in batch.rows})
        for op in OPS
    ]  # fmt: skip
    charts.show(
        charts.parts(rows, "table", "rows", "op", f"Rows in {latest}", OPS),
        f"New, changed and deleted rows by table in {latest}",
    )
    st.subheader("How long each step took")
    steps = [
        {"batch": f"Batch {batch.seq}", "step": step, "seconds": seconds}
        for batch in reversed(batches)
        for step, seconds in zip(STEPS, (batch.build, batch.load), strict=True)
        if seconds is not None
    ]
    charts.show(
        charts.parts(steps, "batch", "seconds", "step", "Seconds", STEPS),
        f"Seconds that each step took, in {latest}",
    )
    st.subheader("Rows set apart")
    if not logs.reasons:
        st.success("No row is set apart.", icon=":material/check_circle:")
        return
    st.markdown(
        "These rows of the source cannot be read as what their columns are to hold; all others"
        " went on. A row that conforms again comes by itself."
    )
    table(REASONS, [vars(apart) for apart in logs.reasons], "Rows set apart, by reason")
