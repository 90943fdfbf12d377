"""The runs of the platform: attempts of polls and jobs, and the details of one of them."""

from collections.abc import Sequence

import streamlit as st

from dashboard import address, formatting, runs
from dashboard.components import heading
from dashboard.generic_pages.health import REMEDY, explain_missing_lake, moment, or_warning
from dashboard.reader import Reader
from dashboard.runs import ALL, Runs
from dashboard.tables import Column, table
from lake.attempts import KEPT, PARTS, Attempt
from operations.durations import duration

MAX_LISTED = 25
PART = address.one_of("part", [ALL, *PARTS], ALL)
FAILURES = address.flag("failures", default=False)
ATTEMPTS = [
    Column("started", "Started (UTC)", moment, no_wrap=True),
    Column("part", "Part", no_wrap=True),
    Column("outcome", "Outcome"),
    Column("seconds", "Took", duration, is_number=True),
    Column("batches", "Batches", is_number=True),
    Column("rows", "Rows", formatting.count, is_number=True),
    Column("error", "Error"),
]
ROWS = [
    Column("table", "Table"),
    Column("rows", "Rows", formatting.count, is_number=True),
]
STEPS = [
    Column("batch", "Batch", is_number=True),
    Column("part", "Part", no_wrap=True),
    Column("committed_at", "Committed at (UTC)", moment, no_wrap=True),
    Column("run", "Run"),
]
LINES = [
    Column("at", "Time (UTC)", lambda at: f"{at:%H:%M:%S}", no_wrap=True),
    Column("level", "Level"),
    Column("text", "Message"),
]


def draw(reader: Reader) -> None:
    """Draw the page. It needs only the lake."""
    heading(
        "Runs",
        f"The latest {runs.MAX_ATTEMPTS} executions of a poll or a job that ended by themselves,"
        f" newest first. Attempts expire after {KEPT.days} days.",
    )
    if not reader.settings.stores:
        explain_missing_lake()
        return
    part = st.segmented_control("Part", [ALL, *PARTS], required=True, **PART.bound())
    only_failures = st.toggle("Failures only", **FAILURES.bound())
    with or_warning("The lake cannot be read, so the runs are unknown."):
        found = runs.read(reader.settings, part, only_failures)
        if found and found.attempts:
            _draw(found)
        else:
            st.info("No attempt is recorded." if not only_failures else "No attempt has failed.")


def _draw(found: Runs) -> None:
    listed = found.attempts[:MAX_LISTED]
    table(ATTEMPTS, [_row(found, attempt) for attempt in listed], "Attempts")
    if rest := len(found.attempts) - len(listed):
        st.caption(f"{formatting.plural(rest, 'older run')} can be selected below.")
    st.subheader("One run")
    by_run = {f"{attempt.part} {attempt.run}": attempt for attempt in found.attempts}
    if (linked := address.text("run").value) and linked not in by_run:
        st.warning("The run of this link is not among these runs. The newest one is shown.")
    chosen = st.selectbox(
        "Run",
        list(by_run),
        format_func=lambda key: _title(by_run[key]),
        **address.one_of("run", list(by_run), next(iter(by_run))).bound(),
    )
    attempt = by_run[chosen]
    _outcome(attempt)
    work = found.work.get(attempt.run)
    if work and work.rows:
        rows = [{"table": name, "rows": count} for name, count in sorted(work.rows.items())]
        table(ROWS, rows, "Rows by table")
    steps = found.steps_with(attempt.run)
    if steps:
        st.markdown("**Steps of its batches**")
        table(STEPS, [vars(step) for step in steps], "Steps of the batches")
    _log(attempt)


def _row(found: Runs, attempt: Attempt) -> dict[str, object]:
    work = found.work.get(attempt.run)
    return {
        "started": attempt.started_at,
        "part": attempt.part,
        "outcome": attempt.outcome,
        "seconds": attempt.seconds,
        "batches": _span(work.batches) if work else formatting.NO_VALUE,
        "rows": sum(work.rows.values()) if work and work.rows else None,
        "error": attempt.error or formatting.NO_VALUE,
    }


def _span(batches: Sequence[int]) -> str:
    first, last = min(batches), max(batches)
    return f"{first}" if first == last else f"{first} to {last}"


def _title(attempt: Attempt) -> str:
    error = f" · {attempt.error}" if attempt.error else ""
    return f"{moment(attempt.started_at)} · {attempt.part} · {attempt.outcome}{error}"


def _outcome(attempt: Attempt) -> None:
    took = f"{attempt.part} took {duration(attempt.seconds)}. Run {attempt.run}."
    if not attempt.has_failed:
        st.success(f"Succeeded. {took}", icon=":material/check_circle:")
        return
    text = attempt.message or (
        "The message is not recorded, because it may contain row data. To fix: look at the log of"
        " the service, or run the command again with --debug."
    )
    reason, remedy, action = formatting.plain(text).partition(REMEDY)
    st.error(f"**{attempt.error}**: {reason}", icon=":material/error:")
    if remedy:
        st.info(f"{remedy}{action}", icon=":material/build:")
    st.caption(formatting.plain(took))


def _log(attempt: Attempt) -> None:
    st.markdown("**Log**")
    if not attempt.lines:
        st.caption("The run logged nothing.")
        return
    lines = [{"at": line.at, "level": line.level, "text": line.text} for line in attempt.lines]
    table(LINES, lines, "Log of the run")
