"""The cost of capture by log: `python -m benchmarks.capture`.

Two lakes follow one source in a temporary PostgreSQL server, one by difference and one by log.
After each change of the source both are polled, several times, and the medians are compared: the
seconds that a poll takes, and its seconds of CPU, without those of the server. Times vary with the
machine; compare the ratios. The last line is the time that a gigabyte of log of other tables takes.
"""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from statistics import median

from benchmarks.poll import polled
from benchmarks.source import Benched, seeded

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
    with seeded(arguments.orders) as benched:
        benched.source.run("alter system set autovacuum = off")
        benched.source.run("select pg_reload_conf()")
        _both(benched)
        for name, change in _changes(benched).items():
            _compare(name, [_changed(change, benched) for _ in range(arguments.runs)])
        _measure_elsewhere(benched)


def _changes(benched: Benched) -> Mapping[str, Callable[[], object]]:
    return {
        "nothing changed": lambda: None,
        "every order edited": benched.edit_all,
        "edited 3 times": lambda: benched.edit_all(times=3),
    }


def _changed(change: Callable[[], object], benched: Benched) -> dict[str, Figures]:
    change()
    return _both(benched)


def _both(benched: Benched) -> dict[str, Figures]:
    return {way: polled(benched, benched.folder / way, "--capture", way).printed for way in WAYS}


def _compare(name: str, runs: list[dict[str, Figures]]) -> None:
    difference, log = (_medians([run[way] for run in runs]) for way in WAYS)
    print(
        f"{name:<24}{difference['seconds']:>12.2f} s{log['seconds']:>12.2f} s"
        f"{log['seconds'] / difference['seconds']:>8.2f}{log['cpu'] / difference['cpu']:>14.2f}",
        flush=True,
    )


def _medians(figures: list[Figures]) -> Figures:
    return {name: median(each[name] for each in figures) for name in ("seconds", "cpu")}


def _measure_elsewhere(benched: Benched) -> None:
    [[before]] = benched.source.run("select pg_current_wal_lsn()::text")
    benched.write_elsewhere()
    written = "select (pg_current_wal_lsn() - :lsn::pg_lsn) / 1e9"
    [[gigabytes]] = benched.source.run(written, lsn=before)
    run = _both(benched)
    longer = run["log"]["seconds"] - run["difference"]["seconds"]
    print(f"{longer / float(gigabytes):.1f} s for each gigabyte of log of other tables")


if __name__ == "__main__":
    main()
