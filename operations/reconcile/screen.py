"""What reconcile shows: a table for a terminal of 100 columns."""

from operations.reconcile import Reconciled
from operations.terminal import console, section


def show_reconciled(found: Reconciled) -> None:
    """A row a table on each side, and a sentence on what it means."""
    screen = console()
    table = section("Source, mirror and warehouse")
    table.add_column("table", min_width=20)
    table.add_column("in the", no_wrap=True)
    for heading in ("rows", "missing", "extra", "different", "explained"):
        table.add_column(heading, justify="right")
    table.add_column("for example", overflow="fold")
    for comparison in found.comparisons:
        figures = (f"{count:,}" if count else "-" for count in comparison.counts.values())
        examples = ", ".join(map(str, comparison.examples))
        style = "bold red" if comparison.unexplained else None
        table.add_row(comparison.name, comparison.side, *figures, examples, style=style)
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
    if any(
        comparison.unexplained for comparison in found.comparisons if comparison.side == "mirror"
    ):
        told.append("The mirror is not the source: run a cycle, then reconcile again.")
    if not found.unexplained:
        told.append("No difference that is not explained.")
    return "\n".join(told) + "\n"
