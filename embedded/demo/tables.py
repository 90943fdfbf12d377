"""Tables for a terminal of 100 columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table
from rich.text import Text

from contracts.observation import OP_NAMES
from totesys.demo.order_history import Version

PROMISE = "30 min"  # docs/guarantees.md, freshness


@dataclass(frozen=True)
class Arrival:
    """A change of the source and its columns, what the poll saw of it, how many rows the
    warehouse got by table, and the seconds until it was visible there."""

    title: str
    columns: str
    seen: Mapping[str, Mapping[str, int]]
    made: Mapping[str, int]
    seconds: float


def arrivals_table(arrivals: Sequence[Arrival]) -> Table:
    """A row a change."""
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
    table.add_column("what happened in the source", ratio=1)
    table.add_column("what the poll saw")
    table.add_column("rows and versions made")
    table.add_column("visible after", justify="right", no_wrap=True)
    for arrival in arrivals:
        happened = Text(arrival.title).append(f"\n{arrival.columns}", style="dim")
        table.add_row(
            happened, _seen(arrival.seen), _made(arrival.made), f"{arrival.seconds:.1f} s"
        )
    return table


def life_table(order: int, versions: Sequence[Version]) -> Table:
    """A row a version of an order."""
    table = Table(
        title=f"The life of sales order {order} (fact_sales_order_history)",
        box=box.SIMPLE_HEAD,
        title_justify="left",
        expand=True,
    )
    for heading in ("version", "valid from", "valid to", "what set it apart"):
        table.add_column(heading, no_wrap=heading.startswith("valid"))
    for version in versions:
        until = f"{version.valid_to:%H:%M:%S.%f}" if version.valid_to else "now"
        since = f"{version.valid_from:%H:%M:%S.%f}"
        table.add_row(str(version.number), since, until, version.story)
    return table


def _made(rows: Mapping[str, int]) -> str:
    return "\n".join(f"{name} +{count}" for name, count in sorted(rows.items(), reverse=True))


def _seen(changes: Mapping[str, Mapping[str, int]]) -> str:
    return "\n".join(
        f"{table} {count} {OP_NAMES[op]}"
        for table, counts in changes.items()
        for op, count in counts.items()
        if count
    )
