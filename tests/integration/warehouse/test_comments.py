"""The comments in the database: the meaning of every table, view and column."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from pg8000.native import Connection

import contracts
from contracts import Fact
from postgres import names, render
from tests.integration.warehouse.facts import add_members, add_version
from warehouse import migrate, plan
from warehouse.columns import view_columns
from warehouse.templates import VIEWS

WITHOUT = """
select relname, attname from pg_class
join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
where relnamespace in ('warehouse'::regnamespace, 'etl'::regnamespace) and relkind in ('r', 'v')
    and coalesce(col_description(pg_class.oid, attnum), '') = ''
union all
select relname, '' from pg_class
where relnamespace in ('warehouse'::regnamespace, 'etl'::regnamespace) and relkind in ('r', 'v')
    and coalesce(obj_description(oid, 'pg_class'), '') = ''
"""
COMMENTS = """
select attname, col_description(attrelid, attnum) from pg_attribute
where attrelid = cast(:relation as regclass) and attnum > 0 and not attisdropped order by attnum
"""
ABOUT = "select obj_description(cast(:relation as regclass), 'pg_class')"
WAREHOUSE = contracts.warehouse()


def comments(connection: Connection, relation: str) -> Mapping[str, str]:
    return dict(connection.run(COMMENTS, relation=f"warehouse.{relation}"))


def test_every_table_view_and_column_has_a_comment(migrated: Connection) -> None:
    assert migrated.run(WITHOUT) == []


@pytest.mark.parametrize("table", WAREHOUSE.tables.values(), ids=lambda table: table.name)
def test_comments_of_a_table_are_those_of_its_contract(
    migrated: Connection, table: contracts.WarehouseTable
) -> None:
    assert migrated.run(ABOUT, relation=f"warehouse.{table.name}") == [[table.about]]
    actual = comments(migrated, table.name)
    assert {column.name: column.about for column in table.columns}.items() <= actual.items()


def test_comment_of_a_view_column_is_that_of_the_table_column(
    migrated: Connection,
) -> None:
    wide = comments(migrated, "fact_sales_order_wide")
    assert wide["unit_price"] == comments(migrated, "fact_sales_order")["unit_price"]
    assert wide["sales_staff_location"] == comments(migrated, "dim_staff")["location"]


def test_comment_follows_its_contract_with_any_quotes(
    migrated: Connection,
) -> None:
    dim_date = WAREHOUSE.tables["dim_date"]
    days = replace(dim_date, about="Days; drop table dim_date; -- $$ 'quoted' {name} \\")
    warehouse = replace(WAREHOUSE, tables={**WAREHOUSE.tables, "dim_date": days})
    target = plan.plan(warehouse)
    assert migrate(migrated, target=target)
    assert migrated.run(ABOUT, relation="warehouse.dim_date") == [[days.about]]
    assert migrate(migrated, target=target) == []


@pytest.mark.parametrize("kind", VIEWS)
@pytest.mark.parametrize("fact", WAREHOUSE.facts, ids=lambda fact: fact.name)
def test_columns_that_can_be_null_are_exactly_the_nullable_ones(
    migrated: Connection, fact: Fact, kind: str
) -> None:
    add_sparse_rows(migrated, fact)
    columns = view_columns(fact, kind, WAREHOUSE)
    query = render(
        "select {columns} from warehouse.{view}",
        columns=names(column.name for column in columns),
        view=f"{fact.name}_{kind}",
    )
    cells = zip(*migrated.run(query), strict=True)
    with_null = {column.name for column, cell in zip(columns, cells, strict=True) if None in cell}
    assert with_null == {column.name for column in columns if column.nullable}


def add_sparse_rows(connection: Connection, fact: Fact) -> None:
    """Add a row that was inserted, updated, deleted and reinserted, and dimensions with NULL in
    every nullable column."""
    add_members(connection, fact.name)
    for dimension in WAREHOUSE.dimensions:
        for column in dimension.columns:
            if column.nullable:
                statement = "update warehouse.{table} set {column} = null"
                connection.run(render(statement, table=dimension.name, column=column.name))
    changed = next(column.name for column in fact.columns if column.type.kind == "time")
    add_version(connection, fact.name, 1, 11)
    add_version(connection, fact.name, 1, 12, **{changed: "11:00"})
    add_version(connection, fact.name, 1, 13, is_deleted=True)
    add_version(connection, fact.name, 1, 14)
