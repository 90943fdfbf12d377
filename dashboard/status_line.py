"""The line above each page: the time of the data, and how often the page is refreshed."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from time import monotonic

import streamlit as st

from contracts import PlatformError
from dashboard import address, formatting
from dashboard.reader import AsOf, Reader

REFRESH = address.one_of("refresh", ["off", "10s", "1min", "5min"], "off")
SECONDS = {"off": 0.0, "10s": 10.0, "1min": 60.0, "5min": 300.0}
TITLES = {"off": "No refresh", "10s": "Every 10 s", "1min": "Every minute", "5min": "Every 5 min"}
TICK = 5.0
"""Seconds after which the age of the data is shown again."""


def draw(reader: Reader) -> None:
    """Draw the line. If the warehouse cannot be read, it says so: the page reports the error, and
    the next refresh tries again."""
    try:
        line = partial(text, reader.as_of)
    except PlatformError:
        line = partial(unreadable, datetime.now(UTC))
    with st.container(horizontal=True, vertical_alignment="center", key="status_line"):
        _age(line, SECONDS[REFRESH.value], monotonic())
        st.selectbox(
            "Refresh",
            list(TITLES),
            format_func=TITLES.__getitem__,
            label_visibility="collapsed",
            width=150,
            **REFRESH.bound(),
        )


@st.fragment(run_every=TICK)
def _age(line: Callable[[datetime], str], every: float, drawn: float) -> None:
    """Draw the age of the data, and draw the page again when it is time to."""
    if every and monotonic() - drawn >= every:
        st.rerun()
    st.caption(line(datetime.now(UTC)))


def unreadable(tried: datetime, now: datetime) -> str:
    """Say when the warehouse could not be read."""
    ago = formatting.elapsed((now - tried).total_seconds())
    return f"The warehouse cannot be read (tried {ago} ago)."


def text(as_of: AsOf | None, now: datetime) -> str:
    """Describe the time of the data: ``Data as of 3 Nov 2026, 20:31:37 (25 s ago)``."""
    if as_of is None:
        return "No data is loaded yet."
    age = formatting.elapsed((now - as_of.committed_at).total_seconds())
    return f"Data as of {formatting.moment(as_of.observed_at)} ({age} ago)"
