"""A first poll beside other programs: `python -m benchmarks.extract --orders 500000`.

Each of them reads every row of every table, in a process of its own, one after the other, in
several rounds. Only the poll validates each value against the contract and writes a mirror beside
the rows.
"""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import contracts
from benchmarks.measuring import Figure, Measured, measure
from benchmarks.poll import polled
from benchmarks.report import show
from benchmarks.source import SCATTERED, Benched, seeded
from postgres import render

PEERS = Path(__file__).parents[1] / ".venv-bench" / "bin" / "python"
NAMES = ("connectorx", "ADBC", "dlt, pyarrow", "sling", "psycopg cursor")
HISTORY = "dlt scd2"
HISTORY_OF = "sales_order"
LIMIT = 300.0  # seconds
POLL = "first poll, with its mirror"
RUNS = 3


def figures(benched: Benched, orders: int, runs: int = RUNS) -> Iterator[Figure]:
    """Yield the cost of a first poll and of each peer: the median run of several, which take turns.
    The last poll fills the lake of ``benched``."""
    rounds = [dict(_round(benched, is_last=run == runs)) for run in range(1, runs + 1)]
    rows = rounds[-1][POLL].printed["rows"]
    for name in rounds[-1]:
        median = sorted((each[name] for each in rounds), key=lambda run: run.seconds)[runs // 2]
        case = f"{orders:,} orders: {name}"
        yield median.figure("extract", case, rows=rows, is_peer=name != POLL)


def _round(benched: Benched, *, is_last: bool) -> Iterator[tuple[str, Measured]]:
    lake = benched.lake if is_last else benched.folder / "tried"
    yield POLL, polled(benched, lake)
    for name in NAMES:
        yield name, _peer(benched, name)
    rmtree(benched.folder / "peers")
    rmtree(benched.folder / "tried", ignore_errors=True)


def history(benched: Benched, orders: int) -> Iterator[Figure]:
    """Yield the cost of dlt's history of one table in PostgreSQL: first, and after a few edits."""
    benched.server.create_database("dlt_history")
    [[rows]] = benched.source.run(render("select count(*) from {table}", table=HISTORY_OF))
    case = f"{orders:,} orders: {HISTORY} of {HISTORY_OF} alone"
    first = _peer(benched, HISTORY, HISTORY_OF)
    yield first.figure("extract", f"{case}, first", rows=rows, is_peer=True)
    benched.edit_scattered()
    second = _peer(benched, HISTORY, HISTORY_OF)
    case = f"{case}, {SCATTERED} edits"
    yield second.figure("extract", case, rows=SCATTERED, is_peer=True)


def _peer(benched: Benched, name: str, *only: str) -> Measured:
    tables = only or tuple(contracts.source().tables)
    folder = benched.folder / "peers" / name.replace(",", "").replace(" ", "_")
    command = [str(PEERS), "-m", "benchmarks.peers", name, benched.dsn, str(folder), *tables]
    return measure(command, limit=LIMIT, server=benched.process)


def main() -> None:
    """Run the benchmark."""
    parser = ArgumentParser("python -m benchmarks.extract", description="Measure a first poll.")
    parser.add_argument("--orders", type=int, default=100_000, help="orders in the source (100000)")
    orders = parser.parse_args().orders
    with seeded(orders) as benched:
        show(figures(benched, orders))
        show(history(benched, orders))


if __name__ == "__main__":
    main()
