"""Objects of the mirror are fetched and put concurrently."""

import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pg8000.native import Connection

from ingestion_lambda import table_poll
from ingestion_lambda.mirror import buckets
from lake import LakeUnavailable, Store
from lake.concurrent import CONCURRENCY
from tests.integration.ingestion_lambda.conftest import Pipeline

pytestmark = pytest.mark.lambda_runtime

EDIT_ALL = "UPDATE sales_order SET units_sold = units_sold + 1"

MANY = 20


@dataclass
class Slow:
    """A store with slow objects that records how many requests were in progress at once."""

    store: Store
    pause: float = 0.15  # seconds
    in_progress: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    refused: str = "none"
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __getattr__(self, name: str) -> Any:
        method, pause = getattr(self.store, name), self.pause if name in ("get", "put_new") else 0

        def slowly(key: str, *arguments: object) -> object:
            if name == "put_new" and self.refused in key:
                raise LakeUnavailable(f"{key} cannot be written")
            self._count(name, 1)
            try:
                time.sleep(pause)
                return method(key, *arguments)
            finally:
                self._count(name, -1)

        return slowly

    def _count(self, name: str, change: int) -> None:
        with self._lock:
            now = self.in_progress[name] = self.in_progress.get(name, 0) + change
            self.most[name] = max(self.most.get(name, 0), now)


@pytest.fixture
def slow(pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch) -> Slow:
    """The ingestion store, after a poll of a source whose orders are in many small buckets."""
    for module in (buckets, table_poll):
        monkeypatch.setattr(module, "SHIFT", 0)
    [[orders]] = source.run("SELECT count(*) FROM sales_order")
    assert orders > MANY
    pipeline.poll()
    slow = Slow(pipeline.lake.ingestion)
    pipeline.lake = replace(pipeline.lake, ingestion=slow)
    return slow


@pytest.mark.parametrize("reread", [(), ("sales_order",)], ids=["changes", "everything"])
def test_buckets_are_fetched_and_put_concurrently(
    pipeline: Pipeline, source: Connection, slow: Slow, reread: tuple[str, ...]
):
    source.run(EDIT_ALL)
    edited = pipeline.poll(reread=reread).changes["sales_order"]["U"]
    assert edited > MANY
    assert CONCURRENCY // 4 < slow.most["get"] <= CONCURRENCY
    assert CONCURRENCY // 4 < slow.most["put_new"] <= CONCURRENCY + 1  # and the changed rows
    slow.pause = 0
    assert len(pipeline.mirrored("sales_order")) == edited


def test_buckets_with_deleted_rows_are_fetched_concurrently(
    pipeline: Pipeline, source: Connection, slow: Slow
):
    source.run("DELETE FROM sales_order WHERE sales_order_id <= 26")
    assert pipeline.poll().changes["sales_order"]["D"] >= MANY
    assert CONCURRENCY // 4 < slow.most["get"] <= CONCURRENCY


@pytest.mark.parametrize("refused", ["bucket=9", "page=0"])
def test_refused_put_fails_the_poll_and_nothing_is_committed(
    pipeline: Pipeline, source: Connection, slow: Slow, refused: str
):
    source.run(EDIT_ALL)
    slow.refused = f"_mirror/sales_order/{refused}/"
    with pytest.raises(LakeUnavailable):
        pipeline.poll()
    assert pipeline.lake.batches.head_seq() == 1
    slow.refused, slow.pause = "none", 0
    assert pipeline.poll().seq == 2
