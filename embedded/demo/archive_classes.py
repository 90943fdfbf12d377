"""Write the class-data archive with which Spark starts faster, unless it exists: run cycles with
the first changes of the demo, and let Java write the classes that they needed to a file."""

import shutil
import sys
import tempfile
from itertools import islice
from pathlib import Path

from embedded.platform import Platform
from embedded.server import running
from embedded.server.spark import EmbeddedSpark, archive
from postgres import connected, from_dsn
from totesys.demo.scenario import Scenario
from totesys.simulator.background_writer import prepare
from warehouse import SCHEMA

ORDERS = 40
CHANGES = 2


def write_archive() -> None:
    """Write the archive. Raises NoJava or ServerFailed."""
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
    at = from_dsn(source)
    prepare(at, ORDERS)
    platform = Platform(lake, source, warehouse, spark=spark.get)
    platform.cycle()
    with connected(at, "writer") as writer, connected(from_dsn(warehouse), "reader") as reader:
        scenario = Scenario(writer, at, reader, SCHEMA, platform.cycle)
        for step in islice(scenario.steps(), CHANGES):
            step.action()
            platform.cycle()


if __name__ == "__main__" and not archive().exists():
    print(f"Writing Spark's class-data archive into {sys.prefix}: half a minute, once.", flush=True)
    write_archive()
