"""A warehouse that the embedded platform has filled: orders, edits, deletions, rows set apart."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from embedded.dashboard_process import reader_dsn
from embedded.platform import Platform
from embedded.server import Server
from embedded.workflow import Spark
from postgres import connected, from_dsn
from totesys.simulator import Simulator

SOURCE, WAREHOUSE = "shown_source", "shown_warehouse"
UNREADABLE = "update sales_order set agreed_payment_date = 'soon' where sales_order_id = :key"


@dataclass(frozen=True)
class Filled:
    """Where it is, as a reader; an order that was edited twice, one that was edited and deleted,
    and one that is set apart."""

    dsn: str
    lake: Path
    edited: int
    deleted: int
    apart: int


def fill(server: Server, folder: Path, orders: int, steps: int, spark: Spark | None) -> Filled:
    """Seed a source with ``orders`` that end today, let ``steps`` of its life and the life of three
    orders happen, each step seen by a poll, and load all of it."""
    for name in (SOURCE, WAREHOUSE):
        server.create_database(name)
    source = server.dsn(SOURCE)
    with (
        Platform(folder / "lake", source, server.dsn(WAREHOUSE), spark=spark) as platform,
        connected(from_dsn(source), "simulator") as connection,
    ):
        simulator = Simulator(connection, seed=5)
        simulator.create_schema()
        simulator.seed(orders, until=date.today())  # noqa: DTZ011 - one machine
        platform.cycle()
        edited, deleted = (simulator.place_sales_order().order_id for _ in range(2))
        apart = simulator.place_sales_order().order_id
        platform.cycle()
        for _ in range(2):
            simulator.edit_sales_order_silently(edited)
            simulator.edit_sales_order_silently(deleted)
            platform.cycle()
        connection.run(UNREADABLE, key=apart)
        simulator.delete_sales_order(deleted)
        platform.cycle()
        for _ in range(steps):
            for _ in range(8):
                simulator.step()
            platform.cycle()
    return Filled(reader_dsn(server, WAREHOUSE), folder / "lake", edited, deleted, apart)
