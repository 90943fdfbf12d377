"""The result of reconcile as a table for a terminal of 100 columns."""

from collections.abc import Iterator

from operations.reconcile import Reconciliation
from operations.terminal import console, section


def show_reconciliation(result: Reconciliation) -> None:
    """Print a row for each compared table, and a conclusion."""
    screen = console()
    table = section("Source, mirror and warehouse")
    table.add_column("table", min_width=20)
    table.add_column("in", no_wrap=True)
    for heading in ("rows", "missing", "extra", "different", "explained"):
        table.add_column(heading, justify="right")
    table.add_column("example keys", overflow="fold")
    for comparison in result.comparisons:
        counts = (f"{count:,}" if count else "-" for count in comparison.counts.values())
        examples = ", ".join(map(str, comparison.examples))
        style = "bold red" if comparison.unexplained else None
        table.add_row(comparison.name, comparison.side, *counts, examples, style=style)
    screen.print(table)
    screen.print("\n".join(_conclusion(result)) + "\n")


def _conclusion(result: Reconciliation) -> Iterator[str]:
    if result.seq > result.loaded_through:
        first = result.loaded_through + 1
        span = f"batch {first}" if first == result.seq else f"batches {first} to {result.seq}"
        yield f"Pending: {span} not loaded yet, so the warehouse is behind the mirror."
    if result.retries:
        yield f"Pending: {result.retries} retries of quarantined rows not loaded yet."
    if result.quarantined:
        yield f"Quarantine: {result.quarantined:,} rows; 'status' shows the reasons."
    if any(c.unexplained for c in result.comparisons if c.side == "mirror"):
        yield "The mirror differs from the source: run a cycle, then reconcile again."
    if not result.unexplained:
        yield "All differences are explained." if _differs(result) else "There is no difference."


def _differs(result: Reconciliation) -> bool:
    return any(comparison.differences for comparison in result.comparisons)
