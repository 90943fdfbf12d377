"""Migrations create the warehouse of the contracts, or adopt existing tables."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection

import contracts
from contracts import Fact, WarehouseTable
from postgres import connected, from_dsn, render, value
from tests.integration.warehouse.facts import add_version
from warehouse import (
    MigrationEdited,
    MigrationFailed,
    NewerWarehouse,
    OtherSchema,
    WarehouseMismatch,
    migrate,
)
from warehouse.plan import Plan, plan

EXISTING_STAR = (Path(__file__).parent / "existing_star.sql").read_text()
POSTGRES_TYPES = {
    "int": "integer",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
}
COLUMNS = """
select attname, format_type(atttypid, atttypmod), not attnotnull
from pg_attribute where attrelid = cast(:table as regclass) and attnum > 0 and not attisdropped
order by attnum
"""
KEYS = """
select contype, (
    select string_agg(attname, ', ' order by place.number)
    from unnest(conkey) with ordinality as place (attnum, number)
    join pg_attribute on attrelid = conrelid and pg_attribute.attnum = place.attnum
), case contype when 'f' then (select relname from pg_class where oid = confrelid) end
from pg_constraint where conrelid = cast(:table as regclass) and contype in ('p', 'u', 'f')
"""
ALL_OBJECTS = """
select pg_class.oid, relname, pg_class.xmin::text from pg_class
where relnamespace in ('warehouse'::regnamespace, 'etl'::regnamespace) order by 1
"""
TABLES = list(contracts.warehouse().tables.values())
DATABASE_SIZE = "select count(*) from pg_class"


def qualified(table: str) -> str:
    return f"warehouse.{table}"


def expected_columns(table: WarehouseTable) -> list[list[Any]]:
    record = [[table.record, "integer", False]] if isinstance(table, Fact) else []
    return record + [
        [column.name, POSTGRES_TYPES.get(column.type.kind, str(column.type)), column.nullable]
        for column in table.columns
    ]


def expected_keys(table: WarehouseTable) -> set[tuple[str, str, str | None]]:
    references = {("f", c.name, c.references) for c in table.columns if c.references}
    if isinstance(table, Fact):
        version = f"{table.key}, batch_seq, change_seq"
        return {("p", table.record, None), ("u", version, None), *references}
    return {("p", table.key, None), *references}


def keys(connection: Connection, table: str) -> list[tuple[str, str, str | None]]:
    return [(kind, of, to) for kind, of, to in connection.run(KEYS, table=qualified(table))]


def edited(**changes: Any) -> Plan:
    """A plan that differs from the one in the files."""
    return replace(plan(contracts.warehouse()), **changes)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_tables_are_exactly_those_of_their_contracts(
    migrated: Connection, table: WarehouseTable
) -> None:
    columns = migrated.run(COLUMNS, table=qualified(table.name))
    assert [list(column) for column in columns] == expected_columns(table)
    actual = keys(migrated, table.name)
    assert set(actual) == expected_keys(table)
    assert len(actual) == len(set(actual))


def test_up_to_date_warehouse_takes_two_queries_and_does_not_change(
    migrated: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = migrated.run(ALL_OBJECTS)
    queries = []
    run = migrated.run

    def counted(sql: str, **values: Any) -> Any:
        queries.append(sql)
        return run(sql, **values)

    monkeypatch.setattr(migrated, "run", counted)
    assert migrate(migrated) == []
    assert len(queries) == 2
    assert migrated.run(ALL_OBJECTS) == before


def test_applied_migrations_are_returned_and_recorded(connection: Connection) -> None:
    applied = migrate(connection)
    recorded = [name for (name,) in connection.run("select name from etl.migration order by 1")]
    assert recorded
    assert applied[: len(recorded)] == recorded
    assert {"fact_sales_order_history", "fact_sales_order_current"} <= set(applied)


def test_the_fingerprint_of_the_contracts_is_recorded_for_the_load(migrated: Connection) -> None:
    [[schema, fingerprint]] = migrated.run("select schema_name, contracts from etl.warehouse")
    assert (schema, fingerprint) == ("warehouse", contracts.warehouse().fingerprint)


def test_the_schema_is_a_parameter_whatever_its_name(connection: Connection) -> None:
    migrate(connection, 'The "Stars"; $$')
    assert connection.run(
        "select count(*) from pg_tables where schemaname = :name", name='The "Stars"; $$'
    ) == [[len(TABLES)]]
    assert migrate(connection, 'The "Stars"; $$') == []


def test_a_second_schema_in_one_database_is_refused(migrated: Connection) -> None:
    with pytest.raises(OtherSchema, match="warehouse, not other"):
        migrate(migrated, "other")
    assert migrated.run("select to_regnamespace('other')") == [[None]]


def test_existing_tables_are_adopted_with_their_rows(connection: Connection) -> None:
    connection.run(EXISTING_STAR)
    migrate(connection)
    for table in TABLES:
        columns = connection.run(COLUMNS, table=qualified(table.name))
        assert sorted(map(list, columns)) == sorted(expected_columns(table))
        actual = keys(connection, table.name)
        assert set(actual) == expected_keys(table)
        assert len(actual) == len(set(actual)), "an existing constraint was added again"
    assert connection.run("select currency_code from warehouse.dim_currency") == [["GBP"]]
    assert migrate(connection) == []


def test_existing_fact_with_rows_is_refused_because_their_history_is_unknown(
    connection: Connection,
) -> None:
    connection.run(EXISTING_STAR)
    connection.run("""
        alter table warehouse.fact_sales_order drop constraint fact_sales_order_design_id_fkey;
        insert into warehouse.fact_sales_order
        select 1, 1, '2024-01-01', '10:00', '2024-01-01', '10:00', 1, 1, 1, 1, 1, 1,
            '2024-01-01', '2024-01-01', 1
    """)
    with pytest.raises(MigrationFailed, match="must be empty"):
        migrate(connection)
    assert connection.run("select count(*) from warehouse.fact_sales_order") == [[1]]
    assert connection.run("select to_regclass('warehouse.dim_staff')") == [[None]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("alter table dim_staff drop column email_address", "has no column email_address"),
        ("alter table dim_design alter file_name drop not null", "file_name is text in the"),
        ("alter table dim_location alter district set not null", "district is text not null in"),
        ("alter table fact_sales_order alter unit_price type float", "is double precision"),
        (
            "alter table fact_sales_order rename sales_record_id to id",
            "fact_sales_order has no column sales_record_id",
        ),
    ],
)
def test_existing_table_that_a_load_cannot_fill_is_refused(
    connection: Connection, change: str, message: str
) -> None:
    migrations = plan(contracts.warehouse()).migrations
    target = edited(migrations={**migrations, "0003_change.sql": change})
    with pytest.raises(WarehouseMismatch, match=message):
        migrate(connection, target=target)
    assert connection.run("select count(*) from etl.warehouse") == [[0]]


def test_an_applied_migration_that_was_edited_is_refused(migrated: Connection) -> None:
    migrations = dict(plan(contracts.warehouse()).migrations)
    migrations["0002_sales_star.sql"] += "-- edited"
    target = edited(migrations=migrations)
    with pytest.raises(MigrationEdited, match=r"0002_sales_star\.sql was edited"):
        migrate(migrated, target=target)


def test_a_warehouse_of_a_later_version_is_refused(migrated: Connection) -> None:
    migrated.run("insert into etl.migration values ('9999_later.sql', 'x')")
    with pytest.raises(NewerWarehouse, match=r"9999_later\.sql"):
        migrate(migrated)


def test_staging_that_a_killed_load_of_an_earlier_version_left_is_dropped(
    connection: Connection,
) -> None:
    old, recent = "staging_20240101T000000Z-12ab34cd_dim_staff", "staging_29990101T000000Z_x"
    connection.run("create schema etl")
    for name in (old, recent):
        connection.run(render("create unlogged table etl.{name} ()", name=name))
    migrate(connection)
    found = connection.run("select tablename from pg_tables where tablename like 'staging%'")
    assert found == [[recent]]


def test_failed_migration_is_rolled_back_and_those_before_it_stay(
    connection: Connection,
) -> None:
    migrations = plan(contracts.warehouse()).migrations
    failing = "create table half_done (); select 1 / 0"
    target = edited(migrations={**migrations, "0003_failing.sql": failing})
    with pytest.raises(MigrationFailed, match=r"'0003_failing.sql' .* division by zero"):
        migrate(connection, target=target)
    assert connection.run("select to_regclass('warehouse.half_done')") == [[None]]
    recorded = {name for (name,) in connection.run("select name from etl.migration")}
    assert recorded == set(migrations)
    assert migrate(connection) == list(plan(contracts.warehouse()).views)


def test_concurrent_runs_apply_each_migration_once(warehouse_dsn: str) -> None:
    def migrate_in_thread(_: int) -> list[str]:
        with connected(from_dsn(warehouse_dsn), "tests") as connection:
            return migrate(connection)

    with ThreadPoolExecutor(6) as threads:
        applied = list(threads.map(migrate_in_thread, range(6)))
    migrations = list(plan(contracts.warehouse()).migrations)
    of_all = [name for names in applied for name in names]
    assert sorted(name for name in of_all if name in migrations) == migrations


OLD_VERSIONS = """
insert into fact_payment (
    payment_id, created_date, created_time, last_updated_date, last_updated_time, transaction_id,
    counterparty_id, payment_amount, currency_id, payment_type_id, paid, payment_date,
    observed_at, batch_seq, is_deleted
)
select
    number, '2024-01-01', '10:00', '2024-01-01', '10:00', 1, 1, batch, 1, 1, false, '2024-01-01',
    timestamp '2024-01-01 10:00' + batch * interval '1 hour', batch, false
