"""The result of reconcile as tables for a terminal."""

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from operations.reconcile import Reconciliation, TableComparison
from operations.screen import RED, console, section

LAST_COLUMN = {"mirror": "changed", "warehouse": "explained"}
TITLES = {
    "mirror": "The mirror in the lake, compared with the source",
    "warehouse": "The warehouse, compared with the mirror",
}


def show_reconciliation(result: Reconciliation) -> None:
    """Print the compared tables with their counts, the keys of differing rows, and a conclusion."""
    screen = console()
    for side, title in TITLES.items():
        of_side = [comparison for comparison in result.comparisons if comparison.side == side]
        screen.print(_table(title, of_side, LAST_COLUMN[side]))
    for comparison in result.comparisons:
        if comparison.examples:
            screen.print(Text(_keys(comparison)))
    screen.print("\n".join(_conclusion(result)) + "\n")


def _table(title: str, comparisons: Sequence[TableComparison], last: str) -> Table:
    table = section(title)
    table.add_column("table", no_wrap=True)
    names = ("rows", "missing", "extra", "different", last)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for comparison in comparisons:
        counts = (comparison.counts[name] for name in names)
        style = RED if comparison.unexplained else None
        table.add_row(comparison.name, *(f"{n:,}" if n else "-" for n in counts), style=style)
    return table


def _keys(comparison: TableComparison) -> str:
    rest = comparison.differences - len(comparison.examples)
    more = f", and {rest:,} more" if rest else ""
    keys = ", ".join(map(str, comparison.examples))
    note = "" if comparison.unexplained else " (explained)"
    return f"Keys in {comparison.name} ({comparison.side}): {keys}{more}{note}"


def _conclusion(result: Reconciliation) -> Iterator[str]:
    if result.pending:
        yield (
            f"Pending: {_span(result.loaded_through + 1, result.seq)} not loaded yet. The warehouse"
            f" was compared as of batch {result.compared}."
        )
    if result.compared > result.loaded_through:
        lost = _span(result.loaded_through + 1, result.compared)
        yield f"The load log says that {lost} loaded, and the warehouse does not have them."
    if result.retries:
        retries = "retry" if result.retries == 1 else "retries"
        yield f"Pending: {result.retries} {retries} of quarantined rows not loaded yet."
    if result.quarantined:
        yield f"Quarantine: {result.quarantined:,} rows; 'quarantine' lists them."
    yield from _of_source(result)
    if any(c.unexplained for c in result.comparisons if c.side == "mirror"):
        yield (
            "The mirror differs from the source. To fix: poll with --reread for these tables, then"
            " reconcile again."
        )
    if not result.unexplained:
        yield "All differences are explained." if _differs(result) else "There is no difference."


def _of_source(result: Reconciliation) -> Iterator[str]:
    """Yield what the next poll does with the rows that changed since the last one."""
    if result.changed:
        rows = "row has" if result.changed == 1 else "rows have"
        finds = "is refused" if result.mass_deletes else "finds them"
        yield (
            f"{result.changed:,} {rows} changed in the source since the last poll: no difference,"
            f" the next poll {finds}."
        )
    for table in result.mass_deletes:
        yield (
            f"{table.deleted:,} of {table.rows:,} rows of {table.name} were deleted from the"
            " source: the mass-delete guard refuses the next poll. See docs/runbook/mass-delete.md."
        )


def _span(first: int, last: int) -> str:
    return f"batch {first} is" if first == last else f"batches {first} to {last} are"


def _differs(result: Reconciliation) -> bool:
    return any(comparison.differences for comparison in result.comparisons)
