"""The cost of capture by log: `python -m benchmarks.capture`.

Two lakes follow one source in a temporary PostgreSQL server, one by difference and one by log.
After each change of the source both are polled, several times, and the medians are compared: the
seconds that a poll takes, and its seconds of CPU, without those of the server. Times vary with the
machine; compare the ratios. The last line is the time that a gigabyte of log of other tables takes.
"""

import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from pg8000.native import Connection

import contracts
from benchmarks.poll import measured, write_elsewhere
from embedded.server import running
from postgres import Sql, connected, from_dsn, names, render
from totesys.simulator import Simulator

WAYS = ("difference", "log")
Figures = Mapping[str, float]


def main() -> None:
    """Run the benchmark."""
    parser = ArgumentParser("python -m benchmarks.capture", description="Compare both captures.")
    orders = "orders in the source, 7 of 10 of them sales (143000)"
    parser.add_argument("--orders", type=int, default=143_000, help=orders)
    parser.add_argument("--runs", type=int, default=5, help="runs of each change (5)")
    arguments = parser.parse_args()
    print(f"{'poll':<24}{'difference':>14}{'log':>14}{'ratio':>8}{'ratio of CPU':>14}")
    with (
        tempfile.TemporaryDirectory() as folder,
        _source(folder, arguments.orders) as (dsn, source),
    ):
        _both(dsn, folder)
        for name, change in _changes(source).items():
            _compare(name, [_changed(change, dsn, folder) for _ in range(arguments.runs)])
        _measure_elsewhere(dsn, folder, source)


@contextmanager
def _source(folder: str, orders: int) -> Iterator[tuple[str, Connection]]:
    settings = {"max_slot_wal_keep_size": "8GB", "max_wal_size": "8GB", "autovacuum": "off"}
    with running(Path(folder) / "server", settings) as server:
        server.create_database("totesys")
        dsn = server.dsn("totesys")
        with connected(from_dsn(dsn), "benchmark") as source:
            simulator = Simulator(source)
            simulator.create_schema()
            simulator.seed(orders)
            source.run("analyze; create table elsewhere (id int, words text)")
            tables = Sql(names(contracts.source().tables))
            source.run(render("create publication warehouse for table {tables}", tables=tables))
            yield dsn, source


def _changes(source: Connection) -> Mapping[str, Callable[[], object]]:
    every = "update sales_order set units_sold = 1 + units_sold"
    return {
        "nothing changed": lambda: None,
        "every order edited": lambda: source.run(every),
        "edited 3 times": lambda: [source.run(every) for _ in range(3)],
    }


def _changed(change: Callable[[], object], dsn: str, folder: str) -> dict[str, Figures]:
    change()
    return _both(dsn, folder)


def _both(dsn: str, folder: str) -> dict[str, Figures]:
    return {way: measured(dsn, Path(folder) / way, 0.0, way, is_audit=False) for way in WAYS}


def _compare(name: str, runs: list[dict[str, Figures]]) -> None:
    difference, log = (_medians([run[way] for run in runs]) for way in WAYS)
    print(
        f"{name:<24}{difference['seconds']:>12.2f} s{log['seconds']:>12.2f} s"
        f"{log['seconds'] / difference['seconds']:>8.2f}{log['cpu'] / difference['cpu']:>14.2f}",
        flush=True,
    )


def _medians(figures: list[Figures]) -> Figures:
    return {name: median(each[name] for each in figures) for name in ("seconds", "cpu")}


def _measure_elsewhere(dsn: str, folder: str, source: Connection) -> None:
    [[before]] = source.run("select pg_current_wal_lsn()::text")
    write_elsewhere(source)
    [[gigabytes]] = source.run("select (pg_current_wal_lsn() - :lsn::pg_lsn) / 1e9", lsn=before)
    run = _both(dsn, folder)
    longer = run["log"]["seconds"] - run["difference"]["seconds"]
    print(f"{longer / float(gigabytes):.1f} s for each gigabyte of log of other tables")


if __name__ == "__main__":
    main()
