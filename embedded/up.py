"""The platform kept running: databases, a source that lives, and a cycle on a schedule."""

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
from dashboard.child import Child
from embedded.dashboard_process import LOG, beside
from embedded.platform import Platform
from embedded.server import Server, running
from embedded.workflow import Spark
from operations.terminal import console, told_changes
from postgres import Address, from_dsn
from totesys.simulator.background_writer import ChangeLog, living, prepare

SOURCE, WAREHOUSE = "totesys", "warehouse"


class Say(Protocol):
    """Shows what is told; with ``soft_wrap`` no line is broken, for it will be copied."""

    def __call__(self, told: str, /, *, soft_wrap: bool = False) -> object: ...


class InvalidPace(PlatformError):
    """A schedule that cannot be kept."""

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
    """Keep running in ``directory`` until Ctrl-C, SIGTERM or the end of the terminal; everything
    is stopped then, and the next ``up`` there goes on where this one ended."""
    stopping, screen = Event(), console()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup has it ignored
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
    """Keep running until ``stopping``; a cycle under way ends first. With a port for the
    ``dashboard``, or 0 for one that is free, it runs as well."""
    say("PostgreSQL starts…")
    with ExitStack() as stack:
        server = stack.enter_context(running(directory / "postgresql"))
        source, warehouse = (_database(server, name) for name in (SOURCE, WAREHOUSE))
        prepare(from_dsn(source), orders)
        lake = directory / "lake"
        platform = stack.enter_context(Platform(lake, source, warehouse, spark=spark))
        shown = None
        if dashboard is not None:
            platform.migrate()  # makes the role of readers too
            shown = stack.enter_context(
                beside(server, WAREHOUSE, lake, directory, dashboard, stopping)
            )
        if not stopping.is_set():
            address = shown.address if shown else ""
            welcome(say, [from_dsn(source), from_dsn(warehouse)], directory, pace, address)
            live = stack.enter_context(living(from_dsn(source), pace.rate, stopping))
            _cycles(platform, live, pace, stopping, say, shown)
        say("Stopping…")
    say(f"Stopped. Everything is kept in {escape(str(directory))}; 'up' goes on from here.")


def _database(server: Server, name: str) -> str:
    if not server.has_database(name):
        server.create_database(name)
    return server.dsn(name)


def _cycles(
    platform: Platform, live: ChangeLog, pace: Pace, stopping: Event, say: Say, shown: Child | None
) -> None:
    """Cycle after cycle until ``stopping``; that the dashboard has ended is told once."""
    while not stopping.is_set():
        begun = monotonic()
        say(_cycle(platform, live))
        if shown and shown.has_ended():
            say(_line(f"[bold red]the dashboard has ended[/]; {LOG} says why. All else goes on."))
            shown = None
        stopping.wait(max(0.0, pace.every - (monotonic() - begun)))


def _cycle(platform: Platform, live: ChangeLog) -> str:
    """One cycle, told in a line."""
    happened, oldest = live.take()
    try:
        platform.cycle()
    except PlatformError as error:
        return _line(f"[bold red]failed[/]: {escape(str(error))} The next cycle tries again.")
    report = platform.report()
    if not report["changes"]:
        return _line(f"batch {report['seq']}   quiet")
    visible = f", the oldest visible after {monotonic() - oldest:.1f} s" if oldest else ""
    what = f"{len(happened)} changes{visible}" if happened else "the first rows"
    changes = escape(told_changes(report["changes"]))
    apart = f"   [red]{report['quarantined']} set apart[/]" if report["quarantined"] else ""
    return _line(f"batch {report['seq']}   {what}   [dim]{changes}[/]{apart}")


def _line(told: str) -> str:
    return f"{datetime.now():%H:%M:%S}   {told}"  # noqa: DTZ005 - the clock on the wall


def welcome(
    say: Say, databases: Sequence[Address], directory: Path, pace: Pace, dashboard: str
) -> None:
    """Say where everything is, and what comes."""
    places = "".join(f"{a.database:10} postgresql://{a}\n" for a in databases)
    shown = f"{'dashboard':10} [bold]{dashboard}[/]\n" if dashboard else ""
    password = quote(str(directory / "postgresql" / "password"))
    say(
        f"{places}{'lake':10} {escape(str(directory / 'lake'))}\n{shown}\nTo look into them:\n"
        f'export PGPASSWORD="$(cat {escape(password)})"\n',
        soft_wrap=True,
    )
    say(
        f"About {pace.rate:g} changes a minute at the source, a poll every {pace.every:g} s."
        " Ctrl-C stops everything.\nThe first cycle starts Spark and brings all rows.\n"
        "What a line tells of rows: + new, ~ changed, - deleted.\n"
    )
