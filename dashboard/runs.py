"""Attempts of polls and jobs, and what each run left in the lake's logs."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import streamlit as st

from dashboard.cached_lake import cached_lake
from dashboard.settings import Settings
from lake import Lake, RangeLog
from lake.attempts import PARTS, Attempt, Outcome
from lake.concurrent import map_concurrently
from lake.entries import Batch, BuildEntry, LoadEntry
from operations.alarms import Limits, limits_at
from operations.deployment import Deployment
from operations.health import Health, health

CACHE_SECONDS = 10.0
MAX_ATTEMPTS = 50
MAX_BATCHES = 50
ALL = "all"

Entry = Batch | BuildEntry | LoadEntry


@dataclass
class Work:
    """The batches that a run committed, and its rows by table."""

    batches: list[int] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True)
class Step:
    """A step of a batch: the part that did it, its run, and when it was committed."""

    batch: int
    part: str
    run: str
    committed_at: datetime


@dataclass(frozen=True)
class Runs:
    """The newest attempts, newest first, and the work and the steps of the latest batches."""

    attempts: list[Attempt]
    work: dict[str, Work]
    steps: list[Step]

    def steps_with(self, run: str) -> list[Step]:
        """Return all steps of the batches of a run, in their order."""
        batches = self.work[run].batches if run in self.work else []
        return [step for step in self.steps if step.batch in batches]


@st.cache_data(ttl=CACHE_SECONDS, max_entries=20, show_spinner=False)
def read(settings: Settings, part: str = ALL, only_failures: bool = False) -> Runs | None:
    """Return the runs of a part, or None if the lake's address is unknown. Raises InvalidLake or
    LakeUnavailable."""
    lake = cached_lake(settings)
    if lake is None:
        return None
    outcome: Outcome | None = "failed" if only_failures else None
    attempts = lake.attempts.latest(PARTS if part == ALL else [part], MAX_ATTEMPTS, outcome)
    work, steps = defaultdict[str, Work](Work), list[Step]()
    for name, batch, entry in _latest_entries(lake):
        steps.append(Step(batch, name, entry.run, entry.committed_at))
        work[entry.run].batches.append(batch)
        for table, rows in _rows(entry, batch).items():
            work[entry.run].rows[table] += rows
    steps.sort(key=lambda step: (step.batch, step.committed_at))
    return Runs(attempts, dict(work), steps)


@st.cache_data(ttl=CACHE_SECONDS, max_entries=10, show_spinner=False)
def read_health(settings: Settings, unreachable: str = "") -> Health | None:
    """Return the health of the platform, or None if the lake's address is unknown. ``unreachable``
    says why the warehouse cannot be reached. Raises InvalidLake or LakeUnavailable, and for a
    deployment the errors of `Aws`."""
    lake = cached_lake(settings)
    if lake is None:
        return None
    limits, is_paused = limits_at(settings.every), False
    if settings.deployment:
        limits, is_paused = _deployed(settings.deployment)
    return health(lake, limits, unreachable, is_paused)


def _deployed(deployment: Deployment) -> tuple[Limits, bool]:
    """Return the thresholds of the deployed alarms, and whether polls are paused."""
    from operations.aws import Aws  # noqa: PLC0415 - a lake in a directory needs no boto3

    aws = Aws(deployment)
    return aws.limits(), not aws.schedule().is_enabled


def _latest_entries(lake: Lake) -> Iterator[tuple[str, int, Entry]]:
    """Yield the part, the batch and the entry of every step of the latest batches."""
    head = lake.batches.head_seq()
    first = max(1, head - MAX_BATCHES + 1)
    for batch in map_concurrently(lake.batches.entry, range(first, head + 1)):
        yield "poll", batch.seq, batch
    for name, log in _range_logs(lake).items():
        last = log.last_batch()
        for entry in log.spanning(first, last):
            for seq in range(max(first, entry.first), entry.last + 1):
                yield name, seq, entry


def _range_logs(lake: Lake) -> dict[str, RangeLog[BuildEntry] | RangeLog[LoadEntry]]:
    return {
        "build_dimensions": lake.dimensions,
        "build_facts": lake.facts,
        "load_warehouse": lake.loads,
    }


def _rows(entry: Entry, batch: int) -> dict[str, int]:
    match entry:
        case Batch():
            return {table: sum(ops.values()) for table, ops in entry.counts.items()}
        case BuildEntry():
            built = {table: entry.rows_of(output, batch) for table, output in entry.tables.items()}
            kept = {
                f"{table} (quarantined)": entry.rows_of(output, batch)
                for table, output in entry.quarantined.items()
            }
            return {table: rows for table, rows in {**built, **kept}.items() if rows}
    return {}
