"""Names and times of runs."""

import uuid
from datetime import UTC, datetime


def new_run() -> str:
    """Return a unique name that sorts by the time of the run's start."""
    return f"{now():%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)
