"""Names for runs."""

import uuid
from datetime import UTC, datetime


def new_run() -> str:
    """A name that no other run has and that sorts by the time of its start."""
    return f"{now():%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)
