"""What the lake's logs say and the warehouse does not: rows by table and operation, how long each
step took, what waits, and what was set apart with its reasons."""

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow.parquet as pq
import streamlit as st

import contracts
from dashboard.settings import Settings
from glue_jobs.quarantine import quarantine
from lake import Lake, Log, NotFound, now
from lake.abreast import abreast
from lake.entries import Batch, Built, Loaded

FRESH = 20.0  # seconds that logs are taken as read
MOST_BATCHES = 24
MOST_REASONS = 20
OPS = {"I": "new", "U": "changed", "D": "deleted"}


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
class SetApart:
    """Open rows of a source table with the same reasons, and the key of one of them."""

    table: str
    reasons: str
    rows: int
    example: int


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
    reasons: list[SetApart]


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
    latest = list(abreast(lambda number: _landed(lake, number), range(first, seq + 1)))
    apart = quarantine(lake)
    since = lake.batches.entry(loaded + 1).committed_at if loaded < seq else None
    return Logs(
        lake=lake.batches.entry(seq).lake,
        seq=seq,
        waiting=max(0, seq - loaded),
        waiting_since=(now() - since).total_seconds() if since else 0.0,
        latest=latest,
        quarantined=apart.rows,
        reasons=list(_reasons(lake, {t: o.files for t, o in apart.open.items()})),
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
        {table: {OPS[op]: n for op, n in ops.items()} for table, ops in batch.counts.items()},
        (ready - batch.committed_at).total_seconds() if ready else None,
        (loaded - ready).total_seconds() if loaded and ready else None,
    )


def _committed_at(log: Log[Built] | Log[Loaded], seq: int) -> datetime | None:
    """When the log had the batch; None where it has not yet."""
    try:
        return log.entry(seq).committed_at
    except NotFound:
        return None


def _reasons(lake: Lake, files: Mapping[str, Sequence[str]]) -> Iterator[SetApart]:
    """What is set apart by its reasons, the most rows first."""
    counted, examples = Counter[tuple[str, str]](), dict[tuple[str, str], int]()
    for table, keys in files.items():
        key = contracts.source().tables[table].key
        for body in abreast(lake.processed.get, keys):
            rows = pq.read_table(io.BytesIO(body), columns=[key, "reasons"])
            grouped = rows.group_by("reasons").aggregate([(key, "count"), (key, "min")])
            for found in grouped.to_pylist():
                counted[table, found["reasons"]] += found[f"{key}_count"]
                examples.setdefault((table, found["reasons"]), found[f"{key}_min"])
    for (table, reasons), number in counted.most_common(MOST_REASONS):
        yield SetApart(table, reasons, number, examples[table, reasons])
