"""The deployed jobs publish what they load as Iceberg tables, and compact the lake."""

from dataclasses import dataclass
from typing import Any

import pytest

from lake import Lake
from lake.attempts import COMPACT, PUBLISH, Attempt
from lake.publishing import LOGS, lags, log_of
from lake.s3 import S3Store
from postgres import connected, from_dsn
from publish.glue_catalog import GlueTables
from publish.tables import added_by, published_tables
from tests.cloud.test_wiring import JOBS, without
from tests.cloud.wired import Run, Wired, wait_until
from totesys.simulator import Simulator

PREFIX = "totesys_dev"
DROPPED = "fact_payment"


@dataclass(frozen=True)
class Published:
    """The run whose publication AWS refused, its attempt, the answer of the next poll, and the run
    that it started."""

    wired: Wired
    refused: Run
    attempt: Attempt | None
    loaded: int
    polled: dict[str, Any]
    repeated: Run

    @property
    def lake(self) -> Lake:
        return lake_of(self.wired)

    @property
    def tables(self) -> GlueTables:
        return GlueTables(self.lake, self.wired.client("glue"), PREFIX)

    def rows(self, name: str) -> int:
        """Return the number of rows that a reader of the table finds."""
        [published] = [table for table in published_tables(1) if table.name == name]
        return len(self.tables.table(published).scan(selected_fields=("batch_seq",)).to_arrow())

    def folder(self, name: str) -> str:
        """Return the folder of the metadata of a table."""
        return self.tables.locations()[f"processed_g1.{name}"].rpartition("/metadata/")[0]


def lake_of(wired: Wired) -> Lake:
    s3, buckets = wired.client("s3"), wired.output("buckets")
    return Lake(S3Store(s3, buckets["ingestion"]), S3Store(s3, buckets["processed"]))


@pytest.fixture(scope="module")
def published(wired: Wired, migrated: Run) -> Published:
    """Load an order while the load may not publish, then poll without a change."""
    assert migrated["JobRunState"] == "SUCCEEDED", migrated["ErrorMessage"]
    job = wired.client("glue").get_job(JobName=wired.output("jobs")["load_warehouse"])["Job"]
    known, lake = wired.workflow_runs(), lake_of(wired)
    with connected(from_dsn(wired.databases.source), "people") as people:
        Simulator(people).place_sales_order()
    with without(wired, job["Role"], "glue:GetTables"):
        assert wired.poll()["emitted"]
        refused = wired.workflow_run_after(known)
    attempt, loaded, known = (
        lake.attempts.last(PUBLISH),
        lake.loads.last_batch(),
        wired.workflow_runs(),
    )
    polled = wired.poll()
    return Published(wired, refused, attempt, loaded, polled, wired.workflow_run_after(known))


def test_refused_publication_fails_no_load(published: Published):
    assert published.refused["Statistics"]["SucceededActions"] == len(JOBS)
    assert published.loaded == published.lake.batches.head_seq()
    attempt = published.attempt
    assert attempt
    assert (attempt.outcome, attempt.error) == ("failed", "PublishFailed")
    assert "glue:GetTables" in attempt.message


def test_poll_without_a_change_repeats_the_event_until_all_is_published(published: Published):
    assert (published.polled["changes"], published.polled["emitted"]) == ({}, True)
    assert published.repeated["Statistics"]["SucceededActions"] == len(JOBS)
    assert not lags(published.lake)
    assert not published.wired.poll()["emitted"]


def test_published_tables_have_every_row_that_the_logs_name(published: Published):
    expected = dict.fromkeys((table.name for table in published_tables(1)), 0)
    for log in LOGS:
        for entry in log_of(published.lake, log).after(0):
            for name, added in added_by(entry).items():
                expected[name] += added.rows
    with_rows = {name: rows for name, rows in expected.items() if rows}
    assert len(with_rows) > 15
    assert {name: published.rows(name) for name in with_rows} == with_rows


@pytest.fixture(scope="module")
def compacted(published: Published) -> str:
    """Drop a table, compact as the schedule does, and return the folder of the dropped table."""
    wired, former = published.wired, published.folder(DROPPED)
    database = wired.output("databases")["published_processed"]
    wired.client("glue").delete_table(DatabaseName=database, Name=DROPPED)
    run = wired.run_job(wired.output("compact_job"))
    assert run["JobRunState"] == "SUCCEEDED", run["ErrorMessage"]
    return former


def test_compaction_runs_as_it_is_defined_and_publishes_first(published: Published, compacted: str):
    attempt = published.lake.attempts.last(COMPACT)
    assert attempt
    assert attempt.outcome == "succeeded"
    assert published.folder(DROPPED) != compacted
    assert published.rows(DROPPED) == sum(
        entry.tables[DROPPED].rows
        for entry in published.lake.facts.after(0)
        if DROPPED in entry.tables
    )


def test_compaction_is_scheduled_outside_the_vpc(wired: Wired):
    glue = wired.client("glue")
    trigger = glue.get_trigger(Name=f"{wired.output('workflow')}-compaction")["Trigger"]
    assert (trigger["Type"], trigger["State"]) == ("SCHEDULED", "ACTIVATED")
    assert [action["JobName"] for action in trigger["Actions"]] == [wired.output("compact_job")]
    assert not trigger.get("WorkflowName")
    job = glue.get_job(JobName=wired.output("compact_job"))["Job"]
    assert not job.get("Connections", {}).get("Connections")


def test_unreachable_metadata_is_tagged_and_other_metadata_is_not(
    published: Published, compacted: str
):
    wired, job = published.wired, published.wired.output("compact_job")
    s3, bucket = wired.client("s3"), wired.output("buckets")["processed"]

    def tags(address: str) -> set[str]:
        prefix = address.removeprefix(f"s3://{bucket}/")
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/")["Contents"]
        found = (s3.get_object_tagging(Bucket=bucket, Key=each["Key"]) for each in listed)
        return {str(each["TagSet"]) for each in found}

    assert tags(compacted) == {"[]"}  # it is not a day old
    glue = wired.client("glue")
    run = glue.start_job_run(JobName=job, Arguments={"--keep-hours": "0"})["JobRunId"]
    wait_until(
        lambda: (
            glue.get_job_run(JobName=job, RunId=run)["JobRun"]["JobRunState"]
            not in ("STARTING", "RUNNING")
        )
    )
    assert glue.get_job_run(JobName=job, RunId=run)["JobRun"]["JobRunState"] == "SUCCEEDED"
    assert tags(compacted) == {"[{'Key': 'superseded', 'Value': 'true'}]"}
    assert tags(published.folder(DROPPED)) == {"[]"}
