"""Every job reads its arguments, opens the lake, and reports to Glue."""

import json
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from glue_jobs import session, update_warehouse
from glue_jobs.errors import InvalidArguments
from glue_jobs.job import Arguments, Job, open_job
from glue_jobs.json_logs import JsonLines
from lake import InvalidLake
from lake.attempts import Attempt, Attempts

ROOT = Path(__file__).parents[3]
LAKE = ["--ingestion", "file:///lake/ingestion", "--processed", "file:///lake/processed"]
GLUE = ["--JOB_NAME", "build_facts", "--JOB_RUN_ID", "jr_1"]


@pytest.fixture(autouse=True)
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Attempt]:
    """Collect the recorded attempts; the lake of these tests does not exist."""
    attempts = list[Attempt]()
    monkeypatch.setattr(Attempts, "record", lambda _, attempt: attempts.append(attempt))
    return attempts


def job_of(argv: list[str]) -> Job:
    with open_job("a_job", Arguments("a job"), argv) as job:
        return job


def test_generation_is_1_by_default():
    assert job_of(LAKE).lake.generation == 1
    assert job_of([*LAKE, "--generation", "7"]).lake.generation == 7


def test_arguments_of_glue_are_ignored():
    others = ["--TempDir", "s3://t/", "--enable-metrics", "true", "--gen", "5"]

    assert job_of([*LAKE, *GLUE, *others]).lake.generation == 1


def test_every_run_has_its_own_name():
    assert job_of(LAKE).run != job_of(LAKE).run


def test_run_is_recorded_as_an_attempt_of_the_job(recorded: list[Attempt]):
    job = job_of(LAKE)
    [attempt] = recorded
    assert (attempt.part, attempt.run, attempt.outcome) == ("a_job", job.run, "succeeded")


@pytest.mark.parametrize("divisor", [1, 0])
def test_end_of_a_job_on_glue_is_logged_with_the_fields_that_the_dashboard_reads(
    caplog: pytest.LogCaptureFixture, divisor: int
):
    caplog.set_level(logging.INFO)
    with suppress(ZeroDivisionError), open_job("a_job", Arguments("a job"), [*LAKE, *GLUE]):
        _ = 1 / divisor
    [record] = caplog.records
    line = json.loads(JsonLines().format(record))
    assert (line["message"], line["job"]) == ("job ended", "build_facts")
    assert 0 <= line["seconds"] < 60
    dashboard = (ROOT / "terraform/modules/dashboard/main.tf").read_text(encoding="utf-8")
    assert "message = 'job ended'" in dashboard
    assert "max(seconds) by job" in dashboard


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (LAKE[:2], "--processed"),
        ([*LAKE, "--generation", "next"], "invalid int value: 'next'"),
    ],
)
def test_error_names_the_invalid_argument(argv: list[str], problem: str):
    with pytest.raises(InvalidArguments, match=problem):
        job_of(argv)


def test_invalid_address_of_a_lake_is_refused():
    with pytest.raises(InvalidLake, match="nowhere"):
        job_of(["--ingestion", "nowhere", *LAKE[2:]])


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Replace awsglue's Job, whose JVM classes exist only on Glue."""
    job = MagicMock()
    monkeypatch.setattr("awsglue.job.Job", lambda _context: job)
    monkeypatch.setattr("awsglue.context.GlueContext", lambda _context: None)
    monkeypatch.setattr(session, "is_glue", lambda _session: True)
    return job


def test_on_glue_the_job_is_initialized_when_spark_is_first_used(glue: Any):
    with open_job("a_job", Arguments("a job"), [*LAKE, *GLUE], MagicMock) as job:
        glue.init.assert_not_called()
        assert job.spark() is job.spark()

    glue.init.assert_called_once_with(
        "build_facts", {"JOB_NAME": "build_facts", "JOB_RUN_ID": "jr_1"}
    )
    glue.commit.assert_called_once_with()


def test_on_glue_a_failed_run_is_not_committed(glue: Any):
    def fail() -> None:
        with open_job("a_job", Arguments("a job"), [*LAKE, *GLUE], MagicMock) as job:
            raise OSError(str(job.spark()))

    with pytest.raises(OSError, match="MagicMock"):
        fail()

    glue.init.assert_called_once()
    glue.commit.assert_not_called()


def test_on_glue_a_single_job_is_initialized_and_committed_once(
    glue: Any, monkeypatch: pytest.MonkeyPatch
):
    """Its steps share the session, and open the lake, as they do in a job of their own."""
    opened = list[object]()

    def step(argv: list[str], spark: Any) -> None:
        with open_job("a_step", Arguments("a step"), argv, spark) as job:
            opened.append(job.spark())
            glue.commit.assert_not_called()

    monkeypatch.setattr(update_warehouse, "STEPS", (step, step, step))
    update_warehouse.main([*LAKE, *GLUE], MagicMock)

    assert len(opened) == 3
    assert len({*map(id, opened)}) == 1
    glue.init.assert_called_once_with(
        "build_facts", {"JOB_NAME": "build_facts", "JOB_RUN_ID": "jr_1"}
    )
    glue.commit.assert_called_once_with()


def test_without_a_job_name_no_glue_job_is_initialized(glue: Any):
    with open_job("a_job", Arguments("a job"), LAKE, MagicMock) as job:
        job.spark()

    glue.init.assert_not_called()
