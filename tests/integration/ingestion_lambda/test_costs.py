"""The cost of a poll: it does not grow with history, nor its memory with the table."""

import tracemalloc
from collections import Counter
from collections.abc import Iterable
from threading import Lock
from typing import Any

import pyarrow as pa
import pytest
from pg8000.native import Connection

from ingestion_lambda import bucket_scan, table_poll
from ingestion_lambda.mirror import buckets
from ingestion_lambda.source import copying, csv_rows, scope
from lake import Lake, Store
from tests.integration.ingestion_lambda.conftest import Pipeline
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime

MANY_ROWS, ROW_BYTES = 100_000, 608
FEW_BYTES = 12 << 20


class Counting:
    """A store that counts its requests by the first folder of the key."""

    def __init__(self, store: Store, requests: Counter[str]) -> None:
        self._store, self._requests, self._lock = store, requests, Lock()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def counted(key: str | Iterable[str], *arguments: object) -> object:
            keys = [key] if isinstance(key, str) else list(key)
            with self._lock:  # of concurrent requests
                self._requests.update(f"{name} {each.partition('/')[0]}" for each in keys)
            return method(key if isinstance(key, str) else keys, *arguments)

        return counted


@pytest.fixture
def requests(pipeline: Pipeline, noon: None) -> Counter[str]:
    requests: Counter[str] = Counter()
    ingestion, processed = (
        Counting(store, requests) for store in (pipeline.lake.ingestion, pipeline.lake.processed)
    )
    pipeline.lake = Lake(ingestion, processed)
    return requests


@pytest.mark.parametrize("loaded", [True, False], ids=["loaded", "warehouse down"])
def test_fortieth_small_batch_costs_the_requests_of_the_third(
    pipeline: Pipeline,
    simulator: Simulator,
    requests: Counter[str],
    loaded: bool,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(scope, "MARGIN", 0)  # the first polls must not read the seed again
    counts = {}
    for seq in range(1, 41):
        if seq > 1:
            simulator.edit_sales_order_silently()
        requests.clear()
        assert pipeline.poll().seq == seq
        counts[seq] = Counter(requests)
        if loaded:
            pipeline.load()
    assert counts[40] == counts[3]  # the first poll that expires objects
    assert counts[3].total() < 17


def test_quiet_poll_reads_no_data_from_the_lake(pipeline: Pipeline, requests: Counter[str]):
    pipeline.poll()
    pipeline.load()
    requests.clear()
    pipeline.poll()
    assert requests["get _audits"] == 1
    assert {request.split()[1] for request in requests} <= {"_log", "_audits", "g=1"}
    assert not any(request.startswith("put_new") for request in requests)


def test_poll_of_a_large_table_holds_a_small_part_of_it_in_memory(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    """Memory is measured at its peaks: after each block is read and each bucket compared. Blocks
    and buckets are smaller than usual, because the table is."""
    monkeypatch.setattr(copying, "BLOCK", 1 << 16)
    for module in (buckets, bucket_scan, table_poll):
        monkeypatch.setattr(module, "SHIFT", 11)
    source.run(
        "INSERT INTO department SELECT 100 + g, repeat(md5(g::text), :times), NULL, NULL, now(),"
        " now() FROM generate_series(1, :rows) g",
        times=ROW_BYTES // 32,
        rows=MANY_ROWS,
    )
    held: list[int] = []

    def measuring(module: Any, name: str) -> None:
        function = getattr(module, name)

        def measured(*arguments: object) -> object:
            result = function(*arguments)
            held.append(pa.total_allocated_bytes())
            return result

        monkeypatch.setattr(module, name, measured)

    measuring(csv_rows, "conform")
    measuring(table_poll, "compare")
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    try:
        assert pipeline.poll().changes["department"]["I"] == MANY_ROWS + 8
        _, python_peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert max(held) - before < FEW_BYTES < MANY_ROWS * ROW_BYTES // 4
    assert python_peak < FEW_BYTES
