"""The load registers exactly the files that the logs name."""

from datetime import date
from pathlib import Path
from threading import Barrier

import pytest

from glue_jobs.load import partitions
from glue_jobs.load.partitions import Partition, Registry, Table
from lake import Log, layout, now
from lake.entries import Batch, BuildEntry, LoadEntry, Output, RetryEntry
from tests.athena.catalog import MemoryCatalog
from tests.lake_builder import LakeBuilder, row

FACT, TOMBSTONES = Table("processed_g1", "fact_sales_order"), "fact_sales_order_tombstones"
ORDERS = Table("ingestion", "sales_order")


@pytest.fixture
def built(tmp_path: Path) -> LakeBuilder:
    return LakeBuilder(tmp_path / "lake")


@pytest.fixture
def catalog() -> MemoryCatalog:
    return MemoryCatalog()


def add(built: LakeBuilder, *facts: str, tombstones: tuple[str, ...] = ()) -> int:
    """Add a batch with a sales order and these built files, and return its seq."""
    seq = built.insert(sales_order=[row("sales_order", 1)]).seq
    built.lake.dimensions.commit(BuildEntry(seq, f"dimensions-{seq}", now(), {}))
    outputs = {FACT.name: Output(facts, 1)} if facts else {}
    deleted = {FACT.name: Output(tombstones, 1)} if tombstones else {}
    built.lake.facts.commit(BuildEntry(seq, f"facts-{seq}", now(), outputs, tombstones=deleted))
    return seq


def file(table: str, seq: int, name: str = "part", run: str = "run") -> str:
    return f"{layout.processed_folder(1, table, seq, run)}{name}.parquet"


def batches(catalog: MemoryCatalog, table: Table) -> list[str]:
    """Return the last value of each partition of a table, without leading zeros."""
    return [values[-1].lstrip("0") for values in catalog.partitions[table]]


def test_batch_is_a_partition_of_each_table_of_which_it_has_rows(
    built: LakeBuilder, catalog: MemoryCatalog
):
    add(built, file(FACT.name, 1))
    Registry(catalog).register(built.lake, 1, 0)
    entry = built.lake.batches.entry(1)
    [day, batch] = next(iter(catalog.partitions[ORDERS]))
    assert (day, batch) == (str(entry.observed_at.date()), f"{1:020}-{entry.run}")
    folder = layout.batch_key("totesys", "sales_order", date.fromisoformat(day), 1, entry.run)
    assert catalog.partitions[ORDERS] == {
        (day, batch): built.lake.ingestion.uri(folder.removesuffix("part.parquet"))
    }
    assert catalog.partitions[FACT] == {
        (f"{1:020}-run",): built.lake.processed.uri(layout.processed_folder(1, FACT.name, 1, "run"))
    }
    assert catalog.partitions.keys() == {ORDERS, FACT}


def test_several_files_of_a_batch_are_one_partition(built: LakeBuilder, catalog: MemoryCatalog):
    add(built, file(FACT.name, 1, "one"), file(FACT.name, 1, "two"))
    Registry(catalog).register(built.lake, 1, 0)
    assert batches(catalog, FACT) == ["1-run"]


def test_tombstones_are_partitions_of_their_own_table(built: LakeBuilder, catalog: MemoryCatalog):
    add(built, tombstones=(file(TOMBSTONES, 1),))
    Registry(catalog).register(built.lake, 1, 0)
    assert batches(catalog, Table("processed_g1", TOMBSTONES)) == ["1-run"]
    assert FACT not in catalog.partitions


def test_only_batches_missing_in_the_load_log_are_registered(
    built: LakeBuilder, catalog: MemoryCatalog
):
    for seq in (1, 2, 3):
        add(built, file(FACT.name, seq))
    built.lake.loads.commit(LoadEntry(1, "load", now()))
    Registry(catalog).register(built.lake, 2, 0)
    assert batches(catalog, FACT) == ["2-run"]


@pytest.mark.parametrize(("again_from", "registered"), [(0, 3), (1, 3), (2, 2), (3, 1)])
def test_batches_are_registered_again_from_the_requested_one(
    built: LakeBuilder, catalog: MemoryCatalog, again_from: int, registered: int
):
    for seq in (1, 2, 3):
        add(built, file(FACT.name, seq))
        built.lake.loads.commit(LoadEntry(seq, "load", now()))
    Registry(catalog, again_from).register(built.lake, 3, 0)
    assert len(catalog.partitions[FACT]) == registered


def test_batches_missing_in_the_load_log_are_registered_also_with_a_later_start(
    built: LakeBuilder, catalog: MemoryCatalog
):
    for seq in (1, 2, 3, 4):
        add(built, file(FACT.name, seq))
    built.lake.loads.commit(LoadEntry(1, "load", now()))
    Registry(catalog, 4).register(built.lake, 4, 0)
    assert batches(catalog, FACT) == ["2-run", "3-run", "4-run"]


def test_entries_are_read_concurrently(
    built: LakeBuilder, catalog: MemoryCatalog, monkeypatch: pytest.MonkeyPatch
):
    for seq in (1, 2, 3, 4):
        add(built, file(FACT.name, seq))
    barrier, entry = Barrier(4), Log.entry

    def wait_for_others(log: Log[Batch], seq: int) -> Batch:
        if log.address == built.lake.batches.address:
            barrier.wait(timeout=10)
        return entry(log, seq)

    monkeypatch.setattr(Log, "entry", wait_for_others)
    Registry(catalog).register(built.lake, 4, 0)
    assert batches(catalog, FACT) == ["1-run", "2-run", "3-run", "4-run"]


def test_progress_is_logged_after_each_part(
    built: LakeBuilder,
    catalog: MemoryCatalog,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr(partitions, "MAX_BATCHES", 2)
    for seq in (1, 2, 3):
        add(built, file(FACT.name, seq))
    caplog.set_level("INFO", logger=partitions.__name__)
    Registry(catalog).register(built.lake, 3, 0)
    logged = [vars(record).get("through") for record in caplog.records]
    assert [through for through in logged if through] == [2, 3]


def test_many_batches_are_registered_in_parts(
    built: LakeBuilder, catalog: MemoryCatalog, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(partitions, "MAX_BATCHES", 2)
    for seq in range(1, 6):
        add(built, file(FACT.name, seq))
    sizes: list[int] = []

    def record_size(table: Table, partitions: list[Partition]) -> None:
        sizes.append(len(partitions))

    monkeypatch.setattr(catalog, "add", record_size)
    Registry(catalog).register(built.lake, 5, 0)
    assert sizes == [2, 2, 2, 2, 1, 1]


def test_loaded_retries_are_registered_by_every_load(built: LakeBuilder, catalog: MemoryCatalog):
    add(built, file(FACT.name, 1), tombstones=(file(TOMBSTONES, 1),))
    built.lake.loads.commit(LoadEntry(1, "load", now()))
    for seq, run in ((1, "retry"), (2, "not-loaded")):
        back = {FACT.name: Output((file(FACT.name, 1, run=run),), 1)}
        files = (file(TOMBSTONES, 1), file(TOMBSTONES, 1, run=run))
        deleted = {FACT.name: Output(files, 2)}
        built.lake.retries.commit(
            RetryEntry(seq, run, now(), 1, back, {}, 1, {}, tombstones=deleted)
        )
    Registry(catalog).register(built.lake, 1, 1)
    assert batches(catalog, FACT) == ["1-retry"]
    assert batches(catalog, Table("processed_g1", TOMBSTONES)) == ["1-run", "1-retry"]
