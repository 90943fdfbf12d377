"""The platform: how current the warehouse is, its latest batches, and quarantined rows."""

from datetime import UTC
from typing import Any

import streamlit as st

from contracts.observation import OP_NAMES
from dashboard import address, charts, formatting, lake_logs
from dashboard.components import heading
from dashboard.generic_pages.health import draw_health, explain_missing_lake, or_warning
from dashboard.lake_logs import BatchSummary, LakeSummary
from dashboard.questions import question_picker
from dashboard.reader import Reader, Rows
from dashboard.tables import Column, table
from operations.durations import duration

TARGET = 30 * 60  # seconds from a change in the source to the warehouse, at most
MAX_DRAWN, MAX_LISTED = 500, 12
WINDOWS = {"Last 24 hours": "1 day", "Last 7 days": "7 days", "Last 90 days": "90 days"}
WINDOW = address.one_of("window", list(WINDOWS), "Last 24 hours")
OPERATIONS = dict(zip(OP_NAMES.values(), (charts.GREEN, charts.SKY, charts.RED), strict=True))
STEPS = {"build dimensions and facts": charts.BLUE, "load": charts.ORANGE}


def draw(reader: Reader) -> None:
    """Draw the page."""
    heading(
        "Platform",
        "The target is that a change in the source reaches the warehouse within 30 minutes. A batch"
        " contains the changes that one poll of the source found; a poll that finds no change"
        " creates no batch.",
    )
    draw_health(reader)
    lake = _lake_summary(reader)
    window = st.segmented_control("Time", list(WINDOWS), required=True, **WINDOW.bound())
    with or_warning("The warehouse cannot be read, so its load times are not shown."):
        _loads(reader, window, lake)
    if lake:
        _changed_rows(lake)
        _step_times(lake)
        _quarantine(reader, lake)
    with or_warning("The warehouse cannot be read, so its questions are not shown."):
        question_picker(reader, "platform")


def _loads(reader: Reader, window: str, lake: LakeSummary | None) -> None:
    """Draw what the warehouse's ledger knows."""
    [totals] = reader.query("ledger_totals", target=f"{TARGET} s", window=WINDOWS[window])
    _metrics(totals, lake)
    batches = reader.query("ledger", max_rows=MAX_DRAWN, window=WINDOWS[window])
    st.subheader("Load time by batch")
    if not batches:
        st.info(f"No batch was loaded in this time range ({window.lower()}).")
    else:
        _load_times(batches)


def _lake_summary(reader: Reader) -> LakeSummary | None:
    """Return the state of the lake, or draw the reason why it is unknown; the page continues."""
    if not reader.settings.stores:
        explain_missing_lake()
        return None
    lake = None
    with or_warning("The lake cannot be read, so a part of this page is not shown."):
        lake = lake_logs.read(reader.settings)
        if lake is None:
            st.info("The lake does not contain a batch yet.")
        else:
            _waiting(lake)
    return lake


def _waiting(lake: LakeSummary) -> None:
    places = st.columns(2)
    places[0].metric("Batches waiting", formatting.count(lake.waiting))
    places[1].metric("Quarantined rows", formatting.count(lake.quarantined))


def _metrics(totals: dict[str, Any], lake: LakeSummary | None) -> None:
    places = st.columns(4)
    age = totals["last_load_age"]
    places[0].metric(
        "Last load",
        f"{formatting.elapsed(float(age))} ago" if age is not None else "none yet",
        help=f"Batch {totals['last_batch']}" if age is not None else None,
    )
    places[1].metric(
        "Loaded within 30 min",
        formatting.share(totals["in_time"], totals["batches"]),
        help=f"{formatting.count(totals['in_time'])} of {formatting.count(totals['batches'])}"
        " batches were loaded into the warehouse at most 30 minutes after their commit to the lake",
    )
    places[2].metric("Median load time", _duration(totals["median_seconds"]))
    places[3].metric("Longest load time", _duration(totals["longest_seconds"]))
    if lake is None:
        return
    _warnings(totals, lake)


def _warnings(totals: dict[str, Any], lake: LakeSummary) -> None:
    waited = formatting.elapsed(lake.waiting_since)
    if lake.waiting_since > TARGET:
        st.error(
            f"The oldest batch has waited for {waited}, longer than the target. See the page"
            " 'freshness' of the runbook."
        )
    elif lake.waiting:
        st.caption(f"The oldest batch has waited for {waited}.")
    if totals["lake"] not in (None, lake.lake):
        st.warning(
            "The warehouse was not loaded from this lake. The figures of the lake on this page"
            " belong to another warehouse."
        )


