"""Freshness: the age of the oldest batch that is not in the warehouse yet."""

from lake.entries import Batch
from lake.lake import Lake
from lake.run import now


def freshness(lake: Lake, seq: int, loaded: int, newest: Batch | None = None) -> float:
    """Return the seconds since the oldest batch beyond ``loaded`` was committed; 0 without one.

    ``seq`` is the last batch. Its entry is not read again if it is given as ``newest``.
    """
    if loaded >= seq:
        return 0.0
    is_newest = newest is not None and newest.seq == loaded + 1
    oldest = newest if newest and is_newest else lake.batches.entry(loaded + 1)
    return max(0.0, (now() - oldest.committed_at).total_seconds())
