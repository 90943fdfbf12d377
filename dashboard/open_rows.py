"""Quarantined versions of one row, which are newer than those in the warehouse."""

from dataclasses import dataclass

import streamlit as st

import contracts
from contracts.arrow import read_changes
from contracts.observation import ORDER
from dashboard.cached_lake import cached_lake
from dashboard.settings import Settings
from lake import Lake
from lake.concurrent import map_concurrently
from lake.entries import Output
from lake.quarantine import quarantine

CACHE_SECONDS = 20.0


@dataclass(frozen=True)
class OpenRow:
    """A version in quarantine: its batch, the number of its transaction in it, and why it does not
    conform."""

    batch: int
    change: int
    reasons: str


@st.cache_data(ttl=CACHE_SECONDS, max_entries=100, show_spinner=False)
def open_rows(settings: Settings, of: str, key: int) -> list[OpenRow]:
    """Return the quarantined versions of the row ``key`` of a source table, oldest first, that no
    later version replaced; none if the address of the lake is unknown.

    Raises InvalidLake or LakeUnavailable.
    """
    lake = cached_lake(settings)
    output = quarantine(lake).open.get(of) if lake else None
    return _rows(lake, of, key, output) if lake and output else []


def _rows(lake: Lake, of: str, key: int, output: Output) -> list[OpenRow]:
    column = contracts.source().tables[of].key
    rows = [
        OpenRow(row["batch_seq"], row["change_seq"], row["reasons"])
        for body in map_concurrently(lake.processed.get, output.files)
        for row in read_changes(body, [column, *ORDER, "reasons"]).to_pylist()
        if row[column] == key
    ]
    return sorted(rows, key=lambda row: (row.batch, row.change))
