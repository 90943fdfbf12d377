"""The demo: a source that changes, and the time until each change is visible in the warehouse."""

import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import perf_counter

from rich.console import Console

import contracts
from contracts import PlatformError
from contracts.project import PROJECT
from embedded.demo.arrivals import Arrival, arrivals_table, history_table
from embedded.platform import Platform
from embedded.server import Server, running
from ingestion_lambda.capture.options import CaptureOptions
from ingestion_lambda.options import PollOptions
from operations.reconcile import Reconciliation, reconcile
from postgres import Address, Sql, connected, from_dsn, names, render
from totesys.demo.scenario import Scenario, Step
from totesys.simulator.background_writer import prepare
from warehouse import SCHEMA

WAREHOUSE = "warehouse"  # the database's name
WIDTH = 100  # columns of a terminal
BY_LOG = PollOptions(capture=CaptureOptions("log"))
PUBLICATION = "CREATE PUBLICATION {name} FOR TABLE {tables}"
BEGINNING = """
A source with {orders} orders and an empty warehouse, both PostgreSQL on this machine.
Every change goes: source -> poll -> lake -> Spark -> Parquet -> COPY -> star schema.
Polls read PostgreSQL's log, too: every committed version arrives, with its time.
"""
END = """\
Everything of the demo is deleted. To look at such data in a browser, while it changes:
  .venv/bin/python -m embedded up    (its dashboard is at http://127.0.0.1:8501)
"""


class DemoFailed(PlatformError):
    """A change of the source did not arrive in the warehouse."""


def demo(orders: int) -> None:
    """Seed a source with ``orders`` orders, change it, and show each change in the warehouse.

    Everything is temporary. Raises DemoFailed.
    """
    console = Console(width=min(WIDTH, Console().width))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{PROJECT}-demo-")))
        with console.status("PostgreSQL starts"):
            server = stack.enter_context(running(folder / "postgresql"))
        source, warehouse = _prepare(server, orders)
        platform = stack.enter_context(
            Platform(folder / "lake", server.dsn(PROJECT), server.dsn(WAREHOUSE))
        )
        console.print(BEGINNING.format(orders=orders))
        _first_cycle(console, platform)
        writer = stack.enter_context(connected(source, "demo"))
        reader = stack.enter_context(connected(warehouse, "demo"))
        scenario = Scenario(writer, source, reader, SCHEMA, partial(platform.cycle, BY_LOG))
        for steps in (scenario.steps(), scenario.steps_within_a_poll()):
            console.print(arrivals_table([follow(console, platform, step) for step in steps]))
            console.print(history_table(scenario.history()))
        _compare(console, reconcile(platform.lake, source, warehouse, SCHEMA))
    console.print(END, highlight=False)


def follow(console: Console, platform: Platform, step: Step) -> Arrival:
    """Run a step of the scenario, and measure the time from its commit until the warehouse shows
    the change. Raises DemoFailed."""
    change = step.action()
    committed = perf_counter()
    with console.status(step.title):
        platform.cycle(BY_LOG)
    if not change.is_visible():
        raise DemoFailed(
            f"'{step.title}' did not arrive in the warehouse. To fix: run with --debug and"
            " report it."
        )
    seconds = perf_counter() - committed
    report, lake = platform.report(), platform.lake
    entries = [log.covering(report["seq"]) for log in (lake.dimensions, lake.facts)]
    rows = {
        name: entry.rows_of(output, report["seq"])
        for entry in entries
        for name, output in entry.tables.items()
    }
    return Arrival(step.title, change.columns, report["changes"], rows, seconds)


def _prepare(server: Server, orders: int) -> tuple[Address, Address]:
    """Create a source with ``orders`` orders and an empty warehouse, and return where they are."""
    for database in (PROJECT, WAREHOUSE):
        server.create_database(database)
    source, warehouse = (from_dsn(server.dsn(name)) for name in (PROJECT, WAREHOUSE))
    prepare(source, orders)
    _publish(source)
    return source, warehouse


def _publish(source: Address) -> None:
    """Publish the tables of the contracts, as docs/deploy.md asks of the owner of a source."""
    tables = Sql(names(contracts.source().tables))
    with connected(source, "demo") as owner:
        owner.run(render(PUBLICATION, name=BY_LOG.capture.publication, tables=tables))


def _first_cycle(console: Console, platform: Platform) -> None:
    start = perf_counter()
    with console.status("first cycle: Spark starts, and every row is new"):
        platform.cycle(BY_LOG)
    changes = platform.report()["changes"]
    rows = sum(counts["I"] for counts in changes.values())
    console.print(
        f"First cycle: {rows:,} rows of {len(changes)} tables are in the warehouse after"
        f" {perf_counter() - start:.1f} s, including the start of Spark.\n"
    )


def _compare(console: Console, result: Reconciliation) -> None:
    rows = sum(comparison.rows for comparison in result.comparisons)
    console.print(
        f"Source, mirror and warehouse compared at the end, value by value: {rows:,} rows,"
        f" {result.unexplained} differences.\n"
    )
    if result.unexplained:
        raise DemoFailed(
            "The warehouse differs from the source. To fix: run with --debug and report it."
        )
