"""Rows of the source on their way to disk."""

import pytest
from pg8000.native import Connection

from ingestion_lambda.errors import RowTooLarge
from ingestion_lambda.source import extract
from postgres import connected
from tests.integration.ingestion_lambda.conftest import Pipeline

pytestmark = pytest.mark.lambda_runtime


def test_row_larger_than_a_block_is_read_with_a_larger_one(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(extract, "BLOCKS", (1 << 12, 1 << 20))
    source.run("UPDATE staff SET first_name = repeat('long', 50000) WHERE staff_id = 7")
    pipeline.poll()
    assert pipeline.mirrored("staff")[6]["first_name"] == "long" * 50000


def test_row_larger_than_every_block_is_an_error(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(extract, "BLOCKS", (1 << 12, 1 << 13))
    source.run("UPDATE staff SET first_name = repeat('long', 50000) WHERE staff_id = 7")
    with connected(pipeline.address, "poll") as connection:
        with pytest.raises(RowTooLarge, match="A row of staff"):
            pipeline.poll_through(connection)
        assert connection.run("SELECT 1") == [[1]]  # the connection is still of use


def test_copy_that_fails_in_the_middle_is_an_error_and_not_a_short_batch(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    fails = "SELECT {columns} FROM {schema}.{table} WHERE {condition} AND 1 / (20 - {key}) < 2"
    monkeypatch.setattr(extract, "ROWS", fails + " ORDER BY {key}")
    with pytest.raises(Exception, match="division by zero"):
        pipeline.poll()
    assert pipeline.lake.batches.head() is None
