"""Tables and nullable columns that only the contracts have are added, and no row is rewritten."""

import sys
from dataclasses import replace
from typing import Any

import pytest
from pg8000.native import Connection

import contracts
from contracts import Column, Fact, Type, Warehouse, WarehouseTable
from postgres import LockTimeout, connected, from_dsn, locks
from tests.integration.warehouse.facts import add, add_members, add_version
from tests.integration.warehouse.test_migrate import expected_columns, expected_keys, keys
from warehouse import WarehouseMismatch, migrate

FACT, DIMENSION = "fact_payment", "dim_staff"
COLUMNS = """
select attname, format_type(atttypid, atttypmod), not attnotnull
from pg_attribute where attrelid = cast(:table as regclass) and attnum > 0 and not attisdropped
"""
ADDED = (
    Column("note", Type("text"), True, "Text."),
    Column("fee", Type("numeric", 12, 3), True, "Fee."),
    Column("seen_on", Type("date"), True, "Day.", references="dim_date"),
    Column("seller_id", Type("int"), True, "Seller.", references="dim_staff"),
    Column("seen_time", Type("time"), True, "Time."),
)


def with_columns(name: str, *columns: Column) -> WarehouseTable:
    """Return a table of the project with more columns, before those of its history."""
    table = contracts.warehouse().tables[name]
    own = [c for c in table.columns if not isinstance(table, Fact) or c not in table.columns[-5:]]
    return replace(table, columns=(*own, *columns, *table.columns[len(own) :]))


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Use these tables in place of those of the project."""

    def use(*tables: WarehouseTable) -> None:
        stars = Warehouse({**contracts.warehouse().tables, **{t.name: t for t in tables}})
        monkeypatch.setattr(contracts, "warehouse", lambda *_: stars)

    return use


@pytest.fixture
def filled(migrated: Connection) -> Connection:
    """A warehouse with two payments, one of them with two versions."""
    add_members(migrated, FACT)
    add_version(migrated, FACT, 1, 1)
    add_version(migrated, FACT, 1, 2)
    add_version(migrated, FACT, 2, 2)
    return migrated


def files(connection: Connection) -> Any:
    return connection.run(
        "select pg_relation_filenode('warehouse.fact_payment'),"
        " pg_relation_filenode('etl.latest_payment'), 'etl.latest_payment'::regclass::oid"
    )


def test_columns_are_added_to_a_fact_its_latest_versions_and_a_dimension_without_a_rewrite(
    filled: Connection, use: Any
):
    before = files(filled)
    fact, dimension = with_columns(FACT, *ADDED), with_columns(DIMENSION, *ADDED[:2])
    use(fact, dimension)
    applied = migrate(filled)
    assert applied[:7] == [
        "dim_staff.note", "dim_staff.fee", "fact_payment.note", "fact_payment.fee",
        "fact_payment.seen_on", "fact_payment.seller_id", "fact_payment.seen_time",
    ]  # fmt: skip
    assert migrate(filled) == []
    assert files(filled) == before
    for table in (fact, dimension):
        columns = filled.run(COLUMNS, table=f"warehouse.{table.name}")
        assert sorted(columns) == sorted(expected_columns(table))
        assert {*keys(filled, table.name)} == expected_keys(table)

    add(filled, DIMENSION, staff_id=7)
    add_version(filled, FACT, 1, 3, note="new", seller_id=7)
    shown = "select note, seller_id from warehouse.fact_payment_current order by payment_id"
    assert filled.run(shown) == [["new", 7], [None, None]]
    history = "select version, note from warehouse.fact_payment_history where payment_id = 1"
    assert sorted(filled.run(history)) == [[1, None], [2, None], [3, "new"]]
    changes = "select old_value, new_value from warehouse.fact_payment_changes"
    assert filled.run(f"{changes} where column_name = 'note'") == [[None, "new"]]
    wide = "select seller_note from warehouse.fact_payment_wide where payment_id = 1"
    assert filled.run(wide) == [["text"]]


def test_added_table_is_that_of_its_contract(filled: Connection, use: Any):
    order = contracts.warehouse().tables["fact_sales_order"]
    assert isinstance(order, Fact)
    added = replace(order, name="fact_shipment", of="shipment", record="shipment_record_id")
    carrier = replace(contracts.warehouse().tables[DIMENSION], name="dim_carrier")
    use(added, carrier)
    assert {"dim_carrier", "fact_shipment", "fact_shipment_wide"} <= {*migrate(filled)}
    for table in (added, carrier):
        assert filled.run(COLUMNS, table=f"warehouse.{table.name}") == expected_columns(table)
        assert {*keys(filled, table.name)} == expected_keys(table)
    assert filled.run("select * from warehouse.fact_shipment_current") == []


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        (replace(ADDED[0], nullable=False), "fact_payment has no column note in the warehouse"),
        (Column("paid", Type("text"), True, ""), "fact_payment.paid is boolean not null in the"),
    ],
    ids=["not nullable", "type"],
)
def test_column_that_needs_a_replay_is_refused_at_once(
    filled: Connection, use: Any, column: Column, problem: str
):
    fact = with_columns(FACT, column)
    names = {c.name: c for c in fact.columns}
    use(replace(fact, columns=tuple(names.values())))
    with pytest.raises(WarehouseMismatch, match=rf"{problem}.*To fix: .*next generation"):
        migrate(filled)


def test_migration_waits_for_a_load_before_it_locks_a_table(
    filled: Connection, warehouse_dsn: str, use: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys.modules["warehouse.migrate"], "LOCK_TIMEOUT", "100ms")
    monkeypatch.setattr(locks, "INTERVAL", 60.0)  # the wait is not observed
    use(with_columns(FACT, ADDED[0]))
    with connected(from_dsn(warehouse_dsn), "load") as load:
        load.run("begin")
        load.run("select pg_advisory_xact_lock(cast(cast('etl.ledger' as regclass) as bigint))")
        with (
            pytest.raises(LockTimeout, match="waited too long for a lock, held by another"),
            connected(from_dsn(warehouse_dsn), "migrate") as connection,
        ):
            migrate(connection)
        load.run("rollback")
    assert migrate(filled)[0] == "fact_payment.note"
