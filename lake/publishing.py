"""The lag of the published tables behind the warehouse, decided from the logs alone."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from lake.attempts import PUBLISH
from lake.entries import Entry, RangeEntry, RetryEntry
from lake.lake import Lake
from lake.layout import BATCHES, DIMENSIONS, FACTS, RETRIES
from lake.log import Log
from lake.run import now

LOGS = (BATCHES, DIMENSIONS, FACTS, RETRIES)
"""The logs whose entries are published, in this order: dimensions before the facts that refer to
them, and a retry after its batches."""

REFUSED = "OutdatedFile"
"""The error of a publication that only another entry can change: the file stays refused."""


def log_of(lake: Lake, name: str) -> Log[Any]:
    """Return the log with one of the names in LOGS."""
    logs: Mapping[str, Log[Any]] = {
        BATCHES: lake.batches,
        DIMENSIONS: lake.dimensions,
        FACTS: lake.facts,
        RETRIES: lake.retries,
    }
    return logs[name]


def last_batch(entry: Entry) -> int:
    """Return the last batch that the entry covers."""
    match entry:
        case RangeEntry(last=last):
            return last
        case RetryEntry(through=through):
            return through
    return entry.seq


def lags(lake: Lake) -> bool:
    """Return whether the warehouse has an entry whose files may not be published, according to the
    last hint. At most ten requests."""
    return any(True for _ in _unpublished(lake, lake.loads.last_batch()))


def is_due(lake: Lake, pause: timedelta = timedelta(0)) -> bool:
    """Return whether to publish: the tables lag, no attempt failed less than ``pause`` ago, and
    there is something new since a file of an earlier version was refused, which stays refused."""
    return lags(lake) and not _has_just_failed(lake, pause)


def lag(lake: Lake, loaded: int) -> float:
    """Return the seconds since the warehouse, which has the batches up to ``loaded``, got the
    oldest entry that is not published; 0 without one."""
    moments = [_loaded_at(lake, entry) for entry in _unpublished(lake, loaded)]
    return max(0.0, (now() - min(moments)).total_seconds()) if moments else 0.0


def unpublished_batches(lake: Lake, loaded: int) -> int:
    """Return the number of batches up to ``loaded`` that the last hint does not name."""
    hint = lake.published.head()
    return max(0, loaded - (hint.through.get(BATCHES, 0) if hint else 0))


def _unpublished(lake: Lake, loaded: int) -> Iterator[Entry]:
    """Yield the first entry of each log that the warehouse has and the last hint does not name."""
    hint = lake.published.head()
    through = hint.through if hint else {}
    for name in LOGS:
        log, following = log_of(lake, name), through.get(name, 0) + 1
        if (following <= loaded) if name == BATCHES else (following <= log.head_seq()):
            entry = log.entry(following)
            if last_batch(entry) <= loaded:
                yield entry


def _has_just_failed(lake: Lake, pause: timedelta) -> bool:
    last, loaded = lake.attempts.last(PUBLISH), lake.loads.head()
    if not last or not loaded or not last.has_failed:
        return False
    is_refused = last.error == REFUSED and last.started_at > loaded.committed_at
    return is_refused or timedelta(0) <= now() - last.started_at < pause


def _loaded_at(lake: Lake, entry: Entry) -> datetime:
    return max(entry.committed_at, lake.loads.covering(last_batch(entry)).committed_at)
