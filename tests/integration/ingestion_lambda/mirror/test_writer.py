"""Objects of the mirror are fetched and put concurrently."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Condition
from typing import Any

import pytest
from pg8000.native import Connection

from ingestion_lambda import bucket_scan, table_poll
from ingestion_lambda.mirror import buckets
from lake import LakeUnavailable, Store
from lake.concurrent import CONCURRENCY
from tests.integration.ingestion_lambda.conftest import Pipeline
from tests.sessions import PATIENCE

pytestmark = pytest.mark.lambda_runtime

MIRROR = "_mirror/sales_order/bucket="
EDIT_ALL = "UPDATE sales_order SET units_sold = units_sold + 1"

MANY = 20


@dataclass
class Slow:
    """A store whose requests for buckets of orders wait until CONCURRENCY are in progress. It
    records how many of all were at once."""

    store: Store
    waits: bool = True
    in_progress: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    refused: str = "none"
    _changed: Condition = field(default_factory=Condition)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)

        def slowly(key: str, *arguments: object) -> object:
            if name == "put_new" and self.refused in key:
                raise LakeUnavailable(f"{key} cannot be written")
            with self._counted(name, key):
                return method(key, *arguments)

        return slowly

    @contextmanager
    def _counted(self, name: str, key: str) -> Iterator[None]:
        with self._changed:
            now = self.in_progress[name] = self.in_progress.get(name, 0) + 1
            self.most[name] = max(self.most.get(name, 0), now)
            self._changed.notify_all()
            if self.waits and name in ("get", "put_new") and MIRROR in key:
                assert self._changed.wait_for(lambda: self.most[name] >= CONCURRENCY, PATIENCE)
        yield
        with self._changed:
            self.in_progress[name] -= 1


@pytest.fixture
def slow(pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch) -> Slow:
    """The ingestion store, after a poll of a source whose orders are in many small buckets."""
    for module in (buckets, bucket_scan, table_poll):
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
    assert slow.most["get"] == CONCURRENCY
    assert CONCURRENCY <= slow.most["put_new"] <= CONCURRENCY + 1  # and the changed rows
    slow.waits = False
    assert len(pipeline.mirrored("sales_order")) == edited


def test_buckets_with_deleted_rows_are_fetched_concurrently(
    pipeline: Pipeline, source: Connection, slow: Slow
):
    source.run("DELETE FROM sales_order WHERE sales_order_id <= 26")
    assert pipeline.poll().changes["sales_order"]["D"] >= MANY
    assert slow.most["get"] == CONCURRENCY


@pytest.mark.parametrize("refused", ["bucket=9", "page=0"])
def test_refused_put_fails_the_poll_and_nothing_is_committed(
    pipeline: Pipeline, source: Connection, slow: Slow, refused: str
):
    source.run(EDIT_ALL)
    slow.refused, slow.waits = f"_mirror/sales_order/{refused}/", False
    with pytest.raises(LakeUnavailable):
        pipeline.poll()
    assert pipeline.lake.batches.head_seq() == 1
    slow.refused = "none"
    assert pipeline.poll().seq == 2
