"""Rows that an incremental read does not show: the row count of their bucket reveals them."""

import pytest
from pg8000.native import Connection

from contracts import SourceTable
from ingestion_lambda import bucket_scan, table_poll
from ingestion_lambda.mirror import buckets
from ingestion_lambda.source import extract, scope
from ingestion_lambda.source.scope import NONE, XidRange
from postgres import Sql
from tests.integration.ingestion_lambda.conftest import Pipeline
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime


def test_missed_insertion_is_found_by_the_row_count_and_read(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    pipeline.poll()
    simulator.place_sales_order()
    monkeypatch.setattr(XidRange, "condition", property(lambda _: Sql("FALSE")))
    assert pipeline.poll().changes["sales_order"] == {"I": 1, "U": 0, "D": 0}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> dict[str, Sql]:
    """The condition of the rows that were read, by table, with four keys in a bucket."""
    conditions, of_rows = dict[str, Sql](), extract.rows_query

    def recording(schema: str, table: SourceTable, selected: Sql, condition: Sql) -> Sql:
        conditions[table.name] = condition
        return of_rows(schema, table, selected, condition)

    monkeypatch.setattr(table_poll, "rows_query", recording)
    for module in (buckets, bucket_scan, table_poll):
        monkeypatch.setattr(module, "SHIFT", 2)
    return conditions


def test_rows_are_read_only_in_buckets_with_changed_ones(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch, read: dict[str, Sql]
):
    monkeypatch.setattr(scope, "MARGIN", 0)
    pipeline.poll()
    source.run("UPDATE staff SET first_name = 'Ann' WHERE staff_id IN (4, 7, 8)")
    source.run("UPDATE department SET location = 'York'")
    changed = {"staff": {"I": 0, "U": 3, "D": 0}, "department": {"I": 0, "U": 8, "D": 0}}
    assert pipeline.poll().changes == changed
    assert '("staff_id" >= 4 AND "staff_id" < 12)' in read.pop("staff")
    assert "department_id" not in read.pop("department")  # most of it changed
    assert set(read.values()) == {NONE}


def test_keys_are_fetched_only_if_the_row_count_differs(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    pipeline.poll()
    fetched: list[str] = []
    keys = table_poll.TablePoll._keys

    def recording(self, bucket):
        fetched.append(self._table.name)
        return keys(self, bucket)

    monkeypatch.setattr(table_poll.TablePoll, "_keys", recording)
    simulator.place_sales_order()
    simulator.edit_sales_order_silently()
    pipeline.poll()
    assert fetched == []
    simulator.delete_sales_order()
    pipeline.poll()
    assert fetched == ["sales_order"]
