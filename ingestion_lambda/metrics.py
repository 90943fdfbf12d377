"""The CloudWatch metrics of a poll: the names that alarms refer to, and their values.

A poll that fails sends no heartbeat, so that the alarm on missing heartbeats fires. A failure with
a typed error is counted in REFUSALS by the error's name; any other failure is only in the
function's own error count and in the log.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from contracts import PlatformError
from ingestion_lambda.poll import Polled

NAMESPACE = "Warehouse"
SERVICE = "ingestion"

COMMON = ("service", "source")
"""The dimensions of every metric: SERVICE, and the name of the source."""

PER_TABLE = ("table", "op")
"""The additional dimensions of ROWS; op is I, U or D."""

PER_REASON = ("reason",)
"""The additional dimension of REFUSALS: the name of the error, such as MassDelete."""

POLLS = "Polls"
SECONDS = "PollSeconds"
FRESHNESS = "Freshness"
HORIZON_AGE = "HorizonAge"
QUARANTINED = "QuarantinedRows"
MISSED_ROWS = "MissedRows"
RETAINED_WAL = "RetainedWal"
GAPS = "CaptureGaps"
PUBLISHING_LAG = "PublishingLag"
ROWS = "Rows"
REFUSALS = "Refusals"

Unit = Literal["Bytes", "Count", "Seconds"]


@dataclass(frozen=True)
class MetricGroup:
    """Values that share their dimensions besides the service: name -> unit and value."""

    dimensions: Mapping[str, str]
    values: Mapping[str, tuple[Unit, float]]


def poll_metrics(source: str, polled: Polled, seconds: float) -> Iterator[MetricGroup]:
    """Yield every metric of a poll that succeeded and took ``seconds``.

    POLLS is the heartbeat; HealthMetrics describes the other values. ROWS is sent only for the
    operations that occurred, RETAINED_WAL and GAPS only if the lake has a replication slot,
    PUBLISHING_LAG only if a job publishes.
    """
    health = polled.health
    yield MetricGroup(
        {"source": source},
        {
            POLLS: ("Count", 1),
            SECONDS: ("Seconds", seconds),
            FRESHNESS: ("Seconds", health.freshness),
            HORIZON_AGE: ("Seconds", health.horizon_age),
            QUARANTINED: ("Count", health.quarantined),
            MISSED_ROWS: ("Count", health.missed_rows),
        },
    )
    if health.retained_wal is not None:
        yield MetricGroup(
            {"source": source},
            {RETAINED_WAL: ("Bytes", health.retained_wal), GAPS: ("Count", health.gaps)},
        )
    if health.publishing_lag is not None:
        yield MetricGroup({"source": source}, {PUBLISHING_LAG: ("Seconds", health.publishing_lag)})
    for table, counts in polled.changes.items():
        for op, rows in counts.items():
            if rows:
                dimensions = {"source": source, "table": table, "op": op}
                yield MetricGroup(dimensions, {ROWS: ("Count", rows)})


def refusal_metric(source: str, error: PlatformError) -> MetricGroup:
    """Return the metric of a poll that ended with ``error``."""
    dimensions = {"source": source, "reason": type(error).__name__}
    return MetricGroup(dimensions, {REFUSALS: ("Count", 1)})
