"""Health metrics: the state of the platform after a poll, in numbers that alarms can watch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HealthMetrics:
    """The state of the platform after a poll.

    ``freshness`` is the age in seconds of the oldest batch that is not in the warehouse, 0 if all
    are. ``horizon_age`` is the minimum time in seconds for which the source's oldest transaction
    has been in progress; until it ends, every poll reads the rows written since it began again.
    ``quarantined`` counts the open rows in quarantine. ``missed_rows`` counts the rows that this
    poll found by a full read and that an earlier poll should have found: any value but 0 is a
    defect. ``retained_wal`` is the number of bytes of WAL that the source keeps for the replication
    slots of the lake, None without one; ``leftover_slots`` counts those that polls do not read.
    ``gaps`` counts the gaps of the batch that this poll committed. ``publishing_lag`` is the time
    in seconds for which the warehouse has had an entry that is not published, None if no job
    publishes.
    """

    freshness: float = 0.0
    horizon_age: float = 0.0
    quarantined: int = 0
    missed_rows: int = 0
    retained_wal: int | None = None
    leftover_slots: int = 0
    gaps: int = 0
    publishing_lag: float | None = None

    @property
    def figures(self) -> dict[str, float]:
        """The values that are known, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}
