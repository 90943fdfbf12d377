"""The demo: a source that lives, and a person who watches its changes arrive."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import perf_counter

from rich.console import Console

from contracts import PlatformError
from embedded.demo.tables import Arrival, arrivals_table, life_table
from embedded.platform import Platform
from embedded.server import running
from operations.reconcile import Reconciled, reconcile
from postgres import Address, connected, from_dsn
from totesys.demo.order_history import life_of_order
from totesys.demo.scenario import Change, Scenario
from totesys.simulator import Simulator
from warehouse import SCHEMA

WIDTH = 100  # columns of a terminal


class DemoFailed(PlatformError):
    """A change of the source did not arrive in the warehouse."""


def demo(orders: int) -> None:
    """Seed a source with ``orders`` orders, change it, and show each change in the warehouse.

    Everything that it makes is temporary. Raises DemoFailed.
    """
    console = Console(width=min(WIDTH, Console().width))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="totesys-demo-")))
        with console.status("PostgreSQL starts"):
            server = stack.enter_context(running(folder / "postgresql"))
            for database in ("totesys", "warehouse"):
                server.create_database(database)
        source, warehouse = server.dsn("totesys"), server.dsn("warehouse")
        platform = stack.enter_context(Platform(folder / "lake", source, warehouse))
        writer = stack.enter_context(connected(from_dsn(source), "simulator"))
        simulator = Simulator(writer)
        simulator.create_schema()
        simulator.seed(orders, until=date.today())  # noqa: DTZ011 - server and we are one machine
        console.print(
            f"\nA source with {orders} orders and an empty warehouse, both PostgreSQL on this"
            " machine.\nEvery change goes: source -> poll -> lake -> Spark -> Parquet -> JDBC ->"
            " star schema.\n"
        )
        _first_cycle(console, platform)
        reader = stack.enter_context(connected(from_dsn(warehouse), "demo"))
        scenario = Scenario(simulator, writer, reader, SCHEMA)
        follower = _Follower(console, platform, scenario)
        order = follower.follow_all(simulator, from_dsn(source))
        console.print(arrivals_table(follower.arrivals))
        console.print(life_table(order, life_of_order(reader, SCHEMA, order)))
        _compare(console, reconcile(platform.lake, source, warehouse, SCHEMA))
    console.print(
        "Nothing of this is kept. To look at such data in a browser, while it changes:"
        "\n  .venv/bin/python -m embedded up    (its dashboard is at http://127.0.0.1:8501)\n",
        highlight=False,
    )


def _compare(console: Console, found: Reconciled) -> None:
    rows = sum(comparison.rows for comparison in found.comparisons)
    console.print(
        f"Source, mirror and warehouse compared in the end, value by value: {rows:,} rows,"
        f" {found.unexplained} differences.\n"
    )
    if found.unexplained:
        raise DemoFailed("The warehouse is not what the source is; run with --debug.")


def _first_cycle(console: Console, platform: Platform) -> None:
    begun = perf_counter()
    with console.status("first cycle: Spark starts, and everything is new"):
        platform.cycle()
    changes = platform.report()["changes"]
    rows = sum(counts["I"] for counts in changes.values())
    console.print(
        f"First cycle: {rows:,} rows of {len(changes)} tables are in the warehouse after"
        f" {perf_counter() - begun:.1f} s, Spark's start included.\n"
    )


@dataclass
class _Follower:
    """Makes changes happen one by one, and measures the time until each can be seen."""

    console: Console
    platform: Platform
    scenario: Scenario

    def __post_init__(self) -> None:
        self.arrivals: list[Arrival] = []

    def follow_all(self, simulator: Simulator, source: Address) -> int:
        """Every kind of change; the order whose life is worth telling."""
        scenario, placed = self.scenario, list[int]()

        def place() -> Change:
            order, happened = scenario.placed()
            placed.append(order)
            return happened

        self._follow("an order is placed, with its transaction and payment", place)
        [order] = placed
        self._follow("it is edited; last_updated stays as it was", lambda: scenario.edited(order))
        self._follow("it is edited once more", lambda: scenario.edited(order))
        self._follow("an order is written in a savepoint", scenario.placed_in_savepoint)
        self._follow("the payments due on a day are paid, at one moment", scenario.paid)
        self._follow("a member of staff moves to another department", scenario.moved)
        self._follow("an address changes", scenario.address_changed)
        self._follow_late_commit(simulator, source)
        self._follow("the first order is deleted", lambda: scenario.deleted(order))
        return order

    def _follow(self, title: str, happen: Callable[[], Change]) -> None:
        happened = happen()
        self._await(title, perf_counter(), happened)

    def _follow_late_commit(self, simulator: Simulator, source: Address) -> None:
        with simulator.late_order(source) as late:
            self.platform.cycle()  # sees nothing of the order, whose timestamps are older
        title = "an order stamped before the last poll commits after it"
        self._await(title, perf_counter(), self.scenario.is_current(late))

    def _await(self, title: str, committed: float, happened: Change) -> None:
        with self.console.status(title):
            self.platform.cycle()
        if not happened.arrived():
            raise DemoFailed(f"'{title}' did not arrive in the warehouse; run with --debug.")
        seconds = perf_counter() - committed
        report, lake = self.platform.report(), self.platform.lake
        built = lake.dimensions.entry(report["seq"]), lake.facts.entry(report["seq"])
        made = {name: out.rows for entry in built for name, out in entry.tables.items()}
        self.arrivals.append(Arrival(title, happened.columns, report["changes"], made, seconds))
