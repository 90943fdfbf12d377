"""The changes view: one row for each changed column; and the wide view."""

from collections.abc import Iterable
from typing import Any

import pytest
from pg8000.native import Connection

import contracts
from postgres import render
from tests.integration.warehouse.facts import add_members, add_version

CHANGES = """
select batch_seq, change, column_name, old_value, new_value
from warehouse.fact_sales_order_changes where sales_order_id = 1
order by batch_seq, change_seq, change, column_name
"""
Version = tuple[int, dict[str, Any]]
CREATED = [1, "created", None, None, None]
CASES: dict[str, tuple[list[Version], list[list[Any]]]] = {
    "a new row is created, whatever its values": ([(1, {})], [CREATED]),
    "each changed column is a row, with both values as text": (
        [
            (1, {"units_sold": 2, "unit_price": "3.50", "agreed_payment_date": "2024-01-01"}),
            (4, {"units_sold": 30, "unit_price": "4.00", "created_time": "10:00:00.123"}),
        ],
        [
            CREATED,
            [4, "updated", "created_time", "10:00:00", "10:00:00.123"],
            [4, "updated", "unit_price", "3.50", "4.00"],
            [4, "updated", "units_sold", "2", "30"],
        ],
    ),
    "a value that changes and changes back is two changes": (
        [(1, {"design_id": 1}), (2, {"design_id": 2}), (3, {"design_id": 1})],
        [
            CREATED,
            [2, "updated", "design_id", "1", "2"],
            [3, "updated", "design_id", "2", "1"],
        ],
    ),
    "a version without differences has no change": ([(1, {}), (2, {})], [CREATED]),
    "a deletion is one row, and so is a reinsertion": (
        [(1, {}), (2, {"is_deleted": True}), (3, {"design_id": 5})],
        [
            CREATED,
            [2, "deleted", None, None, None],
            [3, "created", None, None, None],
            [3, "updated", "design_id", "1", "5"],
        ],
    ),
    "each transaction of a batch is compared with the one before it": (
        [
            (2, {"design_id": 3, "change_seq": 9}),
            (1, {"design_id": 1}),
            (2, {"design_id": 2, "change_seq": 4}),
            (2, {"design_id": 2, "is_deleted": True, "change_seq": 7}),
            (3, {"design_id": 4}),
        ],
        [
            CREATED,
            [2, "updated", "design_id", "1", "2"],
            [2, "deleted", None, None, None],
            [2, "created", None, None, None],
            [2, "updated", "design_id", "2", "3"],
            [3, "updated", "design_id", "3", "4"],
        ],
    ),
    "a row whose first version is its deletion is deleted": (
        [(1, {"is_deleted": True})],
        [[1, "deleted", None, None, None]],
    ),
}


def insert(connection: Connection, versions: Iterable[Version]) -> None:
    for batch, values in versions:
        add_version(connection, "fact_sales_order", 1, batch, **values)


@pytest.mark.parametrize("case", CASES)
def test_changes_of_a_row(unbound: Connection, case: str) -> None:
    versions, expected = CASES[case]
    add_version(unbound, "fact_sales_order", 2, 1, design_id=9)  # another order, unrelated
    insert(unbound, versions)
    assert unbound.run(CHANGES) == expected


def test_order_is_that_of_batches_whatever_the_order_of_insertion(unbound: Connection) -> None:
    insert(unbound, [(3, {"design_id": 3}), (1, {"design_id": 1}), (2, {"design_id": 2})])
    assert [row[3:] for row in unbound.run(CHANGES)] == [[None, None], ["1", "2"], ["2", "3"]]


@pytest.mark.parametrize("fact", contracts.warehouse().facts, ids=lambda fact: fact.name)
def test_every_column_can_change_except_the_key_and_those_of_the_platform(
    unbound: Connection, fact: contracts.Fact
) -> None:
    others = {"int": 2, "numeric": "8", "text": "other", "boolean": True, "date": "2025-02-02",
              "time": "11:00"}  # fmt: skip
    changing = [c for c in fact.columns if c.origin and c.name != fact.key]
    add_version(unbound, fact.name, 1, 1)
    add_version(unbound, fact.name, 1, 2, **{c.name: others[c.type.kind] for c in changing})
    rows = unbound.run(
        render(
            "select column_name from warehouse.{v} where change = 'updated'",
            v=f"{fact.name}_changes",
        )
    )
    assert {name for (name,) in rows} == {column.name for column in changing}


def test_wide_has_every_column_of_every_dimension_that_a_fact_refers_to(
    migrated: Connection,
) -> None:
    add_members(migrated, "fact_sales_order")
    add_version(migrated, "fact_sales_order", 1, 1)
    [row] = migrated.run("""
        select sales_order_id, sales_staff_first_name, sales_staff_department_name,
            counterparty_legal_name, counterparty_legal_phone_number, currency_code, currency_name,
            design_name, design_file_location, agreed_delivery_location_city,
            agreed_delivery_location_phone
        from warehouse.fact_sales_order_wide
    """)
    assert row == [
        1,
        "first_name of dim_staff",
        "department_name of dim_staff",
        "counterparty_legal_name of dim_counterparty",
        "counterparty_legal_phone_number of dim_counterparty",
        "currency_code of dim_currency",
        "currency_name of dim_currency",
        "design_name of dim_design",
        "file_location of dim_design",
        "city of dim_location",
        "phone of dim_location",
    ]


@pytest.mark.parametrize("fact", contracts.warehouse().facts, ids=lambda fact: fact.name)
def test_wide_is_the_current_row_once(migrated: Connection, fact: contracts.Fact) -> None:
    add_members(migrated, fact.name)
    for key, deleted in ((1, False), (2, True)):
        add_version(migrated, fact.name, key, 1)
        add_version(migrated, fact.name, key, 2, is_deleted=deleted)
    query = render(
        "select {key}, batch_seq from warehouse.{wide}", key=fact.key, wide=f"{fact.name}_wide"
    )
    assert migrated.run(query) == [[1, 2]]


def test_dimension_without_a_selected_column_is_not_read(migrated: Connection) -> None:
    plan = migrated.run("""
        explain select currency_code, sum(units_sold * unit_price)
        from warehouse.fact_sales_order_wide group by 1
    """)
    text = "\n".join(line for (line,) in plan)
    assert "dim_currency" in text
    assert "dim_staff" not in text
