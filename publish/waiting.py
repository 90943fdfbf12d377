"""Whether enough batches wait for a compaction."""

from datetime import timedelta

from lake import Lake, now
from lake.attempts import COMPACT
from publish.levels import FAN

EVERY = timedelta(hours=8)
"""The longest time between two compactions of a lake that changes, as on AWS."""

LOADED = "loaded_through"
"""The figure of an attempt: the last batch that was in the warehouse when it began."""


def compaction_is_due(lake: Lake, tried: int = 0) -> bool:
    """Return whether to compact: since the last attempt as many batches were loaded as become one
    file, or any, and EVERY has passed. ``tried`` is the last batch that was loaded when this
    process compacted: if the clock was set back, its attempt is not the newest one. At most three
    requests, and pyiceberg is not imported."""
    last, loaded = lake.attempts.last(COMPACT), lake.loads.last_batch()
    waiting = loaded - max(tried, int(last.figures.get(LOADED, 0) if last else 0))
    is_old = last is not None and now() - last.started_at >= EVERY
    return waiting >= FAN or (waiting > 0 and is_old)
