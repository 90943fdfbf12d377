"""The additions of a capture to a batch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingestion_lambda.capture.table_log import TableLog
from lake.entries import Batch, Capture, Gap

UNEXPLAINED = "the log does not explain the last state of some rows"


@dataclass(frozen=True)
class Captured:
    """The additions of the log to a batch: the logs of its tables, its gaps, and the point from
    which the next batch is captured. ``is_due`` states whether the batch is due even without a
    change."""

    logs: Mapping[str, TableLog] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    following: Capture | None = None
    is_due: bool = False

    def all_gaps(self, head: Batch | None) -> tuple[Gap, ...]:
        """Return the gaps, once the tables are read: also of rows that the log did not explain."""
        tables = tuple(name for name, log in self.logs.items() if log.unlogged)
        unexplained = (Gap(UNEXPLAINED, tables, head.observed_at),) if head and tables else ()
        return self.gaps + unexplained


NOTHING_CAPTURED = Captured()
"""The additions of a capture by difference."""
