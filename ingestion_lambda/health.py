"""How the platform stands after a poll, in figures that somebody may be alarmed by."""

from dataclasses import dataclass

from lake import Lake, now
from lake.entries import Batch


@dataclass(frozen=True)
class HealthMetrics:
    """``freshness`` is the age in seconds of the oldest batch that is not in the warehouse, 0 if
    all are. ``horizon_age`` is for how many seconds, at the least, the oldest transaction in
    progress at the source has been running: while it does, every poll reads again what was
    written since. ``quarantined`` counts the rows set apart and still open. ``missed_rows`` counts
    the rows that this poll found by reading everything and that an earlier one should have found
    without: anything but 0 is a defect."""

    freshness: float = 0.0
    horizon_age: float = 0.0
    quarantined: int = 0
    missed_rows: int = 0


def freshness(lake: Lake, newest: Batch | None, loaded: int) -> float:
    """The age in seconds of the oldest batch after ``loaded``; ``newest`` is the last one."""
    if newest is None or loaded >= newest.seq:
        return 0.0
    entry = newest if loaded + 1 == newest.seq else lake.batches.entry(loaded + 1)
    return max(0.0, (now() - entry.committed_at).total_seconds())
