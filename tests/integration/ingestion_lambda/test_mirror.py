"""Objects of the mirror: fetched and put several at once, retired once nothing names them."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pg8000.native import Connection

from ingestion_lambda import table_poll
from ingestion_lambda.mirror import buckets, expiry
from lake import LakeUnavailable, Log, Store
from lake.concurrent import CONCURRENCY
from tests.integration.ingestion_lambda.conftest import Pipeline

pytestmark = pytest.mark.lambda_runtime

EDIT_ALL = "UPDATE sales_order SET units_sold = units_sold + 1"
MANY = 20


@dataclass
class Slow:
    """A store whose objects take a moment, and which knows how many were under way at once."""

    store: Store
    under_way: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    refused: str = "none"
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __getattr__(self, name: str) -> Any:
        method, pause = getattr(self.store, name), 0.1 if name in ("get", "put_new") else 0

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
            now = self.under_way[name] = self.under_way.get(name, 0) + change
            self.most[name] = max(self.most.get(name, 0), now)


@pytest.fixture
def slow(pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch) -> Slow:
    """The ingestion store, after a poll of a source whose orders lie in many small buckets."""
    for module in (buckets, table_poll):
        monkeypatch.setattr(module, "SHIFT", 0)
    [[orders]] = source.run("SELECT count(*) FROM sales_order")
    assert orders > MANY
    pipeline.poll()
    slow = Slow(pipeline.lake.ingestion)
    pipeline.lake = replace(pipeline.lake, ingestion=slow)
    return slow


@pytest.mark.parametrize("reread", [(), ("sales_order",)], ids=["changes", "everything"])
def test_buckets_are_fetched_and_put_several_at_once(
    pipeline: Pipeline, source: Connection, slow: Slow, reread: tuple[str, ...]
):
    source.run(EDIT_ALL)
    edited = pipeline.poll(reread=reread).changes["sales_order"]["U"]
    assert edited > MANY
    assert CONCURRENCY // 2 < slow.most["get"] <= CONCURRENCY
    assert CONCURRENCY // 2 < slow.most["put_new"] <= CONCURRENCY
    assert len(pipeline.mirrored("sales_order")) == edited


def test_deleted_rows_are_looked_for_in_several_buckets_at_once(
    pipeline: Pipeline, source: Connection, slow: Slow
):
    source.run("DELETE FROM sales_order WHERE sales_order_id <= 26")
    assert pipeline.poll().changes["sales_order"]["D"] >= MANY
    assert CONCURRENCY // 2 < slow.most["get"] <= CONCURRENCY


def test_one_put_that_is_refused_fails_the_poll_and_nothing_is_committed(
    pipeline: Pipeline, source: Connection, slow: Slow
):
    source.run(EDIT_ALL)
    slow.refused = "_mirror/sales_order/bucket=9/"
    with pytest.raises(LakeUnavailable):
        pipeline.poll()
    assert pipeline.lake.batches.head_seq() == 1
    slow.refused = "none"
    assert pipeline.poll().seq == 2


@pytest.fixture
def happened(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What polls did that others see, in order; a expiry with its keys."""
    happened: list[str] = []
    publish, commit = pipeline.bus.publish, Log.commit

    def committing(self, entry):
        commit(self, entry)
        happened.append("commit")

    def publishing(event: dict[str, Any]) -> None:
        happened.append("event")
        publish(event)

    def retiring(keys: Iterable[str]) -> None:
        happened.extend(keys)

    monkeypatch.setattr(Log, "commit", committing)
    monkeypatch.setattr(pipeline.bus, "publish", publishing)
    monkeypatch.setattr(pipeline.lake.ingestion, "expire", retiring)
    return happened


def rename_design(source: Connection, seq: int) -> None:
    source.run("UPDATE design SET file_name = :name WHERE design_id = 1", name=f"{seq}.json")


def design_keys(pipeline: Pipeline, *seqs: int) -> list[str]:
    """The objects that these batches' mirrors name for the one bucket of designs."""
    entries = map(pipeline.lake.batches.entry, seqs)
    return [bucket.key for entry in entries for bucket in entry.mirror["design"].values()]


def test_what_a_batch_superseded_is_retired_once_it_is_loaded_after_a_commit_and_its_event(
    pipeline: Pipeline, source: Connection, happened: list[str]
):
    pipeline.poll()
    rename_design(source, 2)
    pipeline.poll()
    pipeline.load()
    happened.clear()
    rename_design(source, 3)
    pipeline.poll()
    assert happened == ["commit", "event", *design_keys(pipeline, 1)]


def test_what_a_batch_that_is_not_loaded_superseded_is_kept_for_the_jobs_to_read(
    pipeline: Pipeline, source: Connection, happened: list[str]
):
    pipeline.poll()
    pipeline.load()
    happened.clear()
    for seq in (2, 3, 4):
        rename_design(source, seq)
        pipeline.poll()
    assert happened == ["commit", "event"] * 3


@pytest.mark.parametrize("at_once", [2, 100])
def test_everything_superseded_is_retired_once_however_far_the_load_lagged(
    pipeline: Pipeline,
    source: Connection,
    happened: list[str],
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
):
    monkeypatch.setattr(expiry, "AT_ONCE", at_once)
    for seq in range(1, 6):
        rename_design(source, seq)
        pipeline.poll()
    for seq in range(6, 10):
        pipeline.load()
        rename_design(source, seq)
        pipeline.poll()
    expired_through = [each for each in happened if each not in ("commit", "event")]
    assert expired_through == design_keys(pipeline, *range(1, 8))


def test_poll_that_was_beaten_retires_nothing(
    pipeline: Pipeline, source: Connection, happened: list[str], monkeypatch: pytest.MonkeyPatch
):
    pipeline.poll()
    rename_design(source, 2)
    pipeline.poll()
    pipeline.load()
    rename_design(source, 3)
    commit = Log.commit

    def late(self, entry):
        monkeypatch.setattr(Log, "commit", commit)
        pipeline.poll()  # another one is quicker
        assert happened[-1:] == design_keys(pipeline, 1)
        happened.clear()
        commit(self, entry)

    monkeypatch.setattr(Log, "commit", late)
    pipeline.poll()
    assert happened == ["event"]


def test_quiet_poll_retires_nothing(pipeline: Pipeline, source: Connection, happened: list[str]):
    pipeline.poll()
    rename_design(source, 2)
    pipeline.poll()
    pipeline.load()
    happened.clear()
    pipeline.poll()
    assert happened == []
