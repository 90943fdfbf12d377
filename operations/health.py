"""The health of a platform: healthy, failing, unreachable or stale, and why."""

from dataclasses import asdict, dataclass
from typing import Any

from lake import Lake
from lake.freshness import freshness
from lake.quarantine import count_open
from operations.alarms import Alarm, Facts, Limits, alarms
from operations.last_attempts import last_attempts, polled_at, polls_of

HEALTHY = "healthy"


@dataclass(frozen=True)
class Health:
    """The facts about a platform, and the alarms that follow from them."""

    facts: Facts
    alarms: list[Alarm]

    @property
    def state(self) -> str:
        """HEALTHY, or the state of the most urgent alarm that is not a warning."""
        urgent = (alarm.state for alarm in self.alarms if alarm.state != "warning")
        return next(urgent, HEALTHY)

    @property
    def is_healthy(self) -> bool:
        return self.state == HEALTHY

    @property
    def polls(self) -> str:
        """A sentence about polls that are paused or succeed; '' if they fail or are missing."""
        if self.facts.is_paused:
            return "Polls are paused."
        return "Polls succeed, and no batch waits long." if self.is_healthy else ""

    @property
    def freshness(self) -> float | None:
        """The age in seconds of the warehouse's data: the time since the last successful poll, or
        since the commit of the oldest batch that is not loaded if that is longer. None without a
        successful poll."""
        age = self.facts.poll_age
        return None if age is None else max(age, self.facts.waiting)

    def report(self) -> dict[str, Any]:
        """Return the health for programs."""
        polled, age = self.facts.polled_at, self.freshness
        return {
            "state": self.state,
            "paused": self.facts.is_paused,
            "findings": [asdict(alarm) for alarm in self.alarms],
            "last_successful_poll": polled and polled.isoformat(timespec="milliseconds"),
            "freshness_seconds": None if age is None else round(age, 3),
            "attempts": {part.part: part.report() for part in self.facts.parts if part.last},
        }


def health(
    lake: Lake, limits: Limits | None = None, unreachable: str = "", is_paused: bool = False
) -> Health:
    """Return the health of a lake's platform. ``unreachable`` says why the warehouse cannot be
    reached, and ``is_paused`` that polls are paused. Raises LakeUnavailable or InvalidLake."""
    parts = last_attempts(lake)
    facts = Facts(
        parts=parts,
        polled_at=polled_at(lake, polls_of(parts)),
        waiting=freshness(lake, lake.batches.head_seq(), lake.loads.last_batch()),
        quarantined=count_open(lake),
        unreachable=unreachable,
        is_paused=is_paused,
        limits=limits or Limits(),
    )
    return Health(facts, alarms(facts))
