"""The platform kept running: databases, a source that changes, and a cycle on a schedule."""

import signal
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from rich.markup import escape

from contracts.project import PROJECT
from embedded.demo.cycles import Cycles
from embedded.demo.dashboard_process import running_dashboard
from embedded.demo.env_file import write_env
from embedded.demo.pace import Pace
from embedded.demo.takeover import check_ports, stop_orphaned_dashboards
from embedded.demo.welcome import Say, welcome
from embedded.platform import Platform
from embedded.server import Server, running
from embedded.workflow import Spark
from operations.notifications import Notifier, webhook
from operations.screen import console
from postgres import from_dsn
from totesys.simulator.background_writer import background_writer, prepare

SOURCE, WAREHOUSE = PROJECT, "warehouse"
ORDERS = 200  # of a new source


@dataclass(frozen=True)
class Choices:
    """The choices of a person who starts `up`.

    ``orders`` is the number of orders of a new source, None for ORDERS. ``dashboard`` is the port
    of the dashboard, 0 for any free one, None for no dashboard. ``notify`` is the webhook for
    alarms, if any.
    """

    pace: Pace
    orders: int | None = None
    dashboard: int | None = None
    notify: str | None = None


def up(directory: Path, choices: Choices) -> None:
    """Run in ``directory`` until Ctrl-C, SIGTERM or the end of the terminal, then stop everything.

    The next ``up`` in the directory continues from there.
    """
    stopping, screen = Event(), console()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, lambda *_: stopping.set())
    keep_running(directory, choices, stopping, screen.print)


def keep_running(
    directory: Path, choices: Choices, stopping: Event, say: Say, spark: Spark | None = None
) -> None:
    """Run until ``stopping`` is set; a cycle that is running ends first. Raises InvalidWebhook,
    ServerFailed or NotStarted before anything is made."""
    notifier = Notifier(webhook(choices.notify)) if choices.notify else None
    pace = choices.pace
    check_ports(directory, choices.dashboard)
    say("PostgreSQL starts…")
    with ExitStack() as stack:
        server = stack.enter_context(running(directory / "postgresql"))
        for process in stop_orphaned_dashboards(directory):
            say(f"Stopped the dashboard (process {process}) that a killed 'up' had left running.")
        source, warehouse = _databases(server, choices.orders, say)
        env, lake = write_env(directory, source, warehouse, pace.every), directory / "lake"
        platform = stack.enter_context(Platform(lake, source, warehouse, spark=spark))
        dashboard = None
        if choices.dashboard is not None:
            platform.migrate()  # creates the role of readers too
            port, every = choices.dashboard, pace.every
            dashboard = stack.enter_context(
                running_dashboard(server, WAREHOUSE, directory, stopping, port=port, every=every)
            )
        if not stopping.is_set():
            address = dashboard.address if dashboard else ""
            databases = [from_dsn(source), from_dsn(warehouse)]
            welcome(say, databases, directory, env, pace, address)
            writer = stack.enter_context(background_writer(from_dsn(source), pace.rate, stopping))
            Cycles(server, platform, writer, pace, say, dashboard, notifier).run(stopping)
        say("Stopping…")
    say(f"Stopped. Everything is kept in {escape(str(directory))}; 'up' continues from here.")


def _databases(server: Server, orders: int | None, say: Say) -> tuple[str, str]:
    """Create the source, with orders, and the warehouse if they do not exist; return their DSNs."""
    source, warehouse = (_database(server, name) for name in (SOURCE, WAREHOUSE))
    is_new = prepare(from_dsn(source), orders or ORDERS)
    if orders and not is_new:
        say(f"--orders {orders} is ignored: the source already has rows.")
    return source, warehouse


def _database(server: Server, name: str) -> str:
    if not server.has_database(name):
        server.create_database(name)
    return server.dsn(name)
