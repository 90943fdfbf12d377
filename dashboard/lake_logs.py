"""What the lake's logs say and the warehouse does not: rows by table and operation, how long each
step took, what waits, and what was set apart with its reasons."""

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from contracts.observation import OP_NAMES
from dashboard.settings import Settings
from lake import Lake, Log, NotFound, now
from lake.concurrent import map_concurrently
from lake.entries import Batch, BuildEntry, LoadEntry
from lake.quarantine import quarantine
from operations.quarantined_rows import QuarantinedRows, quarantined_rows

FRESH = 20.0  # seconds that logs are taken as read
MOST_BATCHES = 24
MOST_REASONS = 20


@dataclass(frozen=True)
class Landed:
    """A batch: the rows that it changed by table and operation, and the seconds from its commit
    until dimensions and facts were built, and until the load log had it. None: not yet."""

    seq: int
    observed_at: datetime
    committed_at: datetime
    rows: dict[str, dict[str, int]]
    build: float | None
    load: float | None


@dataclass(frozen=True)
class Logs:
    """Where the lake stands. ``waiting`` counts the batches that are not loaded, ``waiting_since``
    is the age in seconds of the oldest of them."""

    lake: str
    seq: int
    waiting: int
    waiting_since: float
    latest: list[Landed]
    quarantined: int
    reasons: list[QuarantinedRows]


@st.cache_data(ttl=FRESH, max_entries=10, show_spinner=False)
def read(settings: Settings) -> Logs | None:
    """What the logs say now; None where nobody said where the lake is, or it holds no batch.

    Raises InvalidLake or LakeUnavailable."""
    lake = settings.lake
    seq = lake.batches.head_seq() if lake else 0
    if lake is None or not seq:
        return None
    loaded = lake.loads.head_seq()
    first = max(1, seq - MOST_BATCHES + 1)
    latest = list(map_concurrently(lambda number: _landed(lake, number), range(first, seq + 1)))
    apart = quarantine(lake)
    since = lake.batches.entry(loaded + 1).committed_at if loaded < seq else None
    return Logs(
        lake=lake.batches.entry(seq).lake,
        seq=seq,
        waiting=max(0, seq - loaded),
        waiting_since=(now() - since).total_seconds() if since else 0.0,
        latest=latest,
        quarantined=apart.rows,
        reasons=quarantined_rows(lake, apart.open)[:MOST_REASONS],
    )


def _landed(lake: Lake, seq: int) -> Landed:
    batch: Batch = lake.batches.entry(seq)
    built = [_committed_at(log, seq) for log in (lake.dimensions, lake.facts)]
    done = [moment for moment in built if moment]
    ready = max(done) if len(done) == len(built) else None
    loaded = _committed_at(lake.loads, seq)
    return Landed(
        seq,
        batch.observed_at,
        batch.committed_at,
        {table: {OP_NAMES[op]: n for op, n in ops.items()} for table, ops in batch.counts.items()},
        (ready - batch.committed_at).total_seconds() if ready else None,
        (loaded - ready).total_seconds() if loaded and ready else None,
    )


def _committed_at(log: Log[BuildEntry] | Log[LoadEntry], seq: int) -> datetime | None:
    """When the log had the batch; None where it has not yet."""
    try:
        return log.entry(seq).committed_at
    except NotFound:
        return None
