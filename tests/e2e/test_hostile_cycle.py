"""One whole cycle between a hostile source and a hostile warehouse: every value arrives."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pg8000.native import Connection

import contracts
from contracts import UNKNOWN, Column, Dimension, Fact
from embedded.platform import Platform
from postgres import Sql, from_dsn, names, render
from tests.hostile import ENVIRONMENT, SHADOWS, set_all
from totesys.simulator import Simulator

VALUES = r"""
UPDATE staff SET first_name = 'back\slash', last_name = 'Zoë €' WHERE staff_id = 1;
UPDATE address SET district = '', address_line_2 = NULL, phone = '0730 783349' WHERE address_id = 1;
UPDATE payment SET payment_amount = 99999999.99, payment_date = '2024-02-01' WHERE payment_id = 1;
UPDATE design SET file_name = E'a\nb' WHERE design_id = 1
"""


@pytest.fixture
def hostile(
    platform: Platform,
    source: Connection,
    warehouse: Connection,
    monkeypatch: pytest.MonkeyPatch,
    seeded_source_dsn: str,
    warehouse_dsn: str,
) -> Iterator[Platform]:
    """The platform between databases with every hostile setting, in a hostile environment."""
    source.run(Sql(VALUES))
    for connection, dsn in ((source, seeded_source_dsn), (warehouse, warehouse_dsn)):
        connection.run(Sql(SHADOWS))
        set_all(connection, f"DATABASE {from_dsn(dsn).database}")
    for name, setting in ENVIRONMENT.items():
        monkeypatch.setenv(name, setting)
    time.tzset()
    yield platform
    monkeypatch.undo()
    time.tzset()


def test_every_value_of_a_hostile_cycle_arrives(
    hostile: Platform, source: Connection, warehouse: Connection, simulator: Simulator
):
    hostile.cycle()
    simulator.edit_sales_order_silently()
    simulator.place_sales_order()
    hostile.cycle()
    stars = contracts.warehouse()
    for fact in stars.facts:
        assert rows(warehouse, fact, f"{fact.name}_current") == expected(source, fact), fact.name
    for dimension in stars.dimensions:
        actual = rows(warehouse, dimension, dimension.name)
        assert actual == expected(source, dimension), dimension.name
    newest = "SELECT max(observed_at) FROM warehouse.fact_sales_order"
    [[observed_at]] = warehouse.run(newest)
    assert abs(observed_at - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=10)


def copied(table: Fact | Dimension) -> list[Column]:
    """Return the columns that are made from the row's own values, without a reference list."""
    return [c for c in table.columns if c.origin and not c.lookup and not c.translate]


def rows(warehouse: Connection, table: Fact | Dimension, view: str) -> list[list[Any]]:
    columns = names(column.name for column in copied(table))
    query = "SELECT {columns} FROM warehouse.{view} ORDER BY {key}"
    result: list[list[Any]] = warehouse.run(
        render(query, columns=columns, view=view, key=table.key)
    )
    return result


def expected(source: Connection, table: Fact | Dimension) -> list[list[Any]]:
    columns = copied(table)
    origins = names(column.origin_column for column in columns)
    key = table.column(table.key).origin_column
    query = "SELECT {origins} FROM {table} ORDER BY {key}"
    result = source.run(render(query, origins=origins, table=table.of, key=key))
    return [
        [conform(value, column) for value, column in zip(row, columns, strict=True)]
        for row in result
    ]


def conform(value: Any, column: Column) -> Any:
    """Return the value of the source as the warehouse has it."""
    match column.type.kind:
        case "date" if isinstance(value, datetime):
            return value.date()
        case "date":
            return date.fromisoformat(value)
        case "time":
            return value.time()
        case "text" if value is None and not column.nullable:
            return UNKNOWN
    return value
