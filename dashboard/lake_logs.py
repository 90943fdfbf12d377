"""Figures from the lake's logs: changed rows by table, the duration of each step, batches that wait
for the load, and quarantined rows with their reasons."""

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from contracts.observation import OP_NAMES
from dashboard.cached_lake import cached_lake
from dashboard.settings import Settings
from lake import Lake, NotFound, RangeLog
from lake.concurrent import map_concurrently
from lake.entries import Batch, BuildEntry, LoadEntry
from lake.freshness import freshness
from lake.quarantine import quarantine
from operations.quarantined_rows import (
    QuarantinedRows,
    keys_as_csv,
    quarantined_keys,
    quarantined_rows,
)

CACHE_SECONDS = 20.0
MAX_BATCHES = 24
MAX_REASONS = 20


@dataclass(frozen=True)
class BatchSummary:
    """A batch: its changed rows by table and operation, the seconds from its commit until
    dimensions and facts were built, and the seconds from then until the load log had it. None: not
    yet."""

    seq: int
    observed_at: datetime
    committed_at: datetime
    rows: dict[str, dict[str, int]]
    build: float | None
    load: float | None


@dataclass(frozen=True)
class LakeSummary:
    """The state of the lake. ``waiting`` counts the batches that are not loaded, ``waiting_since``
    is the age of the oldest of them in seconds."""

    lake: str
    seq: int
    waiting: int
    waiting_since: float
    latest: list[BatchSummary]
    quarantined: int
    reasons: list[QuarantinedRows]


@st.cache_data(ttl=CACHE_SECONDS, max_entries=10, show_spinner=False)
def read(settings: Settings) -> LakeSummary | None:
    """Return the state of the lake, or None if its address is unknown or it has no batch.

    Raises InvalidLake or LakeUnavailable.
    """
    lake = cached_lake(settings)
    seq = lake.batches.head_seq() if lake else 0
    if lake is None or not seq:
        return None
    loaded = lake.loads.last_batch()
    first = max(1, seq - MAX_BATCHES + 1)
    latest = list(map_concurrently(lambda number: _summary(lake, number), range(first, seq + 1)))
    in_quarantine = quarantine(lake)
    return LakeSummary(
        lake=lake.batches.entry(seq).lake,
        seq=seq,
        waiting=max(0, seq - loaded),
        waiting_since=freshness(lake, seq, loaded),
        latest=latest,
        quarantined=in_quarantine.rows,
        reasons=quarantined_rows(lake, in_quarantine.open)[:MAX_REASONS],
    )


def quarantine_csv(settings: Settings) -> str:
    """Return every quarantined row with its key and reasons as CSV. Raises InvalidLake or
    LakeUnavailable."""
    lake = cached_lake(settings)
    return keys_as_csv(quarantined_keys(lake, quarantine(lake).open) if lake else ())


def _summary(lake: Lake, seq: int) -> BatchSummary:
    batch: Batch = lake.batches.entry(seq)
    built = [_committed_at(log, seq) for log in (lake.dimensions, lake.facts)]
    complete = [moment for moment in built if moment]
    ready = max(complete) if len(complete) == len(built) else None
    loaded = _committed_at(lake.loads, seq)
    return BatchSummary(
        seq,
        batch.observed_at,
        batch.committed_at,
        {table: {OP_NAMES[op]: n for op, n in ops.items()} for table, ops in batch.counts.items()},
        (ready - batch.committed_at).total_seconds() if ready else None,
        (loaded - ready).total_seconds() if loaded and ready else None,
    )


def _committed_at(log: RangeLog[BuildEntry] | RangeLog[LoadEntry], seq: int) -> datetime | None:
    try:
        return log.covering(seq).committed_at
    except NotFound:
        return None
