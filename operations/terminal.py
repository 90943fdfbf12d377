"""What status shows: tables for a terminal of 100 columns."""

from collections.abc import Mapping
from textwrap import fill

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from operations.log_lines import Line
from operations.services import Run, Services
from operations.status import Status
from operations.warehouse import Warehouse

WIDTH = 100  # columns of a terminal
REASONS_SHOWN = 10
MINUTE, HOUR = 60, 3600
RED, YELLOW = "bold red", "yellow"
STYLES = {"ERROR": RED, "FATAL": RED, "CRITICAL": RED, "WARNING": YELLOW, "WARN": YELLOW}


def console() -> Console:
    """The screen: stdout, 100 columns at most."""
    return Console(width=min(WIDTH, Console().width), highlight=False)


def show_status(found: Status) -> None:
    """What was loaded, what waits, what is set apart, and what runs in AWS."""
    screen = console()
    if not found.seq:
        screen.print("The lake holds no batch yet.")
    else:
        screen.print(_batches(found))
        screen.print(_standing(found))
    if found.warehouse.told:
        screen.print(_warehouse(found.warehouse))
    if found.reasons:
        screen.print(_set_apart(found))
    if found.services:
        screen.print(_services(found.services))


def show_line(screen: Console, line: Line) -> None:
    """A line of a log; on a terminal with its rest indented, elsewhere as it is, for grep."""
    text = str(line)
    if screen.is_terminal:
        first, *more = text.splitlines()
        text = "\n".join([fill(first, screen.width, subsequent_indent=" " * 8), *more])
    screen.print(Text(text, style=STYLES.get(line.level, "")), soft_wrap=True)


def _standing(found: Status) -> str:
    counts = {step: "?" if count is None else count for step, count in found.waiting.items()}
    waiting = ", ".join(f"{step} {count}" for step, count in counts.items() if count)
    lag = f"the oldest is {_age(found.freshness)} old" if found.freshness else "all loaded"
    return (
        f"Generation {found.generation}, batch {found.seq}, loaded through"
        f" {found.loaded_through}. Waiting: {waiting or 'nothing'} ({lag})."
        f" Set apart: {found.quarantined:,}.\n"
    )


def _warehouse(found: Warehouse) -> Text:
    if found.is_heard or found.is_down:
        return Text(f"Warehouse: {found.told}\n", style=RED)
    reason, *_ = found.told.split(". ")
    return Text(f"Warehouse: not heard, so the load log tells. {reason.rstrip('.')}.\n")


def _batches(found: Status) -> Table:
    table = section("The last batches")
    table.add_column("batch", justify="right")
    table.add_column("saw the source", no_wrap=True)
    table.add_column("loaded (UTC)", no_wrap=True)
    table.add_column("after", justify="right", no_wrap=True)
    table.add_column("rows: +new ~changed -deleted")
    for batch in reversed(found.last):
        moment = found.loaded_at.get(batch.seq)
        table.add_row(
            str(batch.seq),
            f"{batch.observed_at:%Y-%m-%d %H:%M:%S}",
            f"{moment:%m-%d %H:%M:%S}" if moment else "not yet",
            _age((moment - batch.committed_at).total_seconds()) if moment else "",
            told_changes(batch.counts) or "none",
        )
    return table


def _set_apart(found: Status) -> Table:
    table = section(
        "Set apart (a row that conforms again comes by itself, or by --retry-quarantined)"
    )
    table.add_column("table", no_wrap=True)
    table.add_column("rows", justify="right")
    table.add_column("for example", justify="right")
    table.add_column("reason", overflow="fold")
    for apart in found.reasons[:REASONS_SHOWN]:
        table.add_row(apart.table, f"{apart.rows:,}", str(apart.example), apart.reasons)
    if len(found.reasons) > REASONS_SHOWN:
        rest = found.reasons[REASONS_SHOWN:]
        rows = sum(apart.rows for apart in rest)
        table.add_row("…", f"{rows:,}", "", f"{len(rest)} further reasons")
    return table


def _services(found: Services) -> Table:
    table = section(f"In AWS: {found.name}, {found.region}")
    table.show_header = False
    table.add_column("part", no_wrap=True)
    table.add_column("how it is", overflow="fold", ratio=1)
    pace = found.schedule.expression
    is_enabled = found.schedule.is_enabled
    table.add_row("schedule", f"enabled, {pace}" if is_enabled else _wrong(f"paused, {pace}"))
    for name, reason in found.alarms.items():
        table.add_row("alarm", _wrong(f"{name}: {reason}"))
    if not found.alarms:
        table.add_row("alarms", f"none of {found.watched} is on")
    letters = found.dead_letters
    table.add_row("dead letters", _wrong(f"{letters}") if letters else "none")
    for run in found.runs:
        table.add_row("workflow", _run(run))
    if not found.runs:
        table.add_row("workflow", "never ran")
    return table


def _run(run: Run) -> Text:
    began = f"{run.started:%m-%d %H:%M:%S} (UTC)   " if run.started else ""
    if not run.is_over:
        return Text(f"{began}{run.status.lower()}")
    lasted = f" after {_age(run.seconds)}" if run.seconds is not None else ""
    if run.went_well:
        return Text(f"{began}done{lasted}")
    failed = f", {run.failed} failed" if run.failed else ""
    return _wrong(f"{began}{run.status.lower()}{lasted}{failed}")


def _wrong(told: str) -> Text:
    return Text(told, style=RED)


def told_changes(changes: Mapping[str, Mapping[str, int]]) -> str:
    """Counts per table and op in few characters: ``payment +1, sales_order +1 ~2``."""
    signs = {"I": "+", "U": "~", "D": "-"}
    return ", ".join(
        f"{table} " + " ".join(f"{signs[op]}{count:,}" for op, count in counts.items() if count)
        for table, counts in changes.items()
    )


def _age(seconds: float) -> str:
    if seconds < 2 * MINUTE:
        return f"{seconds:.1f} s"
    return f"{seconds / MINUTE:.0f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:.0f} h"


def section(title: str) -> Table:
    """A table as every screen has them."""
    return Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", expand=True)
