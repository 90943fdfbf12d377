"""The platform kept running: databases, a source that changes, and a cycle on a schedule."""

import signal
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from shlex import quote
from threading import Event
from time import monotonic
from typing import Protocol

from rich.markup import escape

from contracts import PlatformError
from contracts.project import PROJECT
from dashboard.child import Child
from embedded.demo.dashboard_process import LOG, running_dashboard
from embedded.platform import Platform
from embedded.server import Server, running
from embedded.workflow import Spark
from operations.screen import console
from operations.terminal import format_changes
from postgres import Address, from_dsn
from totesys.simulator.background_writer import BackgroundWriter, background_writer, prepare

SOURCE, WAREHOUSE = PROJECT, "warehouse"


class Say(Protocol):
    """Prints a text; with ``soft_wrap`` no line is broken, so that it can be copied."""

    def __call__(self, text: str, /, *, soft_wrap: bool = False) -> object: ...


class InvalidPace(PlatformError):
    """The schedule is invalid."""

    exit_code = 2


@dataclass(frozen=True)
class Pace:
    """Seconds from one poll to the next, and changes of the source a minute. Raises InvalidPace."""

    every: float
    rate: float

    def __post_init__(self) -> None:
        if self.every <= 0 or self.rate <= 0:
            raise InvalidPace("--every and --rate must be above 0.")


def up(directory: Path, pace: Pace, orders: int, dashboard: int | None) -> None:
    """Run in ``directory`` until Ctrl-C, SIGTERM or the end of the terminal, then stop everything.

    The next ``up`` in the directory continues from there.
    """
    stopping, screen = Event(), console()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, lambda *_: stopping.set())
    keep_running(directory, pace, orders, stopping, screen.print, dashboard=dashboard)


def keep_running(
    directory: Path,
    pace: Pace,
    orders: int,
    stopping: Event,
    say: Say,
    spark: Spark | None = None,
    dashboard: int | None = None,
) -> None:
    """Run until ``stopping`` is set; a cycle that is running ends first.

    ``dashboard`` is the port of the dashboard, 0 for any free one, None for no dashboard.
    """
    say("PostgreSQL starts…")
    with ExitStack() as stack:
        server = stack.enter_context(running(directory / "postgresql"))
        source, warehouse = (_database(server, name) for name in (SOURCE, WAREHOUSE))
        prepare(from_dsn(source), orders)
        lake = directory / "lake"
        platform = stack.enter_context(Platform(lake, source, warehouse, spark=spark))
        child = None
        if dashboard is not None:
            platform.migrate()  # creates the role of readers too
            child = stack.enter_context(
                running_dashboard(server, WAREHOUSE, lake, directory, dashboard, stopping)
            )
        if not stopping.is_set():
            address = child.address if child else ""
            welcome(say, [from_dsn(source), from_dsn(warehouse)], directory, pace, address)
            writer = stack.enter_context(background_writer(from_dsn(source), pace.rate, stopping))
            _cycles(platform, writer, pace, stopping, say, child)
        say("Stopping…")
    say(f"Stopped. Everything is kept in {escape(str(directory))}; 'up' continues from here.")


def _database(server: Server, name: str) -> str:
    if not server.has_database(name):
        server.create_database(name)
    return server.dsn(name)


def _cycles(
    platform: Platform,
    writer: BackgroundWriter,
    pace: Pace,
    stopping: Event,
    say: Say,
    dashboard: Child | None,
) -> None:
    """Run cycles until ``stopping`` is set; report once that the dashboard has ended."""
    while not stopping.is_set():
        start = monotonic()
        say(_cycle(platform, writer))
        if dashboard and dashboard.has_ended():
            say(_line(f"[bold red]the dashboard has ended[/]; see {LOG}. All else keeps running."))
            dashboard = None
        stopping.wait(max(0.0, pace.every - (monotonic() - start)))


def _cycle(platform: Platform, writer: BackgroundWriter) -> str:
    """Run a cycle, and return a line about it."""
    changes, oldest = writer.take()
    try:
        platform.cycle()
    except PlatformError as error:
        return _line(f"[bold red]failed[/]: {escape(str(error))} The next cycle tries again.")
    report = platform.report()
    if not report["changes"]:
        return _line(f"batch {report['seq']}   no changes")
    visible = f", the oldest visible after {monotonic() - oldest:.1f} s" if oldest else ""
    summary = f"{len(changes)} changes{visible}" if changes else "the first rows"
    counts = escape(format_changes(report["changes"]))
    quarantined = report["quarantined"]
    quarantine = f"   [red]{quarantined} in quarantine[/]" if quarantined else ""
    return _line(f"batch {report['seq']}   {summary}   [dim]{counts}[/]{quarantine}")


def _line(text: str) -> str:
    return f"{datetime.now():%H:%M:%S}   {text}"  # noqa: DTZ005 - the clock on the wall


def welcome(
    say: Say, databases: Sequence[Address], directory: Path, pace: Pace, dashboard: str
) -> None:
    """Print the addresses, and what happens next."""
    addresses = "".join(f"{a.database:10} postgresql://{a}\n" for a in databases)
    page = f"{'dashboard':10} [bold]{dashboard}[/]\n" if dashboard else ""
    password = quote(str(directory / "postgresql" / "password"))
    say(
        f"{addresses}{'lake':10} {escape(str(directory / 'lake'))}\n{page}\nTo connect with psql:\n"
        f'export PGPASSWORD="$(cat {escape(password)})"\n',
        soft_wrap=True,
    )
    say(
        f"About {pace.rate:g} changes a minute at the source, a poll every {pace.every:g} s."
        " Ctrl-C stops everything.\nThe first cycle starts Spark and loads all rows.\n"
        "Rows in a line: + new, ~ changed, - deleted.\n"
    )
