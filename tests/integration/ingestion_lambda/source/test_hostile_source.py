"""A poll under a hostile role, database and environment: every value arrives as it is."""

import dataclasses
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pg8000.native import Connection

import contracts
from ingestion_lambda import batch
from postgres import Address, Sql, connected
from tests.hostile import ENVIRONMENT, PAUSE, SHADOWS, set_all
from tests.integration.ingestion_lambda.conftest import Pipeline, mirrored_rows, source_rows

pytestmark = pytest.mark.lambda_runtime

ROLE = """
CREATE ROLE hostile LOGIN PASSWORD 'hostile';
GRANT USAGE ON SCHEMA shadow TO hostile;
GRANT SELECT ON ALL TABLES IN SCHEMA public, shadow TO hostile
"""
VALUES = r"""
UPDATE staff SET first_name = 'back\slash', last_name = 'Zoë €' WHERE staff_id = 1;
UPDATE address SET district = '', address_line_2 = NULL, phone = '0730 783349' WHERE address_id = 1;
UPDATE payment SET payment_amount = 99999999.99, payment_date = '2024-02-01' WHERE payment_id = 1;
UPDATE payment SET payment_amount = -0.01 WHERE payment_id = 2;
UPDATE design SET created_at = '2024-02-01 23:59:59.999', file_name = E'a\nb' WHERE design_id = 1;
ALTER TABLE currency ALTER created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC'
"""


@pytest.fixture
def hostile(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Address]:
    """The address of a role for which everything is set as badly as the server allows."""
    source.run(Sql(VALUES))
    source.run(Sql(SHADOWS))
    source.run(Sql(ROLE))
    set_all(source, f"DATABASE {pipeline.address.database}")
    set_all(source, "ROLE hostile")
    for name, setting in ENVIRONMENT.items():
        monkeypatch.setenv(name, setting)
    time.tzset()
    yield dataclasses.replace(pipeline.address, user="hostile", password="hostile")
    monkeypatch.undo()
    time.tzset()
    source.run("DROP OWNED BY hostile; DROP ROLE hostile")


def test_every_value_arrives_as_it_is(
    pipeline: Pipeline, source: Connection, hostile: Address, monkeypatch: pytest.MonkeyPatch
):
    source.run("SET TimeZone = 'UTC'")
    read = batch.NextBatch.read

    def read_slowly(self: batch.NextBatch) -> bool:
        time.sleep(1.2 * PAUSE)  # longer than every timeout
        return read(self)

    monkeypatch.setattr(batch.NextBatch, "read", read_slowly)
    with connected(hostile, "poll") as connection:
        first = pipeline.poll_through(connection)
        source.run("UPDATE staff SET first_name = 'Later' WHERE staff_id = 2")
        source.run("DELETE FROM payment WHERE payment_id = 3")
        second = pipeline.poll_through(connection)
    assert (first.seq, second.changes) == (
        1,
        {"payment": {"I": 0, "U": 0, "D": 1}, "staff": {"I": 0, "U": 1, "D": 0}},
    )
    for table in contracts.source().tables:
        assert mirrored_rows(pipeline, table) == [
            tuple(naive(value) for value in row) for row in source_rows(source, table)
        ]
    now = datetime.now(UTC).replace(tzinfo=None)
    assert abs(pipeline.lake.batches.entry(2).observed_at - now) < timedelta(minutes=2)


def naive(value: object) -> object:
    """Return a time without its zone, in UTC."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value
