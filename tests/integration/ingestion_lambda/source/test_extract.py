"""Rows of the source on their way to disk."""

import time
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any, BinaryIO

import pytest
from pg8000.native import Connection

import contracts
from contracts import SourceTable
from ingestion_lambda.source import copying, extract
from lake import Lake, Store
from lake.errors import LakeUnavailable
from lake.store import Body
from postgres import Sql
from tests.integration.ingestion_lambda.conftest import Pipeline
from tests.sessions import PATIENCE

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


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Event]:
    """Set for each table once all its rows are on disk."""
    copied, spool = {name: Event() for name in contracts.source().tables}, extract._spool

    def spooled(connection: Connection, query: Sql, table: SourceTable, file: BinaryIO) -> None:
        spool(connection, query, table, file)
        copied[table.name].set()

    monkeypatch.setattr(extract, "_spool", spooled)
    return copied


def through(pipeline: Pipeline, table: str, meets: Callable[[], None]) -> None:
    """Let the pipeline's lake take the files of a table as Slow does."""
    lake = pipeline.lake
    pipeline.lake = Lake(Slow(lake.ingestion, table, meets), lake.processed)


def test_rows_of_the_next_tables_are_copied_while_those_of_one_are_written(
    pipeline: Pipeline, copied: Mapping[str, Event]
):
    first, second, third, fourth, *_ = copied
    met = []

    def meets() -> None:
        met.append(copied[second].wait(PATIENCE) and copied[third].wait(PATIENCE))
        assert not copied[fourth].is_set()  # three tables are on disk at most

    through(pipeline, first, meets)
    pipeline.poll()
    assert met == [True, True]  # its mirror and its rows


def test_error_while_the_next_table_is_copied_ends_the_poll_at_once(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    first, second, *_ = contracts.source().tables
    of_rows = extract.rows_query

    def slow(schema: str, table: SourceTable, selected: Sql, condition: Sql) -> Sql:
        for_hours = Sql("pg_sleep(3600) IS NOT NULL")
        return of_rows(schema, table, selected, for_hours if table.name == second else condition)

    def fails() -> None:
        raise LakeUnavailable("full")

    monkeypatch.setattr("ingestion_lambda.table_poll.rows_query", slow)
    through(pipeline, first, fails)
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
