"""The cost of a further column: `python -m benchmarks.columns --versions 1000000`.

In a temporary PostgreSQL server it creates a source with that many payments, polls it into a lake
in a directory, and creates a warehouse with a version of each. Then a nullable column is added to
the source and to both contracts, and every payment gets a value. It prints what the migration, the
full read and the backfill take. Times vary with the machine and its load.
"""

import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from time import perf_counter, process_time
from typing import Any, TypeVar

import psutil
from pg8000.native import Connection

import contracts
from contracts import Column, Type, Warehouse
from embedded.server import running
from embedded.server.server import Server
from ingestion_lambda.poll import Polled, poll
from lake import Lake, new_run
from lake.local import open_local_lake
from operations.backfill import backfill
from postgres import connected, from_dsn, render
from totesys.simulator import Simulator
from warehouse import SCHEMA, migrate

T = TypeVar("T")
ADDED = Column("note", Type("text"), True, "A column that was added later.")

PAYMENTS = """
set session_replication_role = replica;
insert into payment
select n, now(), now(), n, 1, 9.99, 1, 1, false, '2024-11-15', 1, 1
from generate_series(1, {versions}) as n;
"""
VERSIONS = """
set session_replication_role = replica;
insert into warehouse.fact_payment (
    payment_id, created_date, created_time, last_updated_date, last_updated_time, transaction_id,
    counterparty_id, payment_amount, currency_id, payment_type_id, paid, payment_date, observed_at,
    batch_seq, is_deleted
)
select n, '2024-11-15', '09:00', '2024-11-15', '09:00', n, 1, 9.99, 1, 1, false, '2024-11-15',
    '2024-11-15 09:00', 3, false
from generate_series(1, {versions}) as n;
set session_replication_role = origin;
"""
LEDGER = """
insert into etl.ledger
    (batch_seq, lake, generation, batch_run, run, observed_at, committed_at, rows)
values (:seq, :lake, 1, :batch_run, 'benchmark', :observed_at, :committed_at, 0)
"""
READ = "select 1 from warehouse.fact_payment_current limit 1"
FILES = """
select pg_relation_filenode('warehouse.fact_payment'), pg_relation_filenode('etl.latest_payment')
"""


class Quiet:
    """A bus that nobody reads."""

    def publish(self, event: dict[str, Any]) -> None:
        """Do nothing."""

    def workflow_runs(self) -> bool:
        """Return True, so that nothing is published."""
        return True


def main() -> None:
    """Add the column, and print a line for each step."""
    parser = ArgumentParser("python -m benchmarks.columns", description="Measure a new column.")
    parser.add_argument("--versions", type=int, default=100_000, help="versions (100000)")
    versions = parser.parse_args().versions
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "server") as server:
        for name in ("totesys", "warehouse"):
            server.create_database(name)
        lake = open_local_lake(Path(folder) / "lake")
        with connected(from_dsn(server.dsn("totesys")), "benchmark") as source:
            Simulator(source).create_schema()
            source.run(render(PAYMENTS, versions=versions))
            _measure(server, source, lake, versions, Path(folder))


def _measure(server: Server, source: Connection, lake: Lake, versions: int, folder: Path) -> None:
    with connected(from_dsn(server.dsn("warehouse")), "benchmark") as connection:
        migrate(connection)
        _timed("full read, first poll", lambda: _poll(source, lake))
        _add_to_contracts()
        source.run("alter table payment add column note text")
        polled = _timed("full read after the new column", lambda: _poll(source, lake))
        print(f"  rows landed: {polled.changes}")
        source.run("update payment set note = 'note ' || payment_id")
        _timed("poll of a value for every row", lambda: _poll(source, lake))
        _fill(connection, lake, versions)
        before = connection.run(FILES)
        with _waits(server) as waits:
            _timed("migration", lambda: migrate(connection))
        print(f"  longest wait of a reader: {max(waits):.3f} s")
        print(f"  tables rewritten: {before != connection.run(FILES)}")
    address = from_dsn(server.dsn("warehouse"))
    before_backfill = _processor_seconds(folder)
    filled = _timed("backfill", lambda: backfill(lake, address, SCHEMA, "fact_payment", "note"))
    print(f"  processor: {_processor_seconds(folder) - before_backfill:.1f} s")
    print(f"  {filled.report()}")


def _add_to_contracts() -> None:
    """Add the column to the contracts of source and warehouse, in this process."""
    source, stars = contracts.source(), contracts.warehouse()
    payment, fact = source.tables["payment"], stars.tables["fact_payment"]
    of_source = replace(payment, columns=(*payment.columns, ADDED))
    columns = (*fact.columns[:-5], replace(ADDED, origin="note"), *fact.columns[-5:])
    changed = replace(source, tables={**source.tables, "payment": of_source})
    warehouse = Warehouse({**stars.tables, "fact_payment": replace(fact, columns=columns)})
    setattr(contracts, "source", lambda *_: changed)  # noqa: B010 - mypy: it replaces a cache
    setattr(contracts, "warehouse", lambda *_: warehouse)  # noqa: B010 - as above


def _poll(source: Connection, lake: Lake) -> Polled:
    return poll(source, contracts.source(), lake, Quiet(), new_run())


def _fill(connection: Connection, lake: Lake, versions: int) -> None:
    """Create a version of each payment in batch 3, as a load before the migration would have."""
    connection.run(render(VERSIONS, versions=versions))
    connection.run("vacuum analyze")
    for batch in lake.batches.after(0):
        parts = {"batch_run": batch.run, "observed_at": batch.observed_at}
        connection.run(
            LEDGER, seq=batch.seq, lake=batch.lake, committed_at=batch.committed_at, **parts
        )


@contextmanager
def _waits(server: Server) -> Iterator[list[float]]:
    """Read the fact all the time during the block, and provide the seconds of each query."""
    waits, ended = list[float](), Event()

    def read() -> None:
        with connected(from_dsn(server.dsn("warehouse")), "reader") as reader:
            while not ended.is_set():
                start = perf_counter()
                reader.run(READ)
                waits.append(perf_counter() - start)

    thread = Thread(target=read)
    thread.start()
    yield waits
    ended.set()
    thread.join()


def _processor_seconds(folder: Path) -> float:
    """Return the processor's time of this process and of the ended sessions of the server."""
    [pid] = folder.rglob("postmaster.pid")
    server = psutil.Process(int(pid.read_text().splitlines()[0])).cpu_times()
    return process_time() + server.children_user + server.children_system


def _timed(name: str, step: Callable[[], T]) -> T:
    start = perf_counter()
    result = step()
    print(f"{name:<34}{perf_counter() - start:>8.2f} s", flush=True)
    return result


if __name__ == "__main__":
    main()
