"""Write the class-data archive with which Spark starts faster, unless it exists: run two cycles,
and let Java write the classes that they needed to a file."""

import shutil
import sys
import tempfile
from pathlib import Path

from embedded.platform import Platform
from embedded.server import running
from embedded.server.spark import EmbeddedSpark, archive
from postgres import connected, from_dsn
from totesys.simulator import Simulator

ORDERS = 40


def write_archive() -> None:
    """Write the archive. Raises NoJava, NoDriver or ServerFailed."""
    spark = EmbeddedSpark(writes_archive=True)
    folder = Path(tempfile.mkdtemp())  # not TemporaryDirectory: the server may be another user
    try:
        with running(folder / "databases") as server:
            for name in ("source", "warehouse"):
                server.create_database(name)
            _run_cycles(folder / "lake", server.dsn("source"), server.dsn("warehouse"), spark)
    finally:
        spark.end_java()
        shutil.rmtree(folder)


def _run_cycles(lake: Path, source: str, warehouse: str, spark: EmbeddedSpark) -> None:
    platform = Platform(lake, source, warehouse, spark=spark.get)
    with connected(from_dsn(source), "simulator") as connection:
        simulator = Simulator(connection)
        simulator.create_schema()
        simulator.seed(ORDERS)
        platform.cycle()
        connection.run("DELETE FROM payment WHERE payment_id = 1")
        connection.run("UPDATE sales_order SET units_sold = units_sold + 1")
        platform.cycle()


if __name__ == "__main__" and not archive().exists():
    print(f"Writing Spark's class-data archive into {sys.prefix}: half a minute, once.", flush=True)
    write_archive()
