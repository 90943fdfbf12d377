"""The demo's tables, for a terminal of 80 to 100 columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table
from rich.text import Text

from contracts.observation import OP_NAMES
from totesys.demo.order_history import RowHistory

PROMISE = "30 min"  # from commit to visible at most; docs/guarantees.md, freshness


@dataclass(frozen=True)
class Arrival:
    """A change that arrived: the columns changed, the counts of the poll by table and operation,
    the rows that the warehouse got by table, and the seconds until it was visible there."""

    title: str
    columns: str
    polled: Mapping[str, Mapping[str, int]]
    rows: Mapping[str, int]
    seconds: float


def arrivals_table(arrivals: Sequence[Arrival]) -> Table:
    """Return a table with a row for each change."""
    table = Table(
        title="From commit in the source to visible in the warehouse",
        caption=f"promised: {PROMISE}\n",
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="right",
        expand=True,
        padding=(0, 1, 0, 0),
        leading=1,
    )
    table.add_column("change in the source", ratio=1, min_width=24, overflow="fold")
    table.add_column("rows in the batch", overflow="fold")
    table.add_column("rows and versions built", overflow="fold")
    table.add_column("visible after", justify="right", min_width=7)
    for arrival in arrivals:
        change = Text(arrival.title).append(f"\n{arrival.columns}", style="dim")
        polled, rows = _polled(arrival.polled), _rows(arrival.rows)
        table.add_row(change, polled, rows, f"{arrival.seconds:.1f}\N{NO-BREAK SPACE}s")
    return table


def history_table(history: RowHistory) -> Table:
    """Return a table with a row for each version."""
    table = Table(title=history.title, box=box.SIMPLE_HEAD, title_justify="left", expand=True)
    for heading in ("version", "valid from", "valid to", "changes"):
        table.add_column(heading, no_wrap=heading.startswith("valid"))
    for version in history.versions:
        until = f"{version.valid_to:%H:%M:%S.%f}" if version.valid_to else "now"
        since = f"{version.valid_from:%H:%M:%S.%f}"
        table.add_row(str(version.number), since, until, version.changes)
    return table


def _rows(rows: Mapping[str, int]) -> str:
    return "\n".join(f"{name} +{count}" for name, count in sorted(rows.items(), reverse=True))


def _polled(changes: Mapping[str, Mapping[str, int]]) -> str:
    return "\n".join(
        f"{table} {count} {OP_NAMES[op]}"
        for table, counts in changes.items()
        for op, count in counts.items()
        if count
    )
