"""The additions of a capture to a batch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingestion_lambda.capture.table_log import TableLog
from lake.entries import Batch, Capture, Gap

UNEXPLAINED = "the log does not explain all changes of some rows"


@dataclass(frozen=True)
class Captured:
    """The additions of the log to a batch: the logs of its tables, its gaps, and the point from
    which the next batch is captured. ``is_due`` states whether the batch is due even without a
    change."""

    logs: Mapping[str, TableLog] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    following: Capture | None = None
    is_due: bool = False

    @property
    def unexplained(self) -> tuple[str, ...]:
        """The tables with rows that the log did not explain, once the tables are read."""
        return tuple(name for name, log in self.logs.items() if log.unexplained)

    def all_gaps(self, head: Batch | None) -> tuple[Gap, ...]:
        """Return the gaps, once the tables are read: also of rows that the log did not explain."""
        if head is None or not self.unexplained:
            return self.gaps
        return (*self.gaps, Gap(UNEXPLAINED, self.unexplained, head.observed_at))


NOTHING_CAPTURED = Captured()
"""The additions of a capture by difference."""
