"""The source's clock, compared with the times at which its rows were created."""

import logging
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

AHEAD = timedelta(minutes=10)
"""A difference between the clocks of machines is smaller; a wrong time zone is at least 15 min."""

logger = logging.getLogger(__name__)


def latest(before: datetime | None, rows: pa.Table, column: str) -> datetime | None:
    """Return the latest time in ``column``, or ``before`` if no row is later."""
    newest = pc.max(rows[column]).as_py() if column in rows.column_names else None
    return max((time for time in (before, newest) if time), default=None)


def warn_if_ahead(table: str, created: datetime | None, observed_at: datetime) -> None:
    """Log a warning if a row was ``created`` well ahead of the source's clock. The zone of the
    contract is then probably wrong, and the first version of the row begins in the future."""
    if created and created - observed_at > AHEAD:
        logger.warning(
            "rows were created ahead of the source's clock; check timezone in source.toml",
            extra={
                "table": table,
                "newest_created": created.isoformat(),
                "source_clock": observed_at.isoformat(),
                "ahead_seconds": (created - observed_at).total_seconds(),
            },
        )
