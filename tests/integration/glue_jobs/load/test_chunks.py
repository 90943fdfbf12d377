"""A load commits whole batches in chunks, and ends before its time limit."""

from pathlib import Path
from typing import Any

import pytest

from glue_jobs.errors import BatchTooLarge
from glue_jobs.load import ledger, staging, transaction
from glue_jobs.load.chunks import ROWS_PER_SECOND, ChunkSize
from glue_jobs.load.pending import Pending, next_pending
from glue_jobs.load.transaction import LoadResult, Target, load
from glue_jobs.time_limit import TimeLimit
from lake import new_run
from lake.entries import BuildEntry, Output
from lake.freshness import freshness
from postgres import Connection, from_dsn
from tests.crashes import killed
from tests.processed import FACT, ProcessedLake, calendar, version_row

LEDGER = "select batch_seq, rows from etl.ledger order by batch_seq"
VERSIONS = "select sales_order_id, batch_seq from warehouse.fact_sales_order order by 2, 1"


@pytest.fixture
def processed(tmp_path: Path) -> ProcessedLake:
    """Return a lake with five batches; batch n has n versions. The first one has a day, too."""
    lake = ProcessedLake(tmp_path)
    for seq in range(1, 6):
        rows = {FACT: [version_row(order, seq) for order in range(1, seq + 1)]}
        lake.add({**rows, **(calendar() if seq == 1 else {})})
    return lake


@pytest.fixture
def ranges(processed: ProcessedLake) -> ProcessedLake:
    """Return the same lake with ranges in a second generation: facts 1 to 2 and 3 to 5, dimensions
    1 to 4 and 5."""
    first, second = processed.lake, ProcessedLake(processed.root, generation=2)
    lake = second.lake
    for log, earlier, ends in (
        (lake.facts, first.facts, (2, 5)),
        (lake.dimensions, first.dimensions, (4, 5)),
    ):
        begin = 1
        for number, end in enumerate(ends, 1):
            entries = [earlier.entry(seq) for seq in range(begin, end + 1)]
            log.commit(merged(number, entries))
            begin = end + 1
    return second


def merged(number: int, entries: list[BuildEntry]) -> BuildEntry:
    """Return one entry with the files of several."""
    tables: dict[str, Output] = {}
    for entry in entries:
        for name, output in entry.tables.items():
            before = tables.get(name, Output((), 0))
            batches = {**before.batches, entry.first: output.rows}
            tables[name] = Output(before.files + output.files, before.rows + output.rows, batches)
    first, last = entries[0].first, entries[-1].last
    return BuildEntry(number, "range", entries[-1].committed_at, tables, first=first, last=last)


def loaded(lake: ProcessedLake, dsn: str, size: ChunkSize, limit: int = 0) -> LoadResult:
    target = Target(from_dsn(dsn), "warehouse")
    return load(lake.lake, target, new_run(), size, TimeLimit(limit))


@pytest.mark.parametrize("generation", ["batches", "ranges"])
def test_chunks_hold_whole_batches_and_are_logged_one_by_one(
    warehouse_dsn: str,
    connection: Connection,
    request: pytest.FixtureRequest,
    generation: str,
):
    lake = request.getfixturevalue("ranges" if generation == "ranges" else "processed")
    result = loaded(lake, warehouse_dsn, ChunkSize(rows=6))

    logged = [(entry.first, entry.last) for entry in lake.lake.loads.after(0)]
    assert logged == [(1, 2), (3, 3), (4, 4), (5, 5)]  # 2 + 2, 3, 4 and 5 rows
    assert connection.run(LEDGER) == [[1, 2], [2, 2], [3, 3], [4, 4], [5, 5]]
    assert connection.run(VERSIONS) == [[n, seq] for seq in range(1, 6) for n in range(1, seq + 1)]
    assert (result.from_seq, result.through_seq, result.left) == (1, 5, 0)
    assert result.rows[FACT] == 15


def test_load_ends_before_its_limit_and_the_next_one_goes_on(
    warehouse_dsn: str,
    connection: Connection,
    processed: ProcessedLake,
    monkeypatch: pytest.MonkeyPatch,
):
    load_chunk = transaction._load_chunk

    def slow(*arguments: Any) -> LoadResult | None:
        chunk = load_chunk(*arguments)
        limit.longest = 1_000  # no other chunk has time after this one
        return chunk

    limit = TimeLimit(900)
    monkeypatch.setattr(transaction, "_load_chunk", slow)
    target = Target(from_dsn(warehouse_dsn), "warehouse")
    first = load(processed.lake, target, new_run(), ChunkSize(rows=4), limit)

    assert (first.through_seq, first.left) == (2, 3)
    assert processed.lake.loads.last_batch() == 2
    assert freshness(processed.lake, 5, 2) <= freshness(processed.lake, 5, 0)
    second = loaded(processed, warehouse_dsn, ChunkSize())
    assert (second.from_seq, second.through_seq, second.left) == (3, 5, 0)
    assert len(connection.run(LEDGER)) == 5


def test_batch_too_large_for_the_limit_is_refused_until_it_is_allowed(
    warehouse_dsn: str, connection: Connection, tmp_path: Path
):
    lake = ProcessedLake(tmp_path)
    rows = ROWS_PER_SECOND * 10 + 1
    lake.add({**calendar(), FACT: [version_row(1, 1)]}, recorded={FACT: rows})
    with pytest.raises(BatchTooLarge, match="To fix: run the load once with --allow-large-batch"):
        loaded(lake, warehouse_dsn, ChunkSize(), limit=10)
    assert connection.run(LEDGER) == []
    allowed = ChunkSize(allows_large_batch=True)
    assert allowed.has_time(pending_of(lake), TimeLimit(10))


def pending_of(lake: ProcessedLake) -> Pending:
    return next_pending(lake.lake, 0, 0, 1, 1)


@pytest.mark.parametrize(
    ("where", "after", "batches"),
    [
        pytest.param((staging, "copy_files", 1), True, 0, id="while rows are staged"),
        pytest.param((ledger, "record_batches", 1), True, 0, id="in the transaction"),
        pytest.param((transaction, "record_loads", 1), False, 2, id="before the log"),
        pytest.param((transaction, "_load_chunk", 2), False, 2, id="between two chunks"),
    ],
)
def test_load_that_is_killed_leaves_whole_batches_and_the_next_one_completes_the_log(
    warehouse_dsn: str,
    connection: Connection,
    ranges: ProcessedLake,
    where: tuple[Any, str, int],
    after: bool,
    batches: int,
):
    size = ChunkSize(rows=4)
    killed(lambda: loaded(ranges, warehouse_dsn, size), *where, after=after)
    assert connection.run(LEDGER) == [[1, 2], [2, 2]][:batches]
    assert ranges.lake.loads.last_batch() == (2 if where[1] == "_load_chunk" else 0)

    loaded(ranges, warehouse_dsn, ChunkSize())
    logged = [(entry.first, entry.last) for entry in ranges.lake.loads.after(0)]
    assert logged == ([(1, 2), (3, 5)] if batches else [(1, 5)])
    assert connection.run(VERSIONS) == [[n, seq] for seq in range(1, 6) for n in range(1, seq + 1)]
