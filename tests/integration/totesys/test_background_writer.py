"""Changes of the simulated source, drawn by a seed, and written in the background."""

from collections.abc import Iterator
from threading import Event

import pytest
from pg8000.native import Connection

from postgres import connected, from_dsn
from tests.sessions import PATIENCE
from totesys.simulator import Simulator
from totesys.simulator.background_writer import background_writer, prepare

ROWS = """
select 'order', sales_order_id, design_id, staff_id, agreed_delivery_date from sales_order
union all select 'purchase', purchase_order_id, 0, staff_id, item_code from purchase_order
order by 1, 2
"""


@pytest.fixture
def source(seeded_source_dsn: str) -> Iterator[Connection]:
    with connected(from_dsn(seeded_source_dsn), "test") as connection:
        yield connection


def test_steps_of_one_seed_are_the_same_on_the_same_data(
    source: Connection, server, seeded_template: str
):
    simulator = Simulator(source, seed=7)
    changes = [simulator.step() for _ in range(60)]
    server.create_database("twin", seeded_template)
    try:
        with connected(from_dsn(server.dsn("twin")), "test") as other:
            twin = Simulator(other, seed=7)
            assert [twin.step() for _ in range(60)] == changes
            assert other.run(ROWS) == source.run(ROWS)
    finally:
        server.drop_database("twin")
    assert len(set(changes)) > 6
    assert max(set(changes), key=changes.count) == "place sales order"


def test_purchase_order_is_edited_silently(source: Connection):
    simulator = Simulator(source)
    query = "select * from purchase_order where purchase_order_id = :key"
    for _ in range(12):
        order = simulator.place_purchase_order().order_id
        before = source.run(query, key=order)
        edit = simulator.edit_purchase_order_silently(order)
        after = source.run(query, key=order)
        columns = [column["name"] for column in source.columns]
        changed = {
            name: new
            for name, old, new in zip(columns, before[0], after[0], strict=True)
            if old != new
        }
        assert changed == edit.changed
        assert "last_updated" not in changed


def test_source_is_seeded_once_and_changes_during_the_block(server):
    server.create_database("written")
    address = from_dsn(server.dsn("written"))
    try:
        prepare(address, 20)
        prepare(address, 20)
        stopping = Event()
        with background_writer(address, rate=6000, stopping=stopping) as writer:
            changes, oldest = list[str](), None
            while len(changes) < 5 and not stopping.wait(0.01):
                more, first = writer.take()
                changes, oldest = changes + more, oldest or first
        assert stopping.is_set()
        assert oldest is not None
        with connected(address, "test") as connection:
            [[orders]] = connection.run("select count(*) from transaction")
        assert orders >= 20
    finally:
        server.drop_database("written")


def test_failure_of_the_writer_sets_stopping_and_is_raised(source_dsn: str):
    stopping = Event()
    with (
        pytest.raises(Exception, match="seed it first"),
        background_writer(from_dsn(source_dsn), rate=6000, stopping=stopping),
    ):
        assert stopping.wait(PATIENCE)
