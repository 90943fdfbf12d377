"""The source's clock has the zone of its contract, whatever the role or the database set."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from pg8000.native import Connection

import contracts
from contracts import ContractError
from ingestion_lambda.poll import poll
from ingestion_lambda.source.snapshot import open_snapshot
from lake import new_run
from postgres import connected, render
from tests.integration.ingestion_lambda.conftest import Pipeline

pytestmark = pytest.mark.lambda_runtime

CLOSE = timedelta(minutes=2)
ZONE = "ALTER DATABASE {database} SET timezone = 'Asia/Tokyo'"


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@pytest.fixture
def in_tokyo(pipeline: Pipeline, source: Connection) -> None:
    """A source whose database is in another zone than its contract."""
    source.run(render(ZONE, database=pipeline.address.database))


@pytest.mark.usefixtures("in_tokyo")
def test_observed_at_has_the_zone_of_the_contract(pipeline: Pipeline):
    pipeline.poll()
    assert abs(pipeline.lake.batches.entry(1).observed_at - utc_now()) < CLOSE


@pytest.mark.usefixtures("in_tokyo")
def test_version_of_an_edit_begins_at_the_edit(pipeline: Pipeline, source: Connection):
    pipeline.poll()
    source.run("UPDATE staff SET first_name = 'Later' WHERE staff_id = 1")
    pipeline.poll()
    assert abs(pipeline.landed("staff")[-1]["observed_at"] - utc_now()) < CLOSE


def test_timestamps_with_a_zone_are_converted_to_the_zone_of_the_contract(
    pipeline: Pipeline, source: Connection
):
    source.run("ALTER TABLE design ALTER created_at TYPE timestamptz USING created_at::timestamptz")
    source.run("UPDATE design SET created_at = '2024-11-15 12:00:00+00' WHERE design_id = 1")
    in_tokyo = dataclasses.replace(contracts.source(), timezone="Asia/Tokyo")
    with connected(pipeline.address, "poll") as connection:
        poll(connection, in_tokyo, pipeline.lake, pipeline.bus, new_run())
    assert pipeline.mirrored("design")[0]["created_at"] == datetime(2024, 11, 15, 21)
    observed_at = pipeline.lake.batches.entry(1).observed_at
    assert abs(observed_at - utc_now() - timedelta(hours=9)) < CLOSE


def test_zone_that_the_server_does_not_know_is_an_error_of_the_contract(pipeline: Pipeline):
    source = dataclasses.replace(contracts.source(), timezone="Mars/Phobos")
    with (
        connected(pipeline.address, "poll") as connection,
        pytest.raises(ContractError, match=r"Mars/Phobos.*correct timezone in .*source\.toml"),
        open_snapshot(connection, source),
    ):
        pass


def test_rows_created_ahead_of_the_clock_are_a_warning(
    pipeline: Pipeline, source: Connection, caplog: pytest.LogCaptureFixture
):
    pipeline.poll()
    insert = """
        INSERT INTO department VALUES
            (:key, 'New', NULL, NULL, clock_timestamp() AT TIME ZONE 'Asia/Tokyo', now())
    """
    for key in (98, 99):
        source.run(insert, key=key)
    pipeline.poll()
    [record] = [r for r in caplog.records if "ahead of the source's clock" in r.message]
    assert record.levelname == "WARNING"
    assert record.table == "department"  # type: ignore[attr-defined]  # extra
    assert record.ahead_seconds == pytest.approx(9 * 3600, abs=60)  # type: ignore[attr-defined]  # extra


def test_rows_created_a_moment_ahead_of_the_clock_are_no_warning(
    pipeline: Pipeline, source: Connection, caplog: pytest.LogCaptureFixture
):
    source.run("""
        INSERT INTO department VALUES
            (99, 'New', NULL, NULL, clock_timestamp() + interval '1 minute', now())
    """)
    pipeline.poll()
    assert not [r for r in caplog.records if "ahead of the source's clock" in r.message]
