"""Attempts of polls and jobs: one small object each, which expires after some weeks.

An attempt is a report for people and alarms. Of the steps, only those that publish and compact read
it, to begin less often; what they do never depends on it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from itertools import chain, product
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from lake import layout
from lake.concurrent import map_concurrently
from lake.errors import NotFound
from lake.store import Store

FORMAT = 1
KEPT = timedelta(days=35)
"""Age at which an attempt expires. Terraform's ``attempt_days`` has the same number."""

POLL, MIGRATE = "poll", "migrate_warehouse"
JOBS = ("build_dimensions", "build_facts", MIGRATE, "load_warehouse")
PUBLISH, COMPACT = "publish", "compact_lake"
PARTS = (POLL, *JOBS, PUBLISH, COMPACT)

Outcome = Literal["succeeded", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("succeeded", "failed")
MOST_COUNTED = 1000  # one request lists that many keys

Place = tuple[Store, str]
"""The store and the key of an attempt."""

Utc = Annotated[datetime, Meta(tz=True)]


class LogLine(Struct, frozen=True):
    """A log message of an attempt, with its fields as text."""

    at: Utc
    level: str
    text: str


class Attempt(Struct, frozen=True, tag_field="format", tag=FORMAT):
    """One execution of a poll or a job that ended by itself.

    ``error`` is the name of the error's type; ``message`` says what failed and how to fix it. It is
    empty for an error that is not the platform's own, because that text may contain row data.
    ``figures`` holds numbers that the part reported, such as the health metrics of a poll.
    """

    part: str
    run: str
    started_at: Utc
    seconds: float
    outcome: Outcome
    error: str = ""
    message: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    lines: tuple[LogLine, ...] = ()

    @property
    def has_failed(self) -> bool:
        return self.outcome == "failed"

    @property
    def ended_at(self) -> datetime:
        return self.started_at + timedelta(seconds=self.seconds)


@dataclass(frozen=True)
class Attempts:
    """The attempts of a lake. Those of polls are in *ingestion* and those of jobs in *processed*,
    where each of them writes its other objects too. Every method may raise LakeUnavailable."""

    ingestion: Store
    processed: Store

    def record(self, attempt: Attempt) -> None:
        """Write the attempt, and delete the expired ones if no rule of the store does."""
        store, start = self._store(attempt.part), attempt.started_at
        folder = layout.attempts_folder(attempt.part, attempt.outcome)
        body = msgspec.json.format(msgspec.json.encode(attempt), indent=1)
        store.put_new(layout.attempt_key(folder, start, attempt.run), body)
        store.prune(folder, layout.attempt_key(folder, start - KEPT, ""))

    def latest(
        self, parts: Iterable[str], count: int, outcome: Outcome | None = None
    ) -> list[Attempt]:
        """Return the newest attempts of these parts, newest first, at most ``count``. No other one
        is read, because keys have the time."""
        outcomes = [outcome] if outcome else OUTCOMES
        listed = map_concurrently(
            lambda folder: self._listed(*folder, count), product(parts, outcomes)
        )
        newest = nsmallest(count, chain.from_iterable(listed), key=_by_time)
        read = map_concurrently(_read, newest)
        return sorted(filter(None, read), key=lambda found: found.started_at, reverse=True)

    def last(self, part: str, outcome: Outcome | None = None) -> Attempt | None:
        """Return the newest attempt of a part, or None."""
        return next(iter(self.latest([part], 1, outcome)), None)

    def failures_since(self, part: str, moment: datetime | None) -> int:
        """Return how many of the latest MOST_COUNTED attempts that failed began after a moment."""
        folder = layout.attempts_folder(part, "failed")
        keys = self._store(part).latest(folder, MOST_COUNTED)
        beyond = layout.attempt_key(folder, moment, "") if moment else None
        return sum(1 for key in keys if beyond is None or key < beyond)

    def _store(self, part: str) -> Store:
        return self.ingestion if part == POLL else self.processed

    def _listed(self, part: str, outcome: Outcome, count: int) -> list[Place]:
        store = self._store(part)
        return [(store, key) for key in store.latest(layout.attempts_folder(part, outcome), count)]


def _by_time(place: Place) -> str:
    return layout.attempt_time(place[1])


def _read(place: Place) -> Attempt | None:
    """Return the attempt; None if it has expired meanwhile, or if a later version wrote it."""
    store, key = place
    try:
        return msgspec.json.decode(store.get(key), type=Attempt)
    except (NotFound, ValueError):
        return None
