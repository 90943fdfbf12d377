"""The tables of `status` and the lines of `logs` for a terminal."""

from collections.abc import Mapping
from textwrap import fill

from rich.console import Console
from rich.table import Table
from rich.text import Text

from operations.durations import duration
from operations.health_screen import show_health
from operations.log_lines import Line
from operations.screen import RED, YELLOW, console, section
from operations.services import Run, Services
from operations.status import Status

REASONS_SHOWN, TABLES_SHOWN = 10, 3
STYLES = {"ERROR": RED, "FATAL": RED, "CRITICAL": RED, "WARNING": YELLOW, "WARN": YELLOW}


def show_status(status: Status) -> None:
    """Print the health, loaded and pending batches, quarantine, and the state of the services in
    AWS."""
    screen = console()
    show_health(screen, status.health)
    if not status.seq:
        screen.print("The lake holds no batch yet.")
    else:
        screen.print(_batches(status))
        screen.print(_summary(status))
    if status.warehouse.problem and not status.warehouse.is_down:
        screen.print(Text(f"Warehouse: {status.warehouse.problem}\n", style=RED))
    if not status.warehouse.is_known:
        screen.print("What is loaded is read from the load log, not from the warehouse.\n")
    for erasure in status.erasures:
        begun = f"{erasure.committed_at:%Y-%m-%d %H:%M} UTC"
        text = f"The erasure of {erasure.table} {erasure.key}, begun {begun}, has not ended."
        remedy = "If it does not run any more, run the same erase command again."
        screen.print(Text(f"{text} {remedy}\n", style=RED))
    if status.gaps:
        screen.print(_gaps(status))
    if status.reasons:
        screen.print(_quarantine(status))
    if status.services:
        screen.print(_services(status.services))


def show_line(screen: Console, line: Line) -> None:
    """Print a log line: wrapped and indented on a terminal, otherwise unchanged, for grep."""
    text = str(line)
    if screen.is_terminal:
        first, *more = text.splitlines()
        text = "\n".join([fill(first, screen.width, subsequent_indent=" " * 8), *more])
    screen.print(Text(text, style=STYLES.get(line.level, "")), soft_wrap=True)


def format_changes(changes: Mapping[str, Mapping[str, int]]) -> str:
    """Return the counts by table and operation: ``orders +1 ~2, people -1``."""
    signs = {"I": "+", "U": "~", "D": "-"}
    return ", ".join(
        f"{table} " + " ".join(f"{signs[op]}{count:,}" for op, count in counts.items() if count)
        for table, counts in changes.items()
    )


def _summary(status: Status) -> str:
    counts = {step: "?" if count is None else count for step, count in status.pending.items()}
    pending = ", ".join(f"{step} {count}" for step, count in counts.items() if count)
    waiting = status.health.facts.waiting
    lag = f"the oldest is {duration(waiting)} old" if waiting else "all loaded"
    return (
        f"Generation {status.generation}, batch {status.seq}, loaded through"
        f" {status.loaded_through}. Pending: {pending or 'nothing'} ({lag})."
        f" Quarantine: {status.quarantined:,}.\n"
    )


def _batches(status: Status) -> Table:
    table = section("The last batches")
    table.add_column("batch", justify="right")
    table.add_column("observed", no_wrap=True)
    table.add_column("loaded (UTC)", no_wrap=True)
    table.add_column("after", justify="right", no_wrap=True)
    table.add_column("rows: +new ~changed -deleted")
    for batch in reversed(status.last):
        moment = status.loaded_at.get(batch.seq)
        table.add_row(
            str(batch.seq),
            f"{batch.observed_at:%m-%d %H:%M:%S}",
            f"{moment:%m-%d %H:%M:%S}" if moment else "not yet",
            duration((moment - batch.committed_at).total_seconds()) if moment else "",
            format_changes(batch.counts) or "none",
        )
    return table


def _gaps(status: Status) -> Table:
    table = section("Gaps in the log: versions of these batches are only the difference")
    table.add_column("batch", justify="right")
    table.add_column("since", no_wrap=True)
    table.add_column("tables", overflow="fold")
    table.add_column("reason", overflow="fold", ratio=1)
    for gap in reversed(status.gaps):
        names = ", ".join(gap.tables[:TABLES_SHOWN])
        more = len(gap.tables) - TABLES_SHOWN
        tables = f"{names} and {more} more" if more > 0 else names
        table.add_row(str(gap.seq), f"{gap.since:%m-%d %H:%M:%S}", tables, gap.reason)
    return table


def _quarantine(status: Status) -> Table:
    table = section(
        "Quarantine (a row that is corrected in the source returns by itself; otherwise see"
        " --retry-quarantined)"
    )
    table.add_column("table", no_wrap=True)
    table.add_column("rows", justify="right")
    table.add_column("example key", justify="right")
    table.add_column("reason", overflow="fold")
    for group in status.reasons[:REASONS_SHOWN]:
        table.add_row(group.table, f"{group.rows:,}", str(group.example), group.reasons)
    if len(status.reasons) > REASONS_SHOWN:
        rest = status.reasons[REASONS_SHOWN:]
        rows = sum(group.rows for group in rest)
        table.add_row("others", f"{rows:,}", "", f"{len(rest)} more reasons")
    return table


def _services(services: Services) -> Table:
    table = section(f"In AWS: {services.name}, {services.region}")
    table.show_header = False
    table.add_column("service", no_wrap=True)
    table.add_column("state", overflow="fold", ratio=1)
    pace = services.schedule.expression
    is_enabled = services.schedule.is_enabled
    table.add_row("schedule", f"enabled, {pace}" if is_enabled else _red(f"paused, {pace}"))
    for name, reason in services.alarms.items():
        table.add_row("alarm", _red(f"{name}: {reason}"))
    if not services.alarms:
        table.add_row("alarms", f"none of {services.watched} is on")
    letters = services.dead_letters
    table.add_row("dead letters", _red(f"{letters}") if letters else "none")
    for run in services.runs:
        table.add_row("workflow", _run(run))
    if not services.runs:
        table.add_row("workflow", "never ran")
    return table


def _run(run: Run) -> Text:
    start = f"{run.started:%m-%d %H:%M:%S} (UTC)   " if run.started else ""
    if not run.is_over:
        return Text(f"{start}{run.status.lower()}")
    ended = f" after {duration(run.seconds)}" if run.seconds is not None else ""
    if run.went_well:
        return Text(f"{start}done{ended}")
    failed = f", {run.failed} failed" if run.failed else ""
    return _red(f"{start}{run.status.lower()}{ended}{failed}")


def _red(text: str) -> Text:
    return Text(text, style=RED)
