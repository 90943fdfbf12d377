"""The cost of the business questions: `python -m benchmarks.questions --orders 1000000`.

It creates a warehouse of that size by SQL in a temporary PostgreSQL server: sales orders with 1.3
versions on average, 0.4 times as many purchase orders, and a payment for each order, nearly all of
them paid. Then it measures the cost of keeping the latest versions, which the questions read.
"""

import statistics
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import psutil
from pg8000.native import Connection

import contracts
from benchmarks.measuring import Figure
from benchmarks.report import show
from embedded.server import Server, running
from glue_jobs.load.bare import bare
from glue_jobs.load.merge import ETL, qualified, update_latest
from postgres import Sql, connected, from_dsn, render, transaction
from warehouse import SCHEMA, migrate
from warehouse.questions import questions

DATA = Path(__file__).with_name("questions.sql")
VERSIONS = (10, 1_000, 100_000)
STATES = {"kept": "enable always", "not kept": "disable"}
TRIGGER = "alter table fact_sales_order {state} trigger latest_added"
ADD = """
insert into fact_sales_order (
    sales_order_id, created_date, created_time, last_updated_date, last_updated_time,
    sales_staff_id, counterparty_id, units_sold, unit_price, currency_id, design_id,
    agreed_payment_date, agreed_delivery_date, agreed_delivery_location_id,
    observed_at, batch_seq, is_deleted
)
select
    sales_order_id, created_date, created_time, last_updated_date, last_updated_time,
    sales_staff_id, counterparty_id, units_sold + 1, unit_price, currency_id, design_id,
    agreed_payment_date, agreed_delivery_date, agreed_delivery_location_id,
    observed_at + interval '1 day', batch_seq + 1000000, is_deleted
from fact_sales_order_current order by sales_order_id desc limit {versions}
"""


@dataclass(frozen=True)
class Warehouse:
    """A warehouse of so many sales orders, and the owner's session with it."""

    server: Server
    connection: Connection
    orders: int


def figures(warehouse: Warehouse, runs: int = 3) -> Iterator[Figure]:
    """Yield the median cost of each question; the server's is that of a run without parallel
    workers."""
    connection = warehouse.connection
    for question in questions().values():
        seconds = statistics.median(_seconds(connection, question.sql) for _ in range(runs))
        rows, processor = connection.row_count, _processor_seconds(connection, question.sql)
        case = f"{warehouse.orders:,} orders: {question.name}"
        yield Figure("question", case, seconds, server_seconds=processor, rows=rows)


def latest_figures(warehouse: Warehouse, runs: int = 3) -> Iterator[Figure]:
    """Yield the median cost of adding versions to the sales orders, with and without the triggers
    that keep the latest versions."""
    for versions in VERSIONS:
        for name, state in STATES.items():
            added = (_add(warehouse.connection, versions, state) for _ in range(runs))
            case = f"{versions:,} versions added, latest versions {name}"
            yield Figure("load", case, statistics.median(added), rows=versions)


@contextmanager
def filled(orders: int) -> Iterator[Warehouse]:
    """Provide a warehouse with so many sales orders for the block."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "server") as server:
        server.create_database("warehouse")
        with connected(from_dsn(server.dsn("warehouse")), "benchmark") as connection:
            migrate(connection)
            connection.run(render("set search_path to {schema}", schema=SCHEMA))
            _fill(connection, orders)
            yield Warehouse(server, connection, orders)


def _fill(connection: Connection, orders: int) -> None:
    facts = [(fact, qualified(SCHEMA, fact.name)) for fact in contracts.warehouse().facts]
    latest = {fact.name: qualified(ETL, fact.latest) for fact, _ in facts}
    tables = [*latest.values(), *(table for _, table in facts)]
    with transaction(connection), bare(connection, orders, *tables) as are_bare:
        connection.run(render(DATA.read_text(encoding="utf-8"), orders=orders))
        for fact, table in facts if are_bare else ():
            update_latest(connection, fact, table, latest[fact.name])
    connection.run("vacuum analyze")


def _processor_seconds(connection: Connection, sql: str) -> float:
    [[pid]] = connection.run("select pg_backend_pid()")
    connection.run("set max_parallel_workers_per_gather = 0")
    before = psutil.Process(pid).cpu_times()
    connection.run(sql)
    after = psutil.Process(pid).cpu_times()
    connection.run("reset max_parallel_workers_per_gather")
    return after.user + after.system - before.user - before.system


def _add(connection: Connection, versions: int, state: str) -> float:
    connection.run("begin")
    try:
        connection.run(render(TRIGGER, state=Sql(state)))
        start = perf_counter()
        connection.run(render(ADD, versions=versions))
        return perf_counter() - start
    finally:
        connection.run("rollback")


def _seconds(connection: Connection, sql: str) -> float:
    start = perf_counter()
    connection.run(sql)
    return perf_counter() - start


def main() -> None:
    """Create the warehouse, run every question, and print a line for each."""
    parser = ArgumentParser(
        "python -m benchmarks.questions", description="Measure the cost of the questions."
    )
    parser.add_argument("--orders", type=int, default=100_000, help="sales orders (100000)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each question (5)")
    arguments = parser.parse_args()
    with filled(arguments.orders) as warehouse:
        show(figures(warehouse, arguments.runs))
        show(latest_figures(warehouse, arguments.runs))


if __name__ == "__main__":
    main()
