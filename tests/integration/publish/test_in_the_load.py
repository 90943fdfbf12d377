"""The load job publishes in the Data Catalog, and compact_lake does, with their own arguments."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from glue_jobs import compact_lake
from glue_jobs.load import publishing
from glue_jobs.load.publishing import publish_loaded
from glue_jobs.time_limit import NO_LIMIT, TimeLimit
from lake.attempts import COMPACT, PUBLISH
from lake.publishing import lags
from publish import publisher
from publish.glue_catalog import GlueTables
from publish.publisher import publish
from tests.published import FACT, LoggedLake

DATABASES = ("test_published_ingestion", "test_published_processed_g1")


@pytest.fixture
def logged(tmp_path: Path) -> LoggedLake:
    logged = LoggedLake(tmp_path / "lake")
    for number in range(1, 4):
        logged.add([number], staff=[number])
    return logged


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    with mock_aws():
        client = boto3.client("glue")
        for database in DATABASES:
            client.create_database(DatabaseInput={"Name": database})
        yield client


def is_published(logged: LoggedLake, glue: Any) -> bool:
    return publish(logged.lake, GlueTables(logged.lake, glue, "test")).commits == 0


def test_load_publishes_what_the_warehouse_has_once(logged: LoggedLake, glue: Any):
    for _ in range(2):
        assert publish_loaded(logged.lake, glue, "test", NO_LIMIT) == ""
    assert not lags(logged.lake)
    assert is_published(logged, glue)
    [attempt] = logged.lake.attempts.latest([PUBLISH], 5)
    assert attempt.outcome == "succeeded"


def test_load_without_time_leaves_the_rest_to_the_next_one(
    logged: LoggedLake, glue: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(publisher, "MOST_ENTRIES", 1)
    assert publish_loaded(logged.lake, glue, "test", TimeLimit(0.001)) == ""
    assert lags(logged.lake)
    monkeypatch.setattr(publishing, "CHUNK_SECONDS", 0.0)
    assert publish_loaded(logged.lake, glue, "test", TimeLimit(600)) == ""
    assert not lags(logged.lake)


def test_missing_database_fails_no_load_and_is_named_with_the_remedy(logged: LoggedLake, glue: Any):
    glue.delete_database(Name=DATABASES[1])
    reason = publish_loaded(logged.lake, glue, "test", NO_LIMIT)
    assert "apply Terraform" in reason
    last = logged.lake.attempts.last(PUBLISH)
    assert last
    assert (last.outcome, last.error) == ("failed", "PublishFailed")


def test_unreadable_logs_fail_no_load(logged: LoggedLake, glue: Any):
    logs = logged.root / "processed/g=1/_log/published"
    logs.mkdir()
    (logs / "stray.json").write_text("{}")
    assert "is not an entry of a log" in publish_loaded(logged.lake, glue, "test", NO_LIMIT)


def test_compaction_publishes_first_and_removes_metadata_that_no_table_uses(
    logged: LoggedLake, glue: Any
):
    """In a directory an object is removed; in S3 it is tagged."""
    publish_loaded(logged.lake, glue, "test", NO_LIMIT)
    glue.delete_table(DatabaseName=DATABASES[1], Name=FACT)
    folder = logged.root / "processed/_published/processed_g1" / FACT
    [former] = folder.iterdir()
    stores = [(logged.root / store).as_uri() for store in ("ingestion", "processed")]
    job = ["--ingestion", stores[0], "--processed", stores[1], "--catalog", "test"]
    compact_lake.main(job)
    assert any(former.rglob("*.json")), "it is not a day old"
    compact_lake.main([*job, "--keep-hours", "0"])
    assert not any(former.rglob("*.json"))
    assert is_published(logged, glue)
    assert [each.outcome for each in logged.lake.attempts.latest([COMPACT], 5)] == ["succeeded"] * 2


def test_tables_of_others_in_a_database_fail_no_load(logged: LoggedLake, glue: Any):
    """Athena makes views, and tables from queries, in the database that it is told."""
    glue.create_table(DatabaseName=DATABASES[1], TableInput={"Name": "of_an_analyst"})
    assert publish_loaded(logged.lake, glue, "test", NO_LIMIT) == ""
    assert is_published(logged, glue)


def test_table_of_another_with_the_name_of_a_published_one_is_refused(
    logged: LoggedLake, glue: Any
):
    table = {"Name": FACT, "Parameters": {"presto_view": "true"}}
    glue.create_table(DatabaseName=DATABASES[1], TableInput=table)
    reason = publish_loaded(logged.lake, glue, "test", NO_LIMIT)
    assert f"{FACT} is not an Iceberg table" in reason


@pytest.mark.parametrize("left", [0, 800])
def test_damaged_manifests_fail_no_load_and_are_named_with_the_remedy(
    logged: LoggedLake, glue: Any, left: int
):
    assert publish_loaded(logged.lake, glue, "test", NO_LIMIT) == ""
    folder = logged.root / "processed/_published/processed_g1" / FACT
    for manifests in folder.rglob("snap-*.avro"):
        manifests.write_bytes(manifests.read_bytes()[:left])
    logged.add([4])
    reason = publish_loaded(logged.lake, glue, "test", NO_LIMIT)
    assert f"processed_g1.{FACT} could not be changed" in reason
    assert "publish everything again" in reason
