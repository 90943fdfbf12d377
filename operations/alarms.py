"""The conditions that alarms watch, decided from the lake alone.

They are those of the CloudWatch alarms in terraform/modules/alarms, under the same names, except
for the alarms on services that exist only on AWS. Each has a page in docs/runbook.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from lake import now
from lake.attempts import COMPACT, JOBS, POLL, PUBLISH
from operations.durations import duration
from operations.last_attempts import LastAttempts

MEGABYTE = 1 << 20

State = Literal["failing", "unreachable", "stale", "warning"]
STATES: tuple[State, ...] = ("failing", "unreachable", "stale", "warning")
"""From the most to the least urgent. All but ``warning`` let `status --check` fail."""


@dataclass(frozen=True)
class Limits:
    """Thresholds in seconds, of WAL in bytes; the defaults are those of terraform/modules/alarms,
    for a poll every five minutes."""

    silence: float = 900
    freshness: float = 1200
    horizon_age: float = 3600
    retained_wal: float = 2 << 30


def limits_at(every: float) -> Limits:
    """Return the limits for a poll every so many seconds: three polls may be missing, and none is
    below its default."""
    return Limits(silence=max(Limits.silence, 3 * every))


def limits(stale_after: float | None, usual: Limits | None = None) -> Limits:
    """Return the limits of `status`. ``stale_after`` replaces those of missing polls and of
    waiting batches, in minutes."""
    usual = usual or Limits()
    if stale_after is None:
        return usual
    return replace(usual, silence=stale_after * 60, freshness=stale_after * 60)


@dataclass(frozen=True)
class Facts:
    """The facts that the conditions look at.

    ``waiting`` is the age in seconds of the oldest batch that is not loaded, ``unreachable`` the
    reason why the warehouse cannot be reached, and ``is_paused`` states whether polls are paused.
    """

    parts: Sequence[LastAttempts]
    polled_at: datetime | None
    waiting: float = 0.0
    quarantined: int = 0
    unreachable: str = ""
    is_paused: bool = False
    limits: Limits = field(default_factory=Limits)

    @property
    def polls(self) -> LastAttempts:
        return next(attempts for attempts in self.parts if attempts.part == POLL)

    @property
    def figures(self) -> Mapping[str, float]:
        """The figures of the last successful poll."""
        return self.polls.succeeded.figures if self.polls.succeeded else {}

    @property
    def poll_age(self) -> float | None:
        """The seconds since the last successful poll, None without one."""
        return max(0.0, (now() - self.polled_at).total_seconds()) if self.polled_at else None


@dataclass(frozen=True)
class Alarm:
    """A condition that holds: its name, its state, and the reason with its remedy if known."""

    name: str
    state: State
    reason: str


@dataclass(frozen=True)
class Condition:
    """The state that a condition means, and a function that returns the reason, '' if it does not
    hold."""

    state: State
    reason: Callable[[Facts], str]


def alarms(facts: Facts) -> list[Alarm]:
    """Return the conditions that hold, the most urgent first."""
    found = (Alarm(name, each.state, each.reason(facts)) for name, each in CONDITIONS.items())
    return sorted((a for a in found if a.reason), key=lambda alarm: STATES.index(alarm.state))


def _poll_fails(facts: Facts) -> str:
    return _failure(facts.polls) if facts.polls.is_failing else ""


def _deletes_too_much(facts: Facts) -> str:
    last = facts.polls.last
    is_refused = last is not None and last.error == "MassDelete"
    return "Polls are refused, because too many rows were deleted at once." if is_refused else ""


def _job_fails(facts: Facts) -> str:
    failing = [part for part in facts.parts if part.part in JOBS and part.is_failing]
    return " ".join(_failure(part) for part in failing)


def _publishing_fails(facts: Facts) -> str:
    parts = [part for part in facts.parts if part.part in (PUBLISH, COMPACT)]
    failing = [part for part in parts if part.is_failing]
    return " ".join(_failure(part) for part in failing)


def _failure(part: LastAttempts) -> str:
    last = part.last
    assert last  # nosec B101 # a failing part has a last attempt
    attempts = f"{part.failures} attempts of {part.part} have" if part.failures > 1 else ""
    failed = f"{attempts} failed since the last success" if attempts else f"{part.part} failed"
    return f"{failed}: {last.error}. {last.message or 'The log has its message.'}"


def _is_silent(facts: Facts) -> str:
    age = facts.poll_age
    if facts.is_paused or (age is not None and age <= facts.limits.silence):
        return ""
    if age is None:
        return "No poll has succeeded yet."
    remedy = "" if facts.polls.is_failing else " To fix: check that polls are started."
    return f"No poll has succeeded for {duration(age)}.{remedy}"


def _waits_too_long(facts: Facts) -> str:
    if facts.waiting <= facts.limits.freshness:
        return ""
    return f"The oldest batch has waited for {duration(facts.waiting)} for the warehouse."


def _is_open_too_long(facts: Facts) -> str:
    age = facts.figures.get("horizon_age", 0)
    if age <= facts.limits.horizon_age:
        return ""
    return f"A transaction has been open in the source for {duration(age)}."


def _is_quarantined(facts: Facts) -> str:
    rows = facts.quarantined
    are = "row is" if rows == 1 else "rows are"
    return f"{rows:,} {are} quarantined and missing from the warehouse." if rows else ""


def _were_missed(facts: Facts) -> str:
    rows = facts.figures.get("missed_rows", 0)
    missed = "row" if rows == 1 else "rows"
    return (
        f"The last poll found {rows:,.0f} {missed} that earlier polls had missed." if rows else ""
    )


def _is_retained(facts: Facts) -> str:
    size, slots = (facts.figures.get(name, 0) for name in ("retained_wal", "leftover_slots"))
    retains = f"The source retains {size / MEGABYTE:,.0f} MB of WAL for"
    if slots:
        return f"{retains} a replication slot that polls do not read. To fix: drop it (`slot`)."
    return f"{retains} the replication slot." if size > facts.limits.retained_wal else ""


def _has_gaps(facts: Facts) -> str:
    gaps = facts.figures.get("gaps", 0)
    if not gaps:
        return ""
    return "The last poll could not read the log of the source; `status` shows the gap."


CONDITIONS: Mapping[str, Condition] = {
    "function-errors": Condition("failing", _poll_fails),
    "mass-delete": Condition("failing", _deletes_too_much),
    "failed-jobs": Condition("failing", _job_fails),
    "warehouse": Condition("unreachable", lambda facts: facts.unreachable),
    "silence": Condition("stale", _is_silent),
    "freshness": Condition("stale", _waits_too_long),
    "horizon-age": Condition("warning", _is_open_too_long),
    "quarantined-rows": Condition("warning", _is_quarantined),
    "missed-rows": Condition("warning", _were_missed),
    "retained-wal": Condition("warning", _is_retained),
    "capture-gaps": Condition("warning", _has_gaps),
    "publishing": Condition("warning", _publishing_fails),
}
"""Every condition by the name of its alarm. ``warehouse`` has no alarm on AWS, where a load that
cannot reach it fails. The alarm ``publishing`` on AWS watches the lag of the tables."""
