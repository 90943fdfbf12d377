"""What status and reconcile show: tables for a terminal of 100 columns."""

from collections.abc import Mapping

from rich import box
from rich.console import Console
from rich.table import Table

from embedded.reconcile import Reconciled
from embedded.status import Status

WIDTH = 100  # columns of a terminal
REASONS_SHOWN = 10
MINUTE, HOUR = 60, 3600


def console() -> Console:
    """The screen: stdout, 100 columns at most."""
    return Console(width=min(WIDTH, Console().width), highlight=False)


def show_reconciled(found: Reconciled) -> None:
    """A row a table on each side, and a sentence on what it means."""
    screen = console()
    table = _table("Source, mirror and warehouse")
    table.add_column("table", min_width=20)
    table.add_column("in the", no_wrap=True)
    for heading in ("rows", "missing", "extra", "different", "explained"):
        table.add_column(heading, justify="right")
    table.add_column("for example", overflow="fold")
    for tally in found.tallies:
        figures = (f"{count:,}" if count else "-" for count in tally.counts.values())
        examples = ", ".join(map(str, tally.examples))
        style = "bold red" if tally.unexplained else None
        table.add_row(tally.name, tally.side, *figures, examples, style=style)
    screen.print(table)
    screen.print(_conclusion(found))


def _conclusion(found: Reconciled) -> str:
    told = []
    if found.seq > found.loaded_through:
        first = found.loaded_through + 1
        span = f"batch {first}" if first == found.seq else f"batches {first} to {found.seq}"
        told.append(f"Pending: {span} not loaded yet, so the warehouse is behind the mirror.")
    if found.retries:
        told.append(f"Pending: {found.retries} retries of rows set apart not loaded yet.")
    if found.quarantined:
        told.append(f"Set apart: {found.quarantined:,} rows; 'status' says why.")
    if any(tally.unexplained for tally in found.tallies if tally.side == "mirror"):
        told.append("The mirror is not the source: run a cycle, then reconcile again.")
    if not found.unexplained:
        told.append("No difference that is not explained.")
    return "\n".join(told) + "\n"


def show_status(found: Status) -> None:
    """What was loaded, what waits, and what is set apart."""
    screen = console()
    if not found.seq:
        screen.print("The lake holds no batch yet.")
    else:
        screen.print(_batches(found))
        screen.print(_standing(found))
    if found.warehouse.told:
        screen.print(f"Warehouse: {found.warehouse.told}", style="bold red")
    if found.reasons:
        screen.print(_set_apart(found))


def _standing(found: Status) -> str:
    waiting = ", ".join(f"{step} {count}" for step, count in found.waiting.items() if count)
    lag = f"the oldest is {_age(found.freshness)} old" if found.freshness else "all loaded"
    return (
        f"Generation {found.generation}, batch {found.seq}, loaded through"
        f" {found.loaded_through}. Waiting: {waiting or 'nothing'} ({lag})."
        f" Set apart: {found.quarantined:,}.\n"
    )


def _batches(found: Status) -> Table:
    table = _table("The last batches")
    table.add_column("batch", justify="right")
    table.add_column("saw the source", no_wrap=True)
    table.add_column("loaded (UTC)", no_wrap=True)
    table.add_column("after", justify="right", no_wrap=True)
    table.add_column("rows: +new ~changed -deleted")
    loaded_at = found.warehouse.loaded_at or {}
    for batch in reversed(found.last):
        moment = loaded_at.get(batch.seq)
        lag = (moment - batch.committed_at).total_seconds() if moment else 0.0
        loaded = f"{moment:%m-%d %H:%M:%S}" if moment else "not yet"
        if not moment and batch.seq <= found.loaded_through:
            loaded = "yes"  # the load log says so, and the warehouse cannot be asked
        table.add_row(
            str(batch.seq),
            f"{batch.observed_at:%Y-%m-%d %H:%M:%S}",
            loaded,
            _age(lag) if moment else "",
            told_changes(batch.counts) or "none",
        )
    return table


def _set_apart(found: Status) -> Table:
    table = _table(
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


def _table(title: str) -> Table:
    return Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", expand=True)
