"""The local alarms are those of CloudWatch, and each condition is decided from its facts."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from lake import now
from lake.attempts import KEPT, Attempt
from operations.alarms import CONDITIONS, Facts, Limits, alarms
from operations.last_attempts import LastAttempts

MODULES = Path(__file__).parents[3] / "terraform" / "modules"
ONLY_ON_AWS = {"dead-letters", "function-throttles"}
ONLY_LOCAL = {"warehouse"}


def default(module: str, variable: str) -> float:
    """Return the default of a variable of a module."""
    text = (MODULES / module / "variables.tf").read_text(encoding="utf-8")
    [value] = re.findall(rf'variable "{variable}" \{{.*?default\s+= (\d+)', text, re.DOTALL)
    return float(value)


def test_alarms_are_those_of_the_module_and_their_thresholds_are_its_defaults():
    module = (MODULES / "alarms" / "main.tf").read_text(encoding="utf-8")
    [listed] = re.findall(r"^  alarms = \{(.*?)^  \}", module, re.MULTILINE | re.DOTALL)
    names = set(re.findall(r"^    ([a-z-]+) = \{$", listed, re.MULTILINE))
    assert CONDITIONS.keys() - ONLY_LOCAL == names - ONLY_ON_AWS
    assert Limits() == Limits(
        silence=default("alarms", "patience_polls") * default("alarms", "rate_minutes") * 60,
        freshness=default("alarms", "freshness_seconds"),
        horizon_age=default("alarms", "horizon_age_seconds"),
    )
    assert timedelta(days=default("lake", "attempt_days")) == KEPT


def attempt(minutes_ago: float, error: str = "", part: str = "poll", **figures: float) -> Attempt:
    start = now() - timedelta(minutes=minutes_ago)
    outcome = "failed" if error else "succeeded"
    return Attempt(part, "run", start, 1.0, outcome, error, figures=figures)  # type: ignore[arg-type] # a str


def facts(*, polls: LastAttempts | None = None, **more: object) -> Facts:
    """Return the facts of a healthy platform, with differences."""
    last = attempt(1)
    healthy = polls or LastAttempts("poll", last, last)
    values: dict[str, object] = {"parts": [healthy], "polled_at": last.started_at, **more}
    return Facts(**values)  # type: ignore[arg-type] # any fields


def failing(part: str, error: str, failures: int) -> LastAttempts:
    return LastAttempts(part, attempt(1, error, part), attempt(60, part=part), failures)


def cases() -> dict[str, tuple[Facts, str]]:
    """Return the facts in which only one condition holds, and a part of its reason."""
    return {
        "function-errors": (
            facts(polls=failing("poll", "Unreachable", 4)),
            "4 attempts of poll have",
        ),
        "failed-jobs": (
            facts(parts=[facts().polls, failing("load_warehouse", "StagingFailed", 1)]),
            "load_warehouse failed: StagingFailed. The log has its message.",
        ),
        "warehouse": (facts(unreachable="Nothing answers."), "Nothing answers."),
        "silence": (facts(polled_at=now() - timedelta(minutes=16)), "for 16 min"),
        "freshness": (facts(waiting=1201.0), "waited for 20 min"),
        "horizon-age": (
            facts(polls=LastAttempts("poll", None, attempt(1, horizon_age=7300.0))),
            "open in the source for 2 h",
        ),
        "quarantined-rows": (facts(quarantined=1234), "1,234 rows"),
        "missed-rows": (
            facts(polls=LastAttempts("poll", None, attempt(1, missed_rows=3.0))),
            "3 rows",
        ),
        "retained-wal": (
            facts(polls=LastAttempts("poll", None, attempt(1, retained_wal=3.0 * 2**30))),
            "3,072 MB of WAL",
        ),
        "capture-gaps": (
            facts(polls=LastAttempts("poll", None, attempt(1, gaps=1.0))),
            "could not read the log",
        ),
        "publishing": (
            facts(parts=[facts().polls, failing("publish", "OutdatedFile", 2)]),
            "2 attempts of publish have failed since the last success: OutdatedFile.",
        ),
    }


def test_slot_that_polls_do_not_read_is_an_alarm_at_any_size():
    figures = attempt(1, retained_wal=0.0, leftover_slots=1.0)
    [alarm] = alarms(facts(polls=LastAttempts("poll", None, figures)))
    assert (alarm.name, alarm.state) == ("retained-wal", "warning")
    assert "To fix: drop it" in alarm.reason


@pytest.mark.parametrize("name", sorted(CONDITIONS.keys() - {"mass-delete"}))
def test_condition_that_holds_is_an_alarm_with_its_reason(name: str):
    of, reason = cases()[name]
    [alarm] = alarms(of)
    assert (alarm.name, alarm.state) == (name, CONDITIONS[name].state)
    assert reason in alarm.reason


def test_mass_delete_comes_after_the_failure_that_has_its_message():
    names = [alarm.name for alarm in alarms(facts(polls=failing("poll", "MassDelete", 2)))]
    assert names == ["function-errors", "mass-delete"]


def test_healthy_platform_and_values_at_their_limits_raise_nothing():
    at_limits = attempt(1, horizon_age=3600.0, missed_rows=0.0)
    assert alarms(facts(polls=LastAttempts("poll", at_limits, at_limits), waiting=1200.0)) == []


def test_pause_silences_missing_polls_only():
    paused = facts(polled_at=None, is_paused=True, waiting=1300.0)
    assert [alarm.name for alarm in alarms(paused)] == ["freshness"]


def test_most_urgent_alarm_comes_first():
    of = facts(polled_at=None, quarantined=1, unreachable="down", waiting=5000.0)
    assert [alarm.state for alarm in alarms(of)] == ["unreachable", "stale", "stale", "warning"]
