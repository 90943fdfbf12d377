"""What is registered: what the logs name, and nothing else."""

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

FACT, GONE = Table("processed_g1", "fact_sales_order"), "fact_sales_order_tombstones"
ORDERS = Table("ingestion", "sales_order")


@pytest.fixture
def built(tmp_path: Path) -> LakeBuilder:
    return LakeBuilder(tmp_path / "lake")


@pytest.fixture
def catalog() -> MemoryCatalog:
    return MemoryCatalog()


def add(built: LakeBuilder, *facts: str, tombstones: tuple[str, ...] = ()) -> int:
    """A batch with a sales order, and these files made of it; its seq."""
    seq = built.insert(sales_order=[row("sales_order", 1)]).seq
    built.lake.dimensions.commit(BuildEntry(seq, f"dimensions-{seq}", now(), {}))
    outputs = {FACT.name: Output(facts, 1)} if facts else {}
    gone = {FACT.name: Output(tombstones, 1)} if tombstones else {}
    built.lake.facts.commit(BuildEntry(seq, f"facts-{seq}", now(), outputs, tombstones=gone))
    return seq


def file(table: str, seq: int, name: str = "part", run: str = "run") -> str:
    return f"{layout.processed_folder(1, table, seq, run)}{name}.parquet"


def batches(catalog: MemoryCatalog, table: Table) -> list[str]:
    """The partitions of a table by the last of their values, without leading zeros."""
    return [values[-1].lstrip("0") for values in catalog.partitions[table]]


def test_a_batch_is_a_partition_of_each_table_that_it_brought_rows_to(
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


def test_deletions_without_values_are_a_table_of_their_own(
    built: LakeBuilder, catalog: MemoryCatalog
):
    add(built, tombstones=(file(GONE, 1),))
    Registry(catalog).register(built.lake, 1, 0)
    assert batches(catalog, Table("processed_g1", GONE)) == ["1-run"]
    assert FACT not in catalog.partitions


def test_only_batches_that_the_load_log_lacks_are_registered(
    built: LakeBuilder, catalog: MemoryCatalog
):
    for seq in (1, 2, 3):
        add(built, file(FACT.name, seq))
    built.lake.loads.commit(LoadEntry(1, "load", now()))
    Registry(catalog).register(built.lake, 2, 0)
    assert batches(catalog, FACT) == ["2-run"]


@pytest.mark.parametrize(("again_from", "registered"), [(0, 3), (1, 3), (2, 2), (3, 1)])
def test_batches_are_registered_again_from_where_it_is_asked_for(
    built: LakeBuilder, catalog: MemoryCatalog, again_from: int, registered: int
):
    for seq in (1, 2, 3):
        add(built, file(FACT.name, seq))
        built.lake.loads.commit(LoadEntry(seq, "load", now()))
    Registry(catalog, again_from).register(built.lake, 3, 0)
    assert len(catalog.partitions[FACT]) == registered


def test_batches_that_the_load_log_lacks_are_registered_wherever_the_repair_begins(
    built: LakeBuilder, catalog: MemoryCatalog
):
    for seq in (1, 2, 3, 4):
        add(built, file(FACT.name, seq))
    built.lake.loads.commit(LoadEntry(1, "load", now()))
    Registry(catalog, 4).register(built.lake, 4, 0)
    assert batches(catalog, FACT) == ["2-run", "3-run", "4-run"]


def test_entries_are_read_several_at_once(
    built: LakeBuilder, catalog: MemoryCatalog, monkeypatch: pytest.MonkeyPatch
):
    for seq in (1, 2, 3, 4):
        add(built, file(FACT.name, seq))
    together, entry = Barrier(4), Log.entry

    def of_all_at_once(log: Log[Batch], seq: int) -> Batch:
        together.wait(timeout=10)
        return entry(log, seq)

    monkeypatch.setattr(Log, "entry", of_all_at_once)
    Registry(catalog).register(built.lake, 4, 0)
    assert batches(catalog, FACT) == ["1-run", "2-run", "3-run", "4-run"]


def test_how_far_registration_came_is_told_after_each_part(
    built: LakeBuilder,
    catalog: MemoryCatalog,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr(partitions, "AT_ONCE", 2)
    for seq in (1, 2, 3):
        add(built, file(FACT.name, seq))
    caplog.set_level("INFO", logger=partitions.__name__)
    Registry(catalog).register(built.lake, 3, 0)
    told = [vars(line).get("through") for line in caplog.records]
    assert [through for through in told if through] == [2, 3]


def test_many_batches_are_registered_a_part_at_a_time(
    built: LakeBuilder, catalog: MemoryCatalog, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(partitions, "AT_ONCE", 2)
    for seq in range(1, 6):
        add(built, file(FACT.name, seq))
    told: list[int] = []

    def add_noted(table: Table, some: list[Partition]) -> None:
        told.append(len(some))

    monkeypatch.setattr(catalog, "add", add_noted)
    Registry(catalog).register(built.lake, 5, 0)
    assert told == [2, 2, 2, 2, 1, 1]


def test_retries_that_the_warehouse_has_are_registered_each_time(
    built: LakeBuilder, catalog: MemoryCatalog
):
    add(built, file(FACT.name, 1), tombstones=(file(GONE, 1),))
    built.lake.loads.commit(LoadEntry(1, "load", now()))
    for seq, run in ((1, "retry"), (2, "not-loaded")):
        back = {FACT.name: Output((file(FACT.name, 1, run=run),), 1)}
        gone = {FACT.name: Output((file(GONE, 1), file(GONE, 1, run=run)), 2)}
        built.lake.retries.commit(RetryEntry(seq, run, now(), 1, back, {}, 1, {}, tombstones=gone))
    Registry(catalog).register(built.lake, 1, 1)
    assert batches(catalog, FACT) == ["1-retry"]
    assert batches(catalog, Table("processed_g1", GONE)) == ["1-run", "1-retry"]
