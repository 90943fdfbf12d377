"""The state of the services that run the platform in AWS."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Run:
    """A run of the workflow; ``failed`` counts its jobs that did not succeed."""

    name: str
    status: str
    started: datetime | None
    seconds: float | None
    failed: int

    @property
    def is_over(self) -> bool:
        return self.status not in ("RUNNING", "STOPPING")

    @property
    def is_refused(self) -> bool:
        """Whether Glue did not start the run, because another one was in progress."""
        return self.status == "ERROR"

    @property
    def went_well(self) -> bool:
        return self.status == "COMPLETED" and not self.failed


@dataclass(frozen=True)
class JobRun:
    """A run of a job, with its error message."""

    id: str
    status: str
    error: str

    @property
    def is_over(self) -> bool:
        return self.status not in ("STARTING", "RUNNING", "STOPPING", "WAITING")


@dataclass(frozen=True)
class Schedule:
    """The schedule of polls: its expression in AWS's syntax, and whether it is enabled."""

    expression: str
    is_enabled: bool


@dataclass(frozen=True)
class Services:
    """The schedule, the active alarms with their reasons, the count of all alarms (``watched``),
    the polls that failed for good, and the last runs of the workflow, newest first."""

    name: str
    region: str
    schedule: Schedule
    alarms: Mapping[str, str]
    watched: int
    dead_letters: int
    runs: Sequence[Run]

    def report(self) -> dict[str, Any]:
        """Return the state for programs."""
        runs = [
            {**asdict(run), "started": run.started and run.started.isoformat()} for run in self.runs
        ]
        return {
            "schedule": asdict(self.schedule),
            "alarms": dict(self.alarms),
            "dead_letters": self.dead_letters,
            "runs": runs,
        }
