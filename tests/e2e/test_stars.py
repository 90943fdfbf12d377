"""Changes of the source in all three stars after the next cycle.

The tests share a platform. Each changes other rows.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import pytest
from pg8000.native import Connection
from pyspark.sql import SparkSession

from embedded.platform import Platform
from embedded.server import Server
from postgres import connected, from_dsn, render
from totesys.simulator import Simulator

DUE = date(2030, 1, 15)
PAID = 37
VERSIONS = """
select version, {column} from warehouse.{history} where {key} = :key order by version
"""


class Stars(NamedTuple):
    platform: Platform
    source: Connection
    simulator: Simulator
    warehouse: Connection

    def versions(self, fact: str, key: int, column: str) -> list[list[object]]:
        """Return the number and the value of a column for every version of a row."""
        query = render(VERSIONS, history=f"fact_{fact}_history", key=f"{fact}_id", column=column)
        rows: list[list[object]] = self.warehouse.run(query, key=key)
        return rows


@pytest.fixture(scope="module")
def stars(
    server: Server,
    seeded_template: str,
    spark: SparkSession,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stars]:
    """Create a platform and run its first cycle; 37 payments are due on one day."""
    server.create_database("stars_source", seeded_template)
    server.create_database("stars_warehouse")
    source, warehouse = server.dsn("stars_source"), server.dsn("stars_warehouse")
    lake = tmp_path_factory.mktemp("stars") / "lake"
    platform = Platform(lake, source, warehouse, spark=lambda: spark)
    with (
        connected(from_dsn(source), "writer") as writer,
        connected(from_dsn(warehouse), "reader") as reader,
    ):
        writer.run(
            "update payment set paid = false, payment_date = :due where payment_id in"
            " (select payment_id from payment order by payment_id limit 38)",
            due=DUE.isoformat(),
        )
        platform.cycle()
        yield Stars(platform, writer, Simulator(writer), reader)
    server.drop_database("stars_source")
    server.drop_database("stars_warehouse")


@pytest.mark.parametrize("table", ["sales_order", "purchase_order", "payment"])
def test_every_row_of_the_source_is_current(stars: Stars, table: str):
    count = render("select count(*) from {table}", table=table)
    current = render("select count(*) from warehouse.{view}", view=f"fact_{table}_current")
    [[expected]] = stars.source.run(count)
    assert expected
    assert stars.warehouse.run(current) == [[expected]]


def test_every_transaction_and_kind_of_payment_is_there(stars: Stars):
    columns = (
        "select transaction_id, transaction_type::text, sales_order_id, purchase_order_id from"
    )
    assert stars.warehouse.run(
        f"{columns} warehouse.dim_transaction order by 1"
    ) == stars.source.run(f"{columns} transaction order by 1")
    kinds = "select payment_type_id, payment_type_name::text from"
    assert stars.warehouse.run(f"{kinds} warehouse.dim_payment_type order by 1") == (
        stars.source.run(f"{kinds} payment_type order by 1")
    )


def test_edit_and_reversal_with_polls_between_are_three_versions(stars: Stars):
    order = stars.simulator.place_purchase_order().order_id
    edit = "update purchase_order set item_code = :code where purchase_order_id = :key"
    for code in ("A", "B", "A"):
        stars.source.run(edit, code=code, key=order)
        stars.platform.cycle()
    assert stars.versions("purchase_order", order, "item_code") == [[1, "A"], [2, "B"], [3, "A"]]


def test_edit_and_reversal_between_two_polls_make_no_version(stars: Stars):
    before = stars.versions("purchase_order", 1, "item_code")
    edit = "update purchase_order set item_code = :code where purchase_order_id = 1"
    for code in ("elsewhere", before[-1][1]):
        stars.source.run(edit, code=code)
    stars.platform.cycle()
    assert stars.versions("purchase_order", 1, "item_code") == before


def test_every_payment_that_is_paid_at_one_moment_gets_a_second_version(stars: Stars):
    paid = stars.simulator.pay_due(DUE)
    assert len(paid) == PAID
    stars.platform.cycle()
    second = stars.warehouse.run("""
        select payment_id, paid, last_updated_date + last_updated_time, batch_seq
        from warehouse.fact_payment_history
        where version = 2 and is_current order by payment_id
    """)
    assert [row[0] for row in second] == paid
    assert all(row[1] for row in second)
    assert len({(moment, batch) for _, _, moment, batch in second}) == 1
    changed = stars.warehouse.run("""
        select count(*), min(old_value), min(new_value) from warehouse.fact_payment_changes
        where column_name = 'paid'
    """)
    assert changed == [[PAID, "false", "true"]]


def test_renamed_department_is_renamed_for_all_of_its_staff_and_no_others(stars: Stars):
    [[department, members]] = stars.source.run(
        "select department_id, count(*) from staff group by 1 order by 2 desc, 1 limit 1"
    )
    assert members > 1
    stars.source.run(
        "update department set department_name = 'Renamed', location = null"
        " where department_id = :id",
        id=department,
    )
    stars.platform.cycle()
    renamed = (
        "select staff_id from warehouse.dim_staff where department_name = 'Renamed' order by 1"
    )
    members_of = "select staff_id from staff where department_id = :id order by 1"
    assert stars.warehouse.run(renamed) == stars.source.run(members_of, id=department)
    places = "select distinct location from warehouse.dim_staff where department_name = 'Renamed'"
    assert stars.warehouse.run(places) == [["Unknown"]]


def test_changed_address_changes_for_every_counterparty_there(stars: Stars):
    moved = "update counterparty set legal_address_id = 3 where counterparty_id in (1, 2, 3)"
    stars.source.run(moved)
    stars.platform.cycle()
    stars.source.run("update address set city = 'Atlantis' where address_id = 3")
    stars.platform.cycle()
    there = """
        select counterparty_id from warehouse.dim_counterparty
        where counterparty_legal_city = 'Atlantis' order by 1
    """
    here = "select counterparty_id from counterparty where legal_address_id = 3 order by 1"
    assert len(stars.warehouse.run(there)) >= 3
    assert stars.warehouse.run(there) == stars.source.run(here)
    place = "select location_id from warehouse.dim_location where city = 'Atlantis'"
    assert stars.warehouse.run(place) == [[3]]


def test_transaction_of_a_deleted_order_loses_its_reference_and_its_payment_stays(
    stars: Stars,
):
    order = stars.simulator.place_sales_order()
    stars.platform.cycle()
    by_order = """
        select transaction_id, transaction_type from warehouse.dim_transaction
        where sales_order_id = :key
    """
    [[transaction, _]] = stars.warehouse.run(by_order, key=order.order_id)
    stars.simulator.delete_sales_order(order.order_id)
    stars.platform.cycle()
    assert stars.warehouse.run(by_order, key=order.order_id) == []
    wide = """
        select transaction_type, transaction_sales_order_id from warehouse.fact_payment_wide
        where transaction_id = :key
    """
    assert stars.warehouse.run(wide, key=transaction) == [["SALE", None]]
    assert stars.versions("sales_order", order.order_id, "is_deleted") == [[1, False], [2, True]]
    assert stars.versions("sales_order", order.order_id, "units_sold")[1][1] is not None


def test_an_order_leads_to_its_payment(stars: Stars):
    order = stars.simulator.place_purchase_order()
    stars.platform.cycle()
    payment = """
        select payment_amount from warehouse.fact_payment_wide
        where transaction_purchase_order_id = :key
    """
    price = """
        select item_quantity * item_unit_price from warehouse.fact_purchase_order_current
        where purchase_order_id = :key
    """
    amounts = stars.warehouse.run(payment, key=order.order_id)
    assert len(amounts) == 1
    assert amounts == stars.warehouse.run(price, key=order.order_id)
