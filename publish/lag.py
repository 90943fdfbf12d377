"""Whether the tables have what the warehouse has."""

from collections.abc import Mapping
from typing import Any

from lake import Lake, Log
from lake.attempts import PUBLISH
from lake.layout import BATCHES, DIMENSIONS, FACTS, RETRIES
from publish.errors import OutdatedFile
from publish.tables import last_batch


def is_due(lake: Lake) -> bool:
    """Return whether to publish: the tables lag, and there is something new since a file of an
    earlier version was refused, which stays refused."""
    if not lags(lake):
        return False
    last, loaded = lake.attempts.last(PUBLISH), lake.loads.head()
    is_refused = last is not None and last.error == OutdatedFile.__name__
    return not (last and loaded and is_refused and last.started_at > loaded.committed_at)


def lags(lake: Lake) -> bool:
    """Return whether the warehouse has an entry whose files may not be published, according to the
    last hint. At most ten requests, and pyiceberg is not imported."""
    hint, loaded = lake.published.head(), lake.loads.last_batch()
    through = hint.through if hint else {}
    if through.get(BATCHES, 0) < loaded:
        return True
    logs: Mapping[str, Log[Any]] = {
        DIMENSIONS: lake.dimensions,
        FACTS: lake.facts,
        RETRIES: lake.retries,
    }
    heads = {name: log.head() for name, log in logs.items()}
    return any(
        head is not None and last_batch(head) <= loaded and through.get(name, 0) < head.seq
        for name, head in heads.items()
    )
