"""Freshness counts from the last successful poll, and is unknown without one."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lake import Lake, now
from lake.attempts import Attempt, Outcome
from operations.health import health
from tests.processed import ProcessedLake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return ProcessedLake(tmp_path).lake


def poll(lake: Lake, minutes_ago: float, outcome: Outcome = "succeeded", run: str = "run") -> None:
    start = now() - timedelta(minutes=minutes_ago)
    lake.attempts.record(Attempt("poll", run, start, 1.0, outcome, "SourceBusy"))


def test_freshness_is_unknown_without_a_successful_poll(lake: Lake):
    assert health(lake).freshness is None
    poll(lake, 1, "failed")
    found = health(lake)
    assert (found.freshness, found.state) == (None, "failing")
    assert found.report()["freshness_seconds"] is None


def test_freshness_counts_from_the_last_successful_poll_however_many_failed_since(lake: Lake):
    poll(lake, 30)
    for minutes in range(1, 12):
        poll(lake, minutes, "failed")
    found = health(lake)
    assert found.freshness == pytest.approx(1800, abs=30)
    assert found.facts.polls.failures == 11
    assert [alarm.name for alarm in found.alarms] == ["function-errors", "silence"]


def test_batch_is_a_successful_poll_if_no_attempt_is_left(tmp_path: Path):
    built = ProcessedLake(tmp_path)
    built.land({})
    assert health(built.lake).freshness == pytest.approx(0, abs=30)


def test_freshness_of_a_poll_that_committed_counts_from_its_start(tmp_path: Path):
    built = ProcessedLake(tmp_path)
    batch = built.lake.batches.entry(built.land({}))
    poll(built.lake, 5, run=batch.run)
    polled: datetime | None = health(built.lake).facts.polled_at
    assert polled
    assert (now() - polled).total_seconds() == pytest.approx(300, abs=30)


def test_failed_job_is_over_after_its_next_success(lake: Lake):
    poll(lake, 1)
    error = Attempt("build_facts", "a", now() - timedelta(minutes=3), 1.0, "failed", "BuildFailed")
    lake.attempts.record(error)
    assert health(lake).state == "failing"
    lake.attempts.record(Attempt("build_facts", "b", now(), 1.0, "succeeded"))
    assert health(lake).state == "healthy"
