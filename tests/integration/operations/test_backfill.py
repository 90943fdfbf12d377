"""A column that was added later gets the values of landed rows, exactly those of each version."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection

import contracts
from contracts import Column, Source, Type, Warehouse
from glue_jobs.errors import OtherLedger, SchemaOutdated
from lake import Lake
from operations.backfill import Backfilled, NothingToFill, backfill
from postgres import from_dsn
from tests.integration.warehouse.facts import add, add_members, add_version
from tests.lake_builder import LakeBuilder, row
from warehouse import SCHEMA, migrate

FACT = "fact_payment"
LEDGER = """
insert into etl.ledger
    (batch_seq, lake, generation, batch_run, run, observed_at, committed_at, rows)
values (:seq, 'test lake', :generation, :batch_run, 'load', '2024-11-15', '2024-11-15', 1)
"""
ADDED = {
    "note": Column("note", Type("text"), True, "Text."),
    "fee": Column("fee", Type("numeric", 12, 3), True, "Fee."),
    "seen_on": Column("seen_on", Type("text"), True, "Day, as text."),
    "seller_id": Column("seller_id", Type("int"), True, "Seller."),
}
TO = {
    "note": ADDED["note"],
    "fee": ADDED["fee"],
    "seen_on": replace(ADDED["seen_on"], type=Type("date"), references="dim_date"),
    "seller_id": replace(ADDED["seller_id"], references="dim_staff"),
}


def source_with(table: str, *columns: Column) -> Source:
    source = contracts.source()
    of = source.tables[table]
    return replace(
        source, tables={**source.tables, table: replace(of, columns=(*of.columns, *columns))}
    )


def stars_with(name: str, *columns: Column) -> Warehouse:
    tables = contracts.warehouse().tables
    table = tables[name]
    at = len(table.columns) - 5 if name == FACT else len(table.columns)
    columns = tuple(replace(c, origin=c.origin or c.name) for c in columns)
    every = (*table.columns[:at], *columns, *table.columns[at:])
    return Warehouse({**tables, name: replace(table, columns=every)})


def use(monkeypatch: pytest.MonkeyPatch, name: str, part: Any) -> None:
    monkeypatch.setattr(contracts, name, lambda *_: part)


def record(owner: Connection, lake: Lake, generation: int = 1) -> None:
    """Add the batches of the lake to the ledger, as a load does."""
    for batch in lake.batches.after(0):
        owner.run(LEDGER, seq=batch.seq, batch_run=batch.run, generation=generation)


def payment(key: int, **values: Any) -> dict[str, Any]:
    return row("payment", key, payment_date="2024-01-01", **values)


@pytest.fixture
def owner(migrated: Connection) -> Connection:
    return migrated


@pytest.fixture
def built(
    tmp_path: Path, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> tuple[Lake, Connection]:
    """Two payments: a batch without the columns, two with them, and a warehouse that got them after
    it had loaded these batches."""
    builder = LakeBuilder(tmp_path)
    builder.insert(payment=[payment(1), payment(2)])
    use(monkeypatch, "source", source_with("payment", *ADDED.values()))
    first = payment(1, note="", fee=None, seen_on="2024-01-01", seller_id=77)
    second = payment(
        1, note='a "b",\n\\N', fee=Decimal("1.500"), seen_on="1850-01-01", seller_id=None
    )
    third = payment(2, note="é", fee=Decimal("-2.125"), seen_on="soon", seller_id=1)
    builder.batch({"payment": [("U", first), ("U", {**second, "change_seq": 1})]})
    builder.batch({"payment": [("D", third)], "staff": [("I", row("staff", 1))]})
    add_members(owner, FACT)
    add(owner, "dim_staff", staff_id=1)
    for key, batch, change in ((1, 1, 0), (2, 1, 0), (1, 2, 0), (1, 2, 1), (2, 3, 0)):
        add_version(owner, FACT, key, batch, change_seq=change, is_deleted=batch == 3)
    record(owner, builder.lake)
    use(monkeypatch, "warehouse", stars_with(FACT, *TO.values()))
    migrate(owner)
    return builder.lake, owner


def filled(built: tuple[Lake, Connection], dsn: str, column: str, table: str = FACT) -> Backfilled:
    return backfill(built[0], from_dsn(dsn), SCHEMA, table, column)


@pytest.mark.parametrize(
    ("column", "values", "counts"),
    [
        ("note", ["", 'a "b",\n\\N', "é"], (3, 2, 0)),
        ("fee", [None, "1.500", "-2.125"], (2, 2, 0)),
        ("seen_on", [date(2024, 1, 1).isoformat(), None, None], (1, 2, 2)),
        ("seller_id", ["77", None, "1"], (2, 2, 0)),
    ],
)
def test_each_version_gets_the_value_of_its_own_landed_row(
    built: tuple[Lake, Connection],
    warehouse_dsn: str,
    column: str,
    values: list[str | None],
    counts: tuple[int, int, int],
):
    owner = built[1]
    assert filled(built, warehouse_dsn, column) == Backfilled(FACT, column, *counts)
    versions = "from warehouse.fact_payment order by batch_seq, payment_id, change_seq"
    found = [value for (value,) in owner.run(f"select {column}::text {versions}")]
    assert found == [None, None, *values]
    latest = f"select {column}::text from etl.latest_payment order by payment_id"  # nosec B608 # of this file
    assert [value for (value,) in owner.run(latest)] == values[1:]
    assert filled(built, warehouse_dsn, column).filled == 0
    if column == "seller_id":  # of nobody that the warehouse knows
        assert owner.run("select last_name from warehouse.dim_staff where staff_id = 77") == [
            ["Unknown"]
        ]


def test_latest_versions_are_kept_after_a_backfill(
    built: tuple[Lake, Connection], warehouse_dsn: str
):
    owner = built[1]
    filled(built, warehouse_dsn, "note")
    owner.run("update warehouse.fact_payment set note = 'repaired' where batch_seq = 2")
    latest = "select note from etl.latest_payment order by payment_id"
    assert owner.run(latest) == [["repaired"], ["é"]]


def test_dimension_gets_the_values_of_the_mirror(
    built: tuple[Lake, Connection], warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
):
    lake, owner = built
    title = Column("email_copy", Type("text"), True, "", origin="email_address")
    place = Column("manager", Type("text"), True, "", origin="department.manager")
    builder = LakeBuilder(Path(lake.ingestion.uri("").removeprefix("file://")).parent)
    builder.insert(department=[row("department", 1, manager="Ada")], staff=[row("staff", 1)])
    owner.run(LEDGER, seq=4, batch_run=lake.batches.entry(4).run, generation=1)
    use(monkeypatch, "warehouse", stars_with("dim_staff", title, place))
    migrate(owner)
    for column in ("email_copy", "manager"):
        result = filled(built, warehouse_dsn, column, "dim_staff")
        assert result == Backfilled("dim_staff", column, 1, 0, 0)
    staff = "select email_copy, manager from warehouse.dim_staff where staff_id = 1"
    assert owner.run(staff) == [["text", "Ada"]]


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (FACT, "paid"),
        (FACT, "changed_at"),
        (FACT, "other"),
        ("payment", "note"),
        ("dim_date", "day"),
    ],
)
def test_other_columns_are_refused(
    built: tuple[Lake, Connection], warehouse_dsn: str, table: str, column: str
):
    with pytest.raises(NothingToFill, match="is not a nullable column of a fact or a dimension"):
        filled(built, warehouse_dsn, column, table)


def test_warehouse_of_other_contracts_or_of_another_lake_is_refused(
    built: tuple[Lake, Connection], warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
):
    lake, owner = built
    with pytest.raises(OtherLedger):
        filled((replace(lake, generation=2), owner), warehouse_dsn, "note")
    use(monkeypatch, "warehouse", stars_with("dim_staff", ADDED["note"]))
    with pytest.raises(SchemaOutdated):
        filled(built, warehouse_dsn, "note", "dim_staff")
