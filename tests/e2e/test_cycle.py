"""A cycle brings committed changes of the source to the warehouse."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection

from embedded.platform import Platform
from postgres import from_dsn, render
from totesys.simulator import Simulator

HISTORY = """
SELECT version, is_current, is_deleted, valid_from, valid_to
FROM warehouse.fact_sales_order_history WHERE sales_order_id = :key ORDER BY version
"""


def current(warehouse: Connection) -> set[int]:
    rows = warehouse.run("SELECT sales_order_id FROM warehouse.fact_sales_order_current")
    return {key for [key] in rows}


def history(warehouse: Connection, key: int) -> list[list[Any]]:
    rows: list[list[Any]] = warehouse.run(HISTORY, key=key)
    return rows


def dump(warehouse: Connection) -> dict[str, list[list[Any]]]:
    """Return every row of the warehouse."""
    tables = warehouse.run(
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_schema IN ('warehouse', 'etl') AND table_type = 'BASE TABLE' ORDER BY 1, 2"
    )
    every_row = "SELECT * FROM {schema}.{table} ORDER BY 1"
    return {t: warehouse.run(render(every_row, schema=s, table=t)) for s, t in tables}


@pytest.mark.loaded
def test_first_cycle_brings_every_order_to_the_cent(
    platform: Platform, source: Connection, warehouse: Connection
):
    orders = "SELECT sales_order_id, units_sold, unit_price, currency_id, design_id FROM"
    assert source.run(f"{orders} sales_order ORDER BY 1") == warehouse.run(
        f"{orders} warehouse.fact_sales_order_current ORDER BY 1"
    )
    [[price]] = warehouse.run("SELECT unit_price FROM warehouse.fact_sales_order LIMIT 1")
    assert isinstance(price, Decimal)


@pytest.mark.loaded
def test_first_cycle_fills_every_dimension(
    platform: Platform, source: Connection, warehouse: Connection
):
    for dimension, table in {
        "dim_staff": "staff",
        "dim_location": "address",
        "dim_design": "design",
        "dim_currency": "currency",
        "dim_counterparty": "counterparty",
    }.items():
        [[expected]] = source.run(render("SELECT count(*) FROM {table}", table=table))
        count = render("SELECT count(*) FROM warehouse.{dimension}", dimension=dimension)
        assert warehouse.run(count) == [[expected]]
    span = "SELECT min(date_id)::text, max(date_id)::text, count(*) FROM warehouse.dim_date"
    assert warehouse.run(span) == [["1990-01-01", "2099-12-31", 40177]]


@pytest.mark.loaded
def test_texts_arrive_as_they_are(platform: Platform, source: Connection, warehouse: Connection):
    columns = (
        "SELECT address_line_1, address_line_2, district, city, postal_code, country, phone FROM"
    )
    rows = source.run(f"{columns} address ORDER BY address_id")
    assert {"08841"} & {row[4] for row in rows}
    assert {None, ""} <= {row[2] for row in rows}
    assert rows == warehouse.run(f"{columns} warehouse.dim_location ORDER BY location_id")


@pytest.mark.loaded
def test_second_cycle_does_nothing(platform: Platform, warehouse: Connection):
    before, rows_before = platform.report(), dump(warehouse)
    platform.cycle()
    after = platform.report()
    assert (after["seq"], after["loaded_through"]) == (before["seq"], before["loaded_through"])
    assert after["changes"] == {}
    assert dump(warehouse) == rows_before


@pytest.mark.loaded
def test_edit_that_leaves_last_updated_alone_is_one_more_version(
    platform: Platform, simulator: Simulator, warehouse: Connection
):
    edit = simulator.edit_sales_order_silently()
    platform.cycle()
    first, second = history(warehouse, edit.key)
    assert first[:3] == [1, False, False]
    assert second[:3] == [2, True, False]
    assert first[4] == second[3]
    platform.cycle()
    assert len(history(warehouse, edit.key)) == 2


@pytest.mark.loaded
def test_late_commit_and_savepoint_row_each_arrive_once(
    platform: Platform, simulator: Simulator, warehouse: Connection, seeded_source_dsn: str
):
    saved = simulator.place_order_in_savepoint()
    with simulator.late_order(from_dsn(seeded_source_dsn)) as late:
        platform.cycle()
        simulator.edit_sales_order_silently()
        platform.cycle()
        assert len(history(warehouse, late.order_id)) == 0
    platform.cycle()
    platform.cycle()
    for order in (saved, late):
        if order.table == "sales_order":
            assert [row[:3] for row in history(warehouse, order.order_id)] == [[1, True, False]]
    assert late.table == "sales_order"


@pytest.mark.loaded
def test_deleted_order_keeps_its_history_and_ends_with_a_tombstone(
    platform: Platform, simulator: Simulator, warehouse: Connection
):
    deleted = simulator.delete_sales_order()
    platform.cycle()
    platform.cycle()
    assert [row[:3] for row in history(warehouse, deleted)] == [[1, False, False], [2, True, True]]
    assert deleted not in current(warehouse)


@pytest.mark.loaded
def test_department_of_a_member_of_staff_changes_in_its_dimension(
    platform: Platform, source: Connection, warehouse: Connection
):
    source.run("UPDATE department SET department_name = 'Renamed' WHERE department_id = 2")
    platform.cycle()
    [[members]] = source.run("SELECT count(*) FROM staff WHERE department_id = 2")
    assert members
    renamed = "SELECT count(*) FROM warehouse.dim_staff WHERE department_name = 'Renamed'"
    assert warehouse.run(renamed) == [[members]]


def test_row_that_does_not_conform_is_quarantined_and_the_others_are_loaded(
    platform: Platform, source: Connection, warehouse: Connection
):
    source.run("UPDATE sales_order SET agreed_payment_date = 'soon' WHERE sales_order_id = 3")
    source.run("UPDATE sales_order SET unit_price = 'NaN' WHERE sales_order_id = 4")
    platform.cycle()
    assert platform.report()["quarantined"] == 2
    assert not {3, 4} & current(warehouse)
    source.run("UPDATE sales_order SET agreed_payment_date = '2024-11-15' WHERE sales_order_id = 3")
    platform.cycle()
    assert 3 in current(warehouse)


@pytest.mark.loaded
def test_quarantined_row_does_not_count_once_it_is_corrected_or_deleted(
    platform: Platform, source: Connection, warehouse: Connection
):
    for key in (3, 4):
        soon = "UPDATE sales_order SET agreed_payment_date = 'soon' WHERE sales_order_id = :key"
        source.run(soon, key=key)
    source.run(
        "INSERT INTO sales_order SELECT 90001, created_at, last_updated, design_id, staff_id,"
        " counterparty_id, units_sold, unit_price, currency_id, agreed_delivery_date, 'soon',"
        " agreed_delivery_location_id FROM sales_order WHERE sales_order_id = 5"
    )
    platform.cycle()
    assert platform.report()["quarantined"] == 3
    source.run("UPDATE sales_order SET agreed_payment_date = '2024-11-15' WHERE sales_order_id = 4")
    source.run("DELETE FROM sales_order WHERE sales_order_id IN (3, 90001)")
    platform.cycle()
    assert platform.report()["quarantined"] == 0
    assert [row[:3] for row in history(warehouse, 3)] == [[1, False, False], [2, True, True]]
    assert history(warehouse, 90001) == []
    orders = current(warehouse)
    assert 4 in orders
    assert not {3, 90001} & orders
    rows_before = dump(warehouse)
    platform.transform(retry_quarantined=True)
    platform.load()
    assert dump(warehouse) == rows_before


@pytest.mark.loaded
def test_a_step_that_runs_twice_changes_nothing_more(
    platform: Platform, simulator: Simulator, warehouse: Connection
):
    edit = simulator.edit_sales_order_silently()
    for step in (platform.poll, platform.transform, platform.load):
        step()
        step()
    assert len(history(warehouse, edit.key)) == 2
    rows_before = dump(warehouse)
    for step in (platform.load, platform.transform, platform.poll, platform.cycle):
        step()
    assert dump(warehouse) == rows_before


def test_warehouse_that_was_down_gets_every_batch_once_it_is_up(
    tmp_path: Path, platform: Platform, simulator: Simulator, warehouse: Connection
):
    working = platform._warehouse
    platform._warehouse = working + "_down"
    for _ in range(2):
        with pytest.raises(Exception, match="does not exist"):
            platform.cycle()
        simulator.edit_sales_order_silently()
    platform._warehouse = working
    platform.cycle()
    report = platform.report()
    assert report["seq"] == report["loaded_through"]
    assert len(current(warehouse)) > 0


@pytest.mark.loaded
def test_no_object_of_the_lake_is_overwritten(
    tmp_path: Path, platform: Platform, simulator: Simulator
):
    def objects() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    objects_before = objects()
    simulator.edit_sales_order_silently()
    simulator.move_staff()
    simulator.delete_sales_order()
    platform.cycle()
    now = objects()
    assert {path: now[path] for path in objects_before} == objects_before
    assert len(now) > len(objects_before)
    assert not [path for path in now if path.suffix == ".crc"]
