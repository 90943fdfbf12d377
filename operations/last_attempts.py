"""The last attempts of each part of the platform, and when the source was last polled."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lake import Lake
from lake.attempts import PARTS, POLL, Attempt
from lake.concurrent import map_concurrently


@dataclass(frozen=True)
class LastAttempts:
    """The last attempt of a part and the last that succeeded, None if there is none. ``failures``
    counts the attempts that have failed since."""

    part: str
    last: Attempt | None = None
    succeeded: Attempt | None = None
    failures: int = 0

    @property
    def is_failing(self) -> bool:
        return self.last is not None and self.last.has_failed

    def report(self) -> dict[str, Any]:
        """Return the attempts for programs."""
        last, succeeded = self.last, self.succeeded
        return {
            "at": last and last.ended_at.isoformat(timespec="milliseconds"),
            "outcome": last and last.outcome,
            "seconds": last and last.seconds,
            "run": last and last.run,
            "error": last and last.error,
            "message": last and last.message,
            "failures": self.failures,
            "last_success": succeeded and succeeded.ended_at.isoformat(timespec="milliseconds"),
        }


def last_attempts(lake: Lake) -> list[LastAttempts]:
    """Return the last attempts of every part. Raises LakeUnavailable."""
    return list(map_concurrently(lambda part: _of_part(lake, part), PARTS))


def polled_at(lake: Lake, polls: LastAttempts) -> datetime | None:
    """Return the start of the last successful poll, or None if there was none.

    A batch shows a successful poll too: attempts expire, and lakes of earlier versions have none.
    """
    head, succeeded = lake.batches.head(), polls.succeeded
    if succeeded and (head is None or head.run == succeeded.run):
        return succeeded.started_at
    moments = [head.committed_at] if head else []
    moments += [succeeded.started_at] if succeeded else []
    return max(moments, default=None)


def polls_of(parts: list[LastAttempts]) -> LastAttempts:
    """Return the last attempts of polls among those of every part."""
    return next(attempts for attempts in parts if attempts.part == POLL)


def _of_part(lake: Lake, part: str) -> LastAttempts:
    attempts = lake.attempts
    failed, succeeded = attempts.last(part, "failed"), attempts.last(part, "succeeded")
    if failed is None or (succeeded and succeeded.started_at > failed.started_at):
        return LastAttempts(part, succeeded, succeeded)
    since = succeeded.started_at if succeeded else None
    return LastAttempts(part, failed, succeeded, attempts.failures_since(part, since))
