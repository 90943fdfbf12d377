"""Rows that an incremental read does not show: the row count of their bucket reveals them."""

import pytest

from ingestion_lambda import table_poll
from ingestion_lambda.source.scope import XidRange
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
