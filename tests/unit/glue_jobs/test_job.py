"""What every entry does before and after its work."""

from typing import Any
from unittest.mock import MagicMock

import pytest

from glue_jobs import session
from glue_jobs.errors import InvalidArguments
from glue_jobs.job import Arguments, Job, running
from lake import InvalidLake

LAKE = ["--ingestion", "file:///lake/ingestion", "--processed", "file:///lake/processed"]
GLUE = ["--JOB_NAME", "build_facts", "--JOB_RUN_ID", "jr_1"]


def opened(argv: list[str]) -> Job:
    with running(Arguments("a job"), argv) as job:
        return job


def test_generation_is_the_first_unless_told():
    assert opened(LAKE).lake.generation == 1
    assert opened([*LAKE, "--generation", "7"]).lake.generation == 7


def test_what_glue_adds_passes_unread():
    added = ["--TempDir", "s3://t/", "--enable-metrics", "true", "--gen", "5"]

    assert opened([*LAKE, *GLUE, *added]).lake.generation == 1


def test_every_run_has_a_name_of_its_own():
    assert opened(LAKE).run != opened(LAKE).run


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (LAKE[:2], "--processed"),
        ([*LAKE, "--generation", "next"], "invalid int value: 'next'"),
    ],
)
def test_wrong_arguments_say_what_is_missing(argv: list[str], told: str):
    with pytest.raises(InvalidArguments, match=told):
        opened(argv)


def test_an_address_that_is_no_lake_is_refused():
    with pytest.raises(InvalidLake, match="is no lake"):
        opened(["--ingestion", "nowhere", *LAKE[2:]])


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Any:
    """In the place of awsglue's Job, whose JVM classes exist on Glue alone."""
    job = MagicMock()
    monkeypatch.setattr("awsglue.job.Job", lambda _context: job)
    monkeypatch.setattr("awsglue.context.GlueContext", lambda _context: None)
    monkeypatch.setattr(session, "is_glue", lambda _session: True)
    return job


def test_on_glue_a_run_is_announced_with_its_first_use_of_spark(glue: Any):
    with running(Arguments("a job"), [*LAKE, *GLUE], MagicMock) as job:
        glue.init.assert_not_called()
        assert job.spark() is job.spark()

    glue.init.assert_called_once_with(
        "build_facts", {"JOB_NAME": "build_facts", "JOB_RUN_ID": "jr_1"}
    )
    glue.commit.assert_called_once_with()


def test_on_glue_a_run_that_failed_is_not_committed(glue: Any):
    def fail() -> None:
        with running(Arguments("a job"), [*LAKE, *GLUE], MagicMock) as job:
            raise OSError(str(job.spark()))

    with pytest.raises(OSError, match="MagicMock"):
        fail()

    glue.init.assert_called_once()
    glue.commit.assert_not_called()


def test_without_a_job_name_nothing_is_announced(glue: Any):
    with running(Arguments("a job"), LAKE, MagicMock) as job:
        job.spark()

    glue.init.assert_not_called()
