"""Concurrent polls, repeated polls, and polls that are killed."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from pg8000.native import Connection

from ingestion_lambda import batch
from ingestion_lambda import poll as poll_module
from ingestion_lambda.capture import log_reading, preparation
from ingestion_lambda.source.log import slot
from ingestion_lambda.source.snapshot import open_snapshot
from lake import Store
from lake.directory import DirectoryStore
from lake.layout import BATCH_LOG
from tests.integration.ingestion_lambda.conftest import Pipeline, both_ways
from tests.sessions import PATIENCE
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime


@both_ways
def test_concurrent_polls_commit_each_change_once(
    pipeline: Pipeline,
    source: Connection,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
):
    for module in (slot, log_reading):  # on a busy machine one poll waits long for another
        monkeypatch.setattr(module, "BUSY_TIMEOUT", PATIENCE)
    for module in (slot, preparation):
        monkeypatch.setattr(module, "CREATE_TIMEOUT", PATIENCE)
    orders = len(source.run("SELECT 1 FROM sales_order"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: pipeline.poll(), range(4)))
    assert len(pipeline.landed("sales_order")) == orders
    edits = [simulator.edit_sales_order_silently() for _ in range(5)]
    with ThreadPoolExecutor(4) as pool:
        polled = list(pool.map(lambda _: pipeline.poll(), range(4)))
    is_by_log = pipeline.capture.method == "log"
    changed = len(edits) if is_by_log else len({edit.key for edit in edits})
    assert len(pipeline.landed("sales_order")) == orders + changed
    assert len([each for each in polled if each.changes]) == 1


@pytest.mark.parametrize("killed_after", range(0, 40, 3))
def test_poll_killed_at_any_write_leaves_no_trace_and_the_next_is_complete(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, killed_after: int
):
    put = list[str]()
    put_new = DirectoryStore.put_new

    def put_until_killed(self: Store, key: str, body: bytes) -> None:
        if len(put) == killed_after:
            raise KeyboardInterrupt
        put.append(key)
        put_new(self, key, body)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(DirectoryStore, "put_new", put_until_killed)
    try:
        pipeline.poll()
    except KeyboardInterrupt:
        is_committed = any(key.startswith(BATCH_LOG) for key in put)  # before the audit's record
        assert pipeline.lake.batches.head_seq() == int(is_committed)
    monkeypatch.undo()
    pipeline.poll()
    assert pipeline.lake.batches.head_seq() == 1
    simulator.edit_sales_order_silently()
    assert pipeline.poll().seq == 2


def test_lost_event_is_sent_by_the_next_poll(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch):
    def lose(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(poll_module, "batch_committed", lose)
    with pytest.raises(KeyboardInterrupt):
        pipeline.poll()
    monkeypatch.undo()
    assert pipeline.bus.events == []
    assert pipeline.poll().emitted


def test_objects_of_the_lake_never_change(pipeline: Pipeline, simulator: Simulator):
    def objects() -> dict[str, bytes]:
        files = (path for path in pipeline.folder.rglob("*") if path.is_file())
        return {str(path): path.read_bytes() for path in files}

    pipeline.poll()
    before = objects()
    for _ in range(3):
        simulator.edit_sales_order_silently()
        simulator.delete_sales_order()
        simulator.place_sales_order()
        pipeline.poll()
    after = objects()
    assert {path: after[path] for path in before} == before
    assert len(after) > len(before)


@both_ways
def test_batch_is_one_snapshot_whatever_commits_during_the_poll(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    """An order, its transaction and its payment are in one batch or in none."""
    pipeline.poll()
    land = batch.NextBatch._land

    def place_and_land(self, table, what):
        if table.name == "sales_order":  # after payment, before transaction
            simulator.place_sales_order()
        return land(self, table, what)

    simulator.edit_sales_order_silently()
    with monkeypatch.context() as patch:
        patch.setattr(batch.NextBatch, "_land", place_and_land)
        assert set(pipeline.poll().changes) == {"sales_order"}
    one = {"I": 1, "U": 0, "D": 0}
    assert pipeline.poll().changes == {"sales_order": one, "transaction": one, "payment": one}


@both_ways
def test_poll_overtaken_after_its_snapshot_reverts_nothing(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    pipeline.poll()
    simulator.edit_sales_order_silently(1)

    @contextmanager
    def overtaken(connection, source):
        with open_snapshot(connection, source) as snapshot, monkeypatch.context() as patch:
            patch.setattr(poll_module, "open_snapshot", open_snapshot)
            simulator.edit_sales_order_silently(2)
            assert pipeline.poll().changes == {"sales_order": {"I": 0, "U": 2, "D": 0}}
            yield snapshot

    with monkeypatch.context() as patch:
        patch.setattr(poll_module, "open_snapshot", overtaken)
        assert pipeline.poll().changes == {}
    assert pipeline.lake.batches.head_seq() == 2
    assert pipeline.poll().changes == {}
