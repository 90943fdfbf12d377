"""A source of any size in a temporary PostgreSQL server, and a warehouse beside it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psutil
from pg8000.native import Connection

import contracts
from benchmarks.measuring import Measured, measure_module
from embedded.server import Server, running
from postgres import Sql, connected, from_dsn, names, render
from totesys.simulator import Simulator
from warehouse import migrate

SCATTERED = 110
DELETED = 10
SETTINGS = {"max_slot_wal_keep_size": "8GB", "max_wal_size": "8GB"}


@dataclass(frozen=True)
class Benched:
    """A folder, a server, and in it a source that a simulator changes."""

    folder: Path
    server: Server
    source: Connection
    simulator: Simulator

    @property
    def dsn(self) -> str:
        return self.server.dsn("totesys")

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    def measure(self, module: str, *arguments: str) -> Measured:
        """Run a module of the project with this Python, and return its cost and the server's."""
        return measure_module(module, *arguments, server=self.process)

    @cached_property
    def process(self) -> psutil.Process:
        return process_of(self.server)

    def warehouse(self, name: str = "warehouse") -> str:
        """Create and migrate a warehouse, and return its DSN."""
        self.server.create_database(name)
        with connected(from_dsn(self.server.dsn(name)), "benchmark") as connection:
            migrate(connection)
        return self.server.dsn(name)

    def edit_scattered(self) -> None:
        """Edit SCATTERED sales orders that are far from each other."""
        self.source.run(
            render(
                "update sales_order set units_sold = units_sold + 1 where sales_order_id in"
                " (select 1 + g * (select max(sales_order_id) from sales_order)::bigint / {rows}"
                " from generate_series(0, {rows} - 1) g)",
                rows=SCATTERED,
            )
        )

    def delete_some(self) -> None:
        """Delete DELETED sales orders."""
        for _ in range(DELETED):
            self.simulator.delete_sales_order()

    def edit_all(self, times: int = 1) -> None:
        """Edit every sales order, so many times."""
        for _ in range(times):
            self.source.run("update sales_order set units_sold = 1 + units_sold")

    def write_elsewhere(self) -> None:
        """Write 500 MB of log that no poll needs."""
        self.source.run(
            "insert into elsewhere select g, repeat('x', 400) from generate_series(1, 1100000) g"
        )


def process_of(server: Server) -> psutil.Process:
    """Return the first process of a PostgreSQL server that this process runs."""
    if server.cluster is None:
        raise ValueError("another process runs the server")
    lines = (server.cluster.data / "postmaster.pid").read_text().splitlines()
    return psutil.Process(int(lines[0]))


@contextmanager
def seeded(orders: int) -> Iterator[Benched]:
    """Provide a source with so many orders, and what they refer to, for the block. Filling it takes
    about 40 s for a million."""
    print(f"Filling a source with {orders:,} orders.", flush=True)
    with (
        tempfile.TemporaryDirectory() as name,
        running(Path(name) / "server", SETTINGS) as server,
    ):
        server.create_database("totesys")
        with connected(from_dsn(server.dsn("totesys")), "benchmark") as source:
            simulator = Simulator(source)
            simulator.create_schema()
            simulator.seed(orders)
            source.run("create table elsewhere (id int, words text)")
            source.run("vacuum analyze")
            tables = Sql(names(contracts.source().tables))
            source.run(render("create publication warehouse for table {tables}", tables=tables))
            yield Benched(Path(name), server, source, simulator)