from generate_series(1, 1000) as number cross join generate_series(1, 3) as batch
"""
FILES = """
select relname, pg_relation_filenode(oid) from pg_class
where relname ~ '^(fact|latest)_' and relkind = 'r' order by 1
"""


def test_filled_warehouse_without_change_seq_is_upgraded_and_no_table_is_rewritten(
    connection: Connection,
) -> None:
    target = plan(contracts.warehouse())
    before = {name: sql for name, sql in target.migrations.items() if name < "0009"}
    connection.run("create schema warehouse; set search_path to warehouse")
    for name, sql in before.items():
        connection.run(sql)
        record = "insert into etl.migration (name, checksum) values (:name, :checksum)"
        connection.run(record, name=name, checksum=target.checksums[name])
    for fact in contracts.warehouse().facts:
        keep = "select etl.keep_latest({fact}, {latest}, {key})"
        names = {"fact": value(fact.name), "latest": value(fact.latest), "key": value(fact.key)}
        connection.run(render(keep, **names))
    connection.run("create view fact_payment_current as select * from etl.latest_payment")
    connection.run("set session_replication_role = replica")
    connection.run(OLD_VERSIONS)
    files = connection.run(FILES)
    connection.run("reset search_path")

    assert migrate(connection)[: len(target.migrations) - len(before)] == sorted(
        target.migrations.keys() - before.keys()
    )

    assert connection.run(FILES) == files, "a table was rewritten"
    order = "select distinct change_seq, changed_at from warehouse.fact_payment_history"
    assert connection.run(order) == [[0, None]]
    latest = "select batch_seq, change_seq from warehouse.fact_payment_current"
    assert connection.run(latest) == [[3, 0]] * 1000
    for change in (2, 1):
        add_version(connection, "fact_payment", 1, 3, change_seq=change)
    assert connection.run("""
        select batch_seq, change_seq from warehouse.fact_payment_current where payment_id = 1
    """) == [[3, 2]]
    [[versions]] = connection.run("""
        select count(*) from warehouse.fact_payment_history where payment_id = 1
    """)
    assert versions == 5


def test_views_are_recreated_when_their_text_changes(migrated: Connection) -> None:
    text = render("create or replace view {view} as select 1 as one", view="fact_sales_order_one")
    target = edited(views={**plan(contracts.warehouse()).views, "fact_sales_order_one": text})
    assert "fact_sales_order_one" in migrate(migrated, target=target)
    assert migrated.run("select one from warehouse.fact_sales_order_one") == [[1]]
    assert migrate(migrated, target=target) == []


def test_views_and_fingerprint_follow_the_contracts(migrated: Connection) -> None:
    target = edited(contracts="other")
    assert "fact_sales_order_current" in migrate(migrated, target=target)
    assert migrated.run("select contracts from etl.warehouse") == [["other"]]


def test_migration_has_only_the_rights_of_the_user(migrated: Connection) -> None:
    migrated.run("create role stranger; grant usage on schema etl to stranger;")
    migrated.run("grant select on all tables in schema etl to stranger; set role stranger")
    try:
        target = edited(contracts="other")
        with pytest.raises(MigrationFailed, match="migrate as the owner"):
            migrate(migrated, target=target)
    finally:
        migrated.run("reset role; drop owned by stranger; drop role stranger")
