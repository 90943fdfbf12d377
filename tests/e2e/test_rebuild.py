"""`rebuild` makes the same warehouse from the lake alone, row for row."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection
from pyspark.sql import SparkSession

import contracts
from contracts import Fact
from embedded.cli import main
from embedded.platform import Platform
from embedded.rebuild import NothingToRebuild, WarehouseNotEmpty, rebuild
from embedded.server import Server
from glue_jobs.transform import conversions
from lake import compacted_files
from lake.local import open_local_lake
from postgres import connected, from_dsn, names, render
from publish import levels
from publish.compactor import compact
from publish.local_catalog import LocalCatalog
from totesys.simulator import Simulator


@pytest.fixture
def empty_dsn(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """Create another database, empty."""
    name = f"rebuilt_{id(request)}"
    server.create_database(name)
    yield server.dsn(name)
    server.drop_database(name)


@pytest.fixture
def history(platform: Platform, simulator: Simulator, source: Connection) -> None:
    """Make a few batches: edits, a deletion, moved staff, and a quarantined row."""
    simulator.move_staff()
    simulator.place_sales_order()
    source.run("UPDATE sales_order SET agreed_payment_date = '1/2/2025' WHERE sales_order_id = 3")
    source.run("UPDATE department SET department_name = 'Renamed' WHERE department_id = 2")
    platform.cycle()
    source.run("UPDATE sales_order SET agreed_payment_date = '2025-03-04' WHERE sales_order_id = 3")
    simulator.change_address()
    simulator.delete_sales_order(5)
    source.run("INSERT INTO currency VALUES (9, 'CHF', now(), now())")
    platform.cycle()
    simulator.edit_sales_order_silently()
    source.run("DELETE FROM currency WHERE currency_id = 9")
    simulator.change_address()
    platform.cycle()


def rows(dsn: str) -> dict[str, list[Any]]:
    """Return every row of the warehouse, without the record numbers."""
    with connected(from_dsn(dsn), "test") as connection:
        return {
            table.name: connection.run(
                render(
                    "SELECT {columns} FROM warehouse.{table} ORDER BY {order}",
                    columns=names(table.column_names),
                    table=table.name,
                    order=names([table.key, *(["batch_seq"] if isinstance(table, Fact) else [])]),
                )
            )
            for table in contracts.warehouse().tables.values()
        }


def objects(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.loaded
@pytest.mark.usefixtures("history")
def test_rebuilt_warehouse_and_next_generation_equal_the_old_one_without_old_mirrors(
    platform: Platform, warehouse_dsn: str, empty_dsn: str, tmp_path: Path, spark: SparkSession,
    server: Server, monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    """Both read compacted files."""
    folder, before = tmp_path / "lake", rows(warehouse_dsn)
    monkeypatch.setattr(levels, "FAN", 2)
    monkeypatch.setattr(compacted_files, "MANY", 2)
    assert compact(platform.lake, LocalCatalog(platform.lake)).written > 10
    rebuilt = rebuild(folder, empty_dsn, "warehouse", spark=lambda: spark)
    assert rows(empty_dsn) == before
    assert rebuilt.report()["loaded_through"] == 4
    with pytest.raises(WarehouseNotEmpty, match=r"generation 1.*create an empty database"):
        rebuild(folder, empty_dsn, "warehouse", is_next=True, spark=lambda: spark)
    assert open_local_lake(folder).generation == 1

    delete_superseded_mirrors(platform, folder)
    before_replay = objects(folder)
    server.create_database("next_generation")
    try:
        dsn = server.dsn("next_generation")
        again = rebuild(folder, dsn, "warehouse", is_next=True, spark=lambda: spark)
        assert rows(dsn) == before
        assert (again.lake.generation, open_local_lake(folder).generation) == (2, 2)
        now = objects(folder)
        assert {path: now[path] for path in before_replay} == before_replay
        following = Platform(folder, platform._source, dsn, spark=lambda: spark)
        with connected(from_dsn(platform._source), "test") as source:
            Simulator(source).edit_sales_order_silently()
        following.cycle()
        assert following.report()["loaded_through"] == 5
    finally:
        server.drop_database("next_generation")


def delete_superseded_mirrors(platform: Platform, folder: Path) -> None:
    head = platform.lake.batches.head()
    assert head
    current = {bucket.key for buckets in head.mirror.values() for bucket in buckets.values()}
    stored = platform.lake.ingestion.under("_mirror/")
    superseded = [mirror.key for mirror in stored if mirror.key not in current]
    assert len(superseded) > 4
    for key in superseded:
        (folder / "ingestion" / key).unlink()


@pytest.mark.loaded
@pytest.mark.usefixtures("history")
def test_row_read_by_corrected_code_gets_its_place_in_history_with_the_next_load(
    platform: Platform, warehouse: Connection, monkeypatch: pytest.MonkeyPatch
):
    versions = """
        SELECT version, batch_seq, agreed_payment_date::text FROM
        warehouse.fact_sales_order_history WHERE sales_order_id = 3 ORDER BY version
    """
    assert [seq for _, seq, _ in warehouse.run(versions)] == [1, 3]
    known = conversions.CONVERSIONS["text", "date"]
    lenient = f"coalesce({known}, to_date(nullif({{0}}, ''), 'd/M/yyyy'))"
    corrected = {**conversions.CONVERSIONS, ("text", "date"): lenient}
    monkeypatch.setattr(conversions, "CONVERSIONS", corrected)
    assert platform.report()["quarantined"] == 0  # batch 3 superseded the row

    platform.transform(retry_quarantined=True)
    platform.transform(retry_quarantined=True)
    assert platform.report()["quarantined"] == 0
    for _ in range(2):
        platform.load()
        history = warehouse.run(versions)
        assert history[1] == [2, 2, "2025-02-01"]
        assert [seq for _, seq, _ in history] == [1, 2, 3]
    assert warehouse.run("SELECT retry_seq, through, rows FROM etl.retry") == [[1, 4, 1]]
    assert platform.lake.loads.last_batch() == 4


def test_rebuild_without_batches_or_into_the_warehouse_of_another_lake_is_refused(
    platform: Platform,
    tmp_path: Path,
    seeded_source_dsn: str,
    warehouse_dsn: str,
    capsys: pytest.CaptureFixture[str],
):
    arguments = ["rebuild", "--warehouse", warehouse_dsn, "--lake", str(tmp_path / "other")]
    (tmp_path / "other").mkdir()
    assert main(arguments) == NothingToRebuild.exit_code
    platform.cycle()
    assert main(["poll", "--source", seeded_source_dsn, *arguments[3:]]) == 0
    capsys.readouterr()
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert "create an empty database" in output.err
    assert output.out == ""
    assert json.loads(json.dumps(platform.report()))["loaded_through"] == 1
