"""Rows of the source on their way to disk."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from pg8000.native import Connection

from contracts import SourceTable
from ingestion_lambda.mirror import buckets
from ingestion_lambda.source import copying, extract
from lake import Lake, Store
from lake.errors import LakeUnavailable
from lake.store import Body
from postgres import Sql
from tests.integration.ingestion_lambda.conftest import Pipeline

pytestmark = pytest.mark.lambda_runtime


def test_rows_of_many_blocks_and_a_row_larger_than_a_block_are_read(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(copying, "BLOCK", 100)
    name = 'one\ntwo, "three"\r\n' * 10_000
    source.run("UPDATE staff SET first_name = :name WHERE staff_id = 7", name=name)
    pipeline.poll()
    staff = pipeline.mirrored("staff")
    assert [row["staff_id"] for row in staff] == list(range(1, 21))
    assert staff[6]["first_name"] == name


class Slow:
    """A store that ``meets`` each data object of a table before it takes it."""

    def __init__(self, store: Store, table: str, meets: Callable[[], None]) -> None:
        self._store, self._table, self._meets = store, table, meets

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put_new(self, key: str, body: Body) -> None:
        if f"/{self._table}/" in key:
            self._meets()
        self._store.put_new(key, body)


def through(pipeline: Pipeline, table: str, meets: Callable[[], None]) -> None:
    """Let the pipeline's lake take the files of a table as Slow does."""
    lake = pipeline.lake
    pipeline.lake = Lake(Slow(lake.ingestion, table, meets), lake.processed)


MANY = 3000
"""Rows that do not fit into memory at once, with the blocks and buckets of ``large``."""


@pytest.fixture
def large(source: Connection, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a table with rows of many blocks in many buckets."""
    monkeypatch.setattr(copying, "BLOCK", 1000)
    monkeypatch.setattr(copying, "WAITING", 16_000)
    monkeypatch.setattr(buckets, "SHIFT", 4)
    source.run(
        "INSERT INTO department SELECT 100 + g, repeat('x', 1000), NULL, NULL, now(), now()"
        " FROM generate_series(1, :rows) g",
        rows=MANY,
    )
    return "department"


def test_rows_of_a_first_poll_are_written_while_later_ones_arrive(
    pipeline: Pipeline, large: str, monkeypatch: pytest.MonkeyPatch
):
    arrived, has_arrived, receive = list[str](), list[bool](), copying._receive

    def receiving(connection: Connection, copy: Sql, blocks: Any) -> None:
        receive(connection, copy, blocks)
        arrived.append(copy)

    def meets() -> None:
        has_arrived.append(any(f'"{large}"' in copy for copy in arrived))

    monkeypatch.setattr(copying, "_receive", receiving)
    through(pipeline, large, meets)
    assert pipeline.poll().changes[large]["I"] == MANY + 8
    assert (has_arrived[0], has_arrived[-1]) == (False, True)


def test_error_while_rows_arrive_ends_a_first_poll_at_once(
    pipeline: Pipeline, large: str, monkeypatch: pytest.MonkeyPatch
):
    of_rows = extract.rows_query

    def slow(schema: str, table: SourceTable, selected: Sql, condition: Sql) -> Sql:
        rows, sleeps = (
            of_rows(schema, table, selected, each)
            for each in (condition, Sql("pg_sleep(3600) IS NOT NULL"))
        )
        return Sql(f"({rows}) UNION ALL ({sleeps})") if table.name == large else rows

    def fails() -> None:
        raise LakeUnavailable("full")

    monkeypatch.setattr("ingestion_lambda.table_poll.rows_query", slow)
    through(pipeline, large, fails)
    began = time.monotonic()
    with pytest.raises(LakeUnavailable, match="full"):
        pipeline.poll()
    assert time.monotonic() - began < 60
    assert pipeline.lake.batches.head() is None


def test_copy_that_fails_in_the_middle_is_an_error_and_not_a_short_batch(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    fails = "SELECT {columns} FROM {schema}.{table} WHERE {condition} AND 1 / (20 - {key}) < 2"
    monkeypatch.setattr(extract, "ROWS", fails + " ORDER BY {key}")
    with pytest.raises(Exception, match="division by zero"):
        pipeline.poll()
    assert pipeline.lake.batches.head() is None
