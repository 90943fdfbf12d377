"""The size of a chunk: the whole batches that one transaction brings to the warehouse."""

from dataclasses import dataclass

from glue_jobs.errors import BatchTooLarge
from glue_jobs.load.pending import Pending
from glue_jobs.time_limit import TimeLimit

CHUNK_ROWS = 500_000
ROWS_PER_SECOND = 5_000
"""Rows that a load is assumed to bring to the warehouse in a second at least. A first load of 1.57
million rows took 43 s on two cores, seven times as fast; a database may be further away."""

CHUNKS = 3
"""A job with a time limit commits about so many times."""

LIFT = "--allow-large-batch"


@dataclass(frozen=True)
class ChunkSize:
    """At most ``rows`` rows, or one batch. With ``allows_large_batch`` a batch may need longer than
    the job's time limit."""

    rows: int = CHUNK_ROWS
    allows_large_batch: bool = False

    def within(self, limit: TimeLimit) -> int:
        """Return the most rows of a chunk of a job with this limit."""
        if not limit.seconds:
            return self.rows
        return min(self.rows, int(limit.seconds * ROWS_PER_SECOND / CHUNKS))

    def has_time(self, pending: Pending, limit: TimeLimit) -> bool:
        """Return whether the chunk can be loaded before the limit, as far as is known. Raises
        BatchTooLarge for one batch that no job with this limit can load."""
        rows = sum(pending.rows.values())
        seconds = rows / ROWS_PER_SECOND
        if limit.seconds and seconds > limit.seconds and not self.allows_large_batch:
            raise BatchTooLarge(
                f"Batch {pending.span[0]} has {rows} rows for the warehouse, and a load brings"
                f" {ROWS_PER_SECOND} a second at least: it may need {seconds:.0f} seconds, and the"
                f" time limit of this job is {limit.seconds:.0f}. Batches before it are loaded. To"
                f" fix: run the load once with {LIFT}, on Glue with a timeout of"
                f" {2 * seconds // 60 + 1:.0f} minutes or more."
            )
        return limit.has_time(seconds)


DEFAULT_SIZE = ChunkSize()