def _duration(seconds: Any) -> str:
    return formatting.NO_VALUE if seconds is None else duration(float(seconds))


def _load_times(batches: Rows) -> None:
    points = [
        {
            "batch": row["batch_seq"],
            "seconds": row["seconds"],
            # Without a zone, the axis shows UTC in every browser.
            "loaded": row["loaded_at"].astimezone(UTC).replace(tzinfo=None),
            "duration": duration(float(row["seconds"])),
            "moment": formatting.moment(row["loaded_at"].astimezone(UTC)),
        }
        for row in batches
    ]
    charts.show(
        charts.load_times(points, TARGET),
        "Seconds from the commit of each batch to the lake until its load into the warehouse",
    )
    st.caption(
        "Measured from the commit of a batch to the lake. The time that a change waited for its"
        " poll is not included: usually one poll interval, longer if polls did not run. A rebuild"
        " loads all batches again, and the times are those of the rebuild."
        + (f" The latest {MAX_DRAWN} batches." if len(batches) == MAX_DRAWN else "")
    )
    table(BATCHES, batches[:MAX_LISTED], "The latest batches")


BATCHES = [
    Column("batch_seq", "Batch", is_number=True),
    Column("observed_at", "Read from source at", formatting.moment, no_wrap=True),
    Column(
        "loaded_at", "Loaded at (UTC)", lambda m: formatting.moment(m.astimezone(UTC)), no_wrap=True
    ),
    Column("seconds", "Load time", lambda s: duration(float(s)), is_number=True),
    Column("rows", "Rows", formatting.count, is_number=True),
]
REASONS = [
    Column("table", "Table"),
    Column("rows", "Rows", formatting.count, is_number=True),
    Column("example", "Example key", is_number=True),
    Column("reasons", "Reason"),
]


def _changed_rows(lake: LakeSummary) -> None:
    batches = _without_first(lake)
    tables = sorted({name for batch in batches for name in batch.rows})
    rows = [
        {
            "table": formatting.label(name),
            "operation": operation,
            "rows": sum(batch.rows.get(name, {}).get(operation, 0) for batch in batches),
        }
        for name in tables
        for operation in OPERATIONS
    ]
    latest = f"the latest {len(batches)} batches" if len(batches) > 1 else "one batch"
    st.subheader("Changed rows by table")
    chart = charts.stacked_bars(rows, "table", "rows", "operation", f"Rows in {latest}", OPERATIONS)
    charts.show(chart, f"New, changed and deleted rows by table in {latest}")


def _step_times(lake: LakeSummary) -> None:
    steps = [
        {"batch": f"Batch {batch.seq}", "step": step, "seconds": seconds}
        for batch in reversed(_without_first(lake))
        for step, seconds in zip(STEPS, (batch.build, batch.load), strict=True)
        if seconds is not None
    ]
    st.subheader("Duration of each step")
    if not steps:
        st.info("The latest batches are not built yet.")
        return
    charts.show(
        charts.stacked_bars(steps, "batch", "seconds", "step", "Seconds", STEPS),
        "Seconds of each step by batch",
    )
    st.caption(
        "From the end of the step before: waits for a run or for the warehouse are included."
    )


def _without_first(lake: LakeSummary) -> list[BatchSummary]:
    """Return the latest batches without batch 1, if there are others. It contains all rows: in one
    chart with it, the others would not be visible."""
    return [batch for batch in lake.latest if batch.seq > 1] or lake.latest


def _quarantine(reader: Reader, lake: LakeSummary) -> None:
    st.subheader("Quarantined rows")
    if not lake.reasons:
        st.success("No row is in quarantine.", icon=":material/check_circle:")
        return
    st.markdown(
        "The values of these source rows do not conform to the types of their columns. All other"
        " rows were loaded. A row leaves quarantine when its next version conforms."
    )
    table(
        REASONS,
        [vars(reason) for reason in lake.reasons],
        "Quarantined rows by reason",
        downloads=False,
    )
    st.download_button(
        "Download all quarantined rows (CSV)",
        lambda: lake_logs.quarantine_csv(reader.settings),  # called when a person clicks
        file_name="quarantined-rows.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
    )
