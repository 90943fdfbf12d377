"""What CloudWatch hears of a poll: the names that alarms refer to, and their values.

A poll that fails sends no heartbeat, so that an alarm on silence goes off, and where it knows why
it says that: REFUSALS by the name of the error. What it does not know is in the function's own
error count and in the log.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from contracts import PlatformError
from ingestion_lambda.poll import Polled

NAMESPACE = "Warehouse"
SERVICE = "ingestion"

COMMON = ("service", "source")
"""The dimensions of every metric: SERVICE, and the name of the source's contracts."""

PER_TABLE = ("table", "op")
"""The further dimensions of ROWS; op is I, U or D."""

PER_REASON = ("reason",)
"""The further dimension of REFUSALS: the name of the error, like MassDelete."""

POLLS = "Polls"
SECONDS = "PollSeconds"
FRESHNESS = "Freshness"
HORIZON_AGE = "HorizonAge"
QUARANTINED = "QuarantinedRows"
MISSED_ROWS = "MissedRows"
ROWS = "Rows"
REFUSALS = "Refusals"

Unit = Literal["Count", "Seconds"]


@dataclass(frozen=True)
class Measured:
    """Values that share their dimensions beyond the service: name -> unit and value."""

    dimensions: Mapping[str, str]
    values: Mapping[str, tuple[Unit, float]]


def measured(source: str, polled: Polled, seconds: float) -> Iterator[Measured]:
    """Every metric of a poll that succeeded and took so many seconds. POLLS is the heartbeat;
    ``Figures`` says what the others mean; ROWS is there where rows changed."""
    figures = polled.figures
    yield Measured(
        {"source": source},
        {
            POLLS: ("Count", 1),
            SECONDS: ("Seconds", seconds),
            FRESHNESS: ("Seconds", figures.freshness),
            HORIZON_AGE: ("Seconds", figures.horizon_age),
            QUARANTINED: ("Count", figures.quarantined),
            MISSED_ROWS: ("Count", figures.missed_rows),
        },
    )
    for table, counts in polled.changes.items():
        for op, rows in counts.items():
            if rows:
                dimensions = {"source": source, "table": table, "op": op}
                yield Measured(dimensions, {ROWS: ("Count", rows)})


def refused(source: str, refusal: PlatformError) -> Measured:
    """That a poll ended with this error."""
    dimensions = {"source": source, "reason": type(refusal).__name__}
    return Measured(dimensions, {REFUSALS: ("Count", 1)})
