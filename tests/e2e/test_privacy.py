"""docs/privacy.md: an erased person is in no object of the lake, and all other data stays."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pg8000.native import Connection
from pyspark.sql import SparkSession

from embedded.platform import Platform
from embedded.rebuild import rebuild
from embedded.server import Server
from ingestion_lambda.options import PollOptions
from postgres import connected, from_dsn
from tests.pages import Command, Page, Shell

PAGE = Page("privacy.md")
[ERASE] = PAGE.commands("### In the lake")[:1]
CORRECTION, DELETED_BEFORE = PAGE.blocks("sql", "### In the source and the warehouse")
SECRET, STREET, ACCOUNT = "Zebediah", "1 Only Lane", 77_665_544
KNOWN = """
    update staff set first_name = :name, email_address = :name || '@example.com'
    where staff_id = :key
"""
STAFF = "select staff_id, first_name, last_name, email_address from warehouse.dim_staff order by 1"


def erase(table: str, key: int) -> Command:
    """Return the page's command for another row."""
    return [{"staff": table, "17": str(key)}.get(word, word) for word in ERASE]


def objects_with(folder: Path, *values: object) -> list[str]:
    """Return the objects of a lake that have one of the values in any column."""
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*.parquet"))
        for row in pq.ParquetFile(path).read().to_pylist()
        if any(str(value) in str(cell) for value in values for cell in row.values())
    ]


def objects(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(dsn: str, query: str) -> Any:
    with connected(from_dsn(dsn), "test") as connection:
        return connection.run(query)


@pytest.fixture
def empty(server: Server) -> Iterator[list[str]]:
    """Create two empty databases."""
    names = ["after_erasure", "replayed_after_erasure"]
    for name in names:
        server.create_database(name)
    yield [server.dsn(name) for name in names]
    for name in names:
        server.drop_database(name)


def test_erased_person_is_in_no_object_and_the_lake_rebuilds_the_same_warehouse(
    platform: Platform,
    shell: Shell,
    source: Connection,
    spark: SparkSession,
    tmp_path: Path,
    warehouse_dsn: str,
    empty: list[str],
):
    lake = tmp_path / "lake"
    source.run("update staff set department_id = 1")
    source.run(KNOWN, name=SECRET, key=17)
    platform.cycle()
    source.run("update staff set department_id = 2 where staff_id = 17")
    source.run(KNOWN, name=f"Z. {SECRET}", key=17)
    platform.cycle()
    source.run(CORRECTION)
    platform.cycle()
    assert [17, "erased", "erased", "erased"] in rows(warehouse_dsn, STAFF)
    before = set(objects_with(lake, SECRET))
    assert {name.split("/")[1] for name in before} == {"totesys", "_mirror", "g=1"}

    logs, members = objects(lake), rows(warehouse_dsn, STAFF)
    report = shell.types(erase("staff", 17)).report
    erased = {f"{store}/{key}" for store in ("ingestion", "processed") for key in report[store]}
    assert erased == before
    assert objects_with(lake, SECRET) == []
    after = objects(lake)
    assert {path for path, body in logs.items() if after[path] != body} == {
        lake / name for name in erased
    }
    added = {path.relative_to(lake).parts[:2] for path in after.keys() - logs.keys()}
    assert added == {("ingestion", "_erasures")}
    assert shell.types(erase("staff", 17)).report["rows"] == 0

    assert platform.poll(PollOptions(reread=("staff",))) == []
    assert platform.report()["changes"] == {}
    for dsn, is_next in zip(empty, (False, True), strict=True):
        rebuild(lake, dsn, "warehouse", is_next=is_next, spark=lambda: spark)
        assert rows(dsn, STAFF) == members
        facts = "select * from warehouse.fact_sales_order_history order by 2, 3, 4"
        assert len(rows(dsn, facts)) == len(rows(warehouse_dsn, facts))


def test_erased_address_leaves_the_dimensions_that_look_it_up_and_an_account_the_quarantine(
    platform: Platform, shell: Shell, source: Connection, tmp_path: Path
):
    lake = tmp_path / "lake"
    [[address]] = source.run("select min(legal_address_id) from counterparty")
    moved = "update address set address_line_1 = :street where address_id = :key"
    source.run(moved, street=STREET, key=address)
    due = "update payment set counterparty_ac_number = :account, payment_date = 'soon'"
    source.run(f"{due} where payment_id = 3", account=ACCOUNT)
    platform.cycle()
    source.run(moved, street="erased", key=address)
    source.run("update payment set counterparty_ac_number = 0 where payment_id = 3")
    platform.cycle()
    folders = {part for name in objects_with(lake, STREET, ACCOUNT) for part in name.split("/")}
    assert folders >= {"dim_location", "dim_counterparty", "_mirror", "_quarantine"}
    shell.types(erase("address", address))
    shell.types(erase("payment", 3))
    assert objects_with(lake, STREET, ACCOUNT) == []
    source.run("update payment set payment_date = '2025-03-04' where payment_id = 3")
    platform.cycle()
    assert platform.report()["quarantined"] == 0


def test_person_deleted_before_the_correction_is_erased_in_the_lake_and_in_the_warehouse(
    platform: Platform, shell: Shell, source: Connection, warehouse: Connection, tmp_path: Path
):
    source.run(
        "insert into staff select 17 + 1000, 'Zebediah', 'x', department_id, 'y', now(), now()"
        " from staff where staff_id = 1"
    )
    platform.cycle()
    source.run("delete from staff where staff_id = 1017")
    platform.cycle()
    shell.types(erase("staff", 1017))
    assert objects_with(tmp_path / "lake", SECRET) == []
    assert [1017, SECRET, "x", "y"] in warehouse.run(STAFF)
    warehouse.run(DELETED_BEFORE.replace("17", "1017"))
    platform.cycle()
    assert [1017, "erased", "erased", "erased"] in warehouse.run(STAFF)
    assert platform.report()["loaded_through"] == 2


@pytest.mark.parametrize(("table", "key"), [("design", 1), ("nowhere", 1), ("staff", 4711)])
def test_table_or_key_without_personal_data_is_wrong_input(
    platform: Platform, shell: Shell, table: str, key: int
):
    platform.poll()
    refused = shell.types(erase(table, key))
    assert refused.status == 2
    assert table in refused.err


def test_error_for_a_wrong_table_lists_the_tables_with_personal_columns(
    platform: Platform, shell: Shell
):
    platform.poll()
    error = shell.types(erase("nowhere", 1)).err
    assert "columns: address, counterparty, department, payment, staff." in error
