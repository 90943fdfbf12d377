"""The health of the platform at the top of a page: what is wrong, its remedy, the last attempts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import streamlit as st

from contracts import PlatformError
from dashboard import formatting, runs
from dashboard.reader import Reader
from dashboard.settings import LAKE
from dashboard.tables import Column, table
from operations.alarms import Alarm
from operations.health import Health
from postgres import Refused, Unreachable

REMEDY = "To fix: "


def moment(value: datetime | None) -> str:
    """Format a time in UTC."""
    return formatting.moment(value.astimezone(UTC)) if value else "none"


LAST = [
    Column("part", "Part", no_wrap=True),
    Column("ended", "Last attempt (UTC)", moment, no_wrap=True),
    Column("outcome", "Outcome"),
    Column("failures", "Failures since success", formatting.count, is_number=True),
    Column("succeeded", "Last success (UTC)", moment, no_wrap=True),
]


@contextmanager
def or_warning(missing: str) -> Iterator[None]:
    """Draw a warning if the block raises a PlatformError; the page continues after it."""
    try:
        yield
    except PlatformError as error:
        st.warning(f"{missing} {formatting.plain(str(error))}", icon=":material/cloud_off:")


def explain_missing_lake() -> None:
    """Draw the reason why the lake is not shown."""
    st.info(
        "The address of the lake is not configured, so attempts, waiting batches and quarantined"
        f" rows are not shown. To fix: start the dashboard with --lake, or set {LAKE}.",
        icon=":material/info:",
    )


def draw_health(reader: Reader) -> None:
    """Draw the state, its reasons and the last attempts, from the lake, and whether the warehouse
    can be reached."""
    with or_warning("The health of the platform is unknown."):
        health = runs.read_health(reader.settings, _unreachable(reader))
        if health:
            _draw(health)


def _unreachable(reader: Reader) -> str:
    """Return the reason why the warehouse cannot be reached, '' if it can."""
    try:
        _ = reader.as_of
    except (Refused, Unreachable) as error:
        return str(error)
    except PlatformError:
        pass  # it answers: the page has the reason
    return ""


def _draw(health: Health) -> None:
    if health.is_healthy:
        st.success(f"{health.polls} {_last_poll(health)}", icon=":material/check_circle:")
    for alarm in health.alarms:
        _alarm(alarm)
    if not health.is_healthy:
        st.markdown(f"{health.polls} {_last_poll(health)}".strip())
    last = [
        {
            "part": part.part,
            "ended": part.last.ended_at,
            "outcome": part.last.outcome,
            "failures": part.failures,
            "succeeded": part.succeeded.ended_at if part.succeeded else None,
        }
        for part in health.facts.parts
        if part.last
    ]
    if last:
        st.subheader("Last attempts")
        table(LAST, last, "The last attempt of each part")


def _alarm(alarm: Alarm) -> None:
    reason, found, remedy = formatting.plain(alarm.reason).partition(REMEDY)
    text = f"**{alarm.state.capitalize()}** ({alarm.name}): {reason.strip()}"
    text += f"\n\n{found}{remedy}" if found else ""
    if alarm.state == "warning":
        st.warning(text, icon=":material/warning:")
    else:
        st.error(text, icon=":material/error:")


def _last_poll(health: Health) -> str:
    age = health.freshness
    if age is None:
        return "No poll has succeeded yet, so the freshness is unknown."
    polled = moment(health.facts.polled_at)
    return f"Last successful poll: {polled} (UTC). Freshness: {formatting.elapsed(age)}."
