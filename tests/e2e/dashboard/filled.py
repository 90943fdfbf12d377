"""A warehouse that the embedded platform has filled: orders, changes, deletions, and a quarantined
row."""

from dataclasses import dataclass
from pathlib import Path

from embedded.demo.dashboard_process import reader_dsn
from embedded.platform import Platform
from embedded.server import Server
from embedded.workflow import Spark
from lake import now
from postgres import connected, from_dsn
from totesys.simulator import Simulator

SOURCE, WAREHOUSE, ROLE = "dashboard_source", "dashboard_warehouse", "dashboard_viewer"
INVALID_DATE = "update sales_order set agreed_payment_date = 'soon' where sales_order_id = :key"
STEPS_PER_CYCLE, SPREAD_DAYS = 8, 27


@dataclass(frozen=True)
class Filled:
    """The DSN of a reader, the lake, and three sales orders: one with two updates, one with two
    updates and a deletion, and one whose last version is in quarantine."""

    dsn: str
    lake: Path
    updated: int
    deleted: int
    quarantined: int


def fill(
    server: Server, folder: Path, orders: int, cycles: int = 0, spark: Spark | None = None
) -> Filled:
    """Seed a source with ``orders`` until today, then poll and load it after each change of three
    orders, and for ``cycles`` more with random changes."""
    for name in (SOURCE, WAREHOUSE):
        server.create_database(name)
    source = server.dsn(SOURCE)
    with (
        Platform(folder / "lake", source, server.dsn(WAREHOUSE), spark=spark) as platform,
        connected(from_dsn(source), "simulator") as connection,
    ):
        simulator = Simulator(connection, seed=5)
        simulator.create_schema()
        simulator.seed(orders, until=now().date())  # the server's clock is UTC, too
        updated, deleted, quarantined = (simulator.place_sales_order().order_id for _ in range(3))
        platform.cycle()
        for _ in range(2):
            simulator.edit_sales_order_silently(updated)
            simulator.edit_sales_order_silently(deleted)
            platform.cycle()
        connection.run(INVALID_DATE, key=quarantined)
        simulator.delete_sales_order(deleted)
        busy = Simulator(connection, seed=6, spread=SPREAD_DAYS)
        for _ in range(1 + cycles):
            for _ in range(STEPS_PER_CYCLE):
                busy.step()
            platform.cycle()
    dsn = reader_dsn(server, WAREHOUSE, ROLE)
    return Filled(dsn, folder / "lake", updated, deleted, quarantined)
