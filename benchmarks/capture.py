"""The cost of capture by log beside capture by difference: `python -m benchmarks.capture`.

Two lakes follow one source, one by each. After each change of the source both are polled, several
times, and the medians count. CPU seconds are those from the connection to the commit, with those of
the server. Times vary with the machine; compare the ratios.
"""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from statistics import median

from benchmarks.measuring import Figure
from benchmarks.poll import polled
from benchmarks.report import show
from benchmarks.source import Benched, seeded

WAYS = ("difference", "log")
RUNS = 3
Cost = Mapping[str, float]


def figures(benched: Benched, _orders: int, runs: int = RUNS) -> Iterator[Figure]:
    """Yield the cost of both captures after each kind of change. The lakes are this function's."""
    benched.source.run("alter system set autovacuum = off")  # it ends transactions
    benched.source.run("select pg_reload_conf()")
    _poll_both(benched)
    for name, change in _changes(benched).items():
        every = [_costs(benched, change) for _ in range(runs)]
        yield from _compared(name, *(_medians([costs[way] for costs in every]) for way in WAYS))
    yield _elsewhere(benched)


def _changes(benched: Benched) -> Mapping[str, Callable[[], object]]:
    return {
        "nothing changed": lambda: None,
        "every order edited": lambda: _edit_all(benched, 1),
        "every order edited 3 times": lambda: _edit_all(benched, 3),
    }


def _edit_all(benched: Benched, times: int) -> None:
    """Edit every order, without the dead rows of earlier edits: they cost both polls as much."""
    benched.source.run("vacuum")
    benched.edit_all(times)
    benched.source.run("checkpoint")


def _costs(benched: Benched, change: Callable[[], object]) -> dict[str, Cost]:
    change()
    return _poll_both(benched)


def _poll_both(benched: Benched) -> dict[str, Cost]:
    costs = dict[str, Cost]()
    for way in WAYS:
        measured = polled(benched, benched.folder / way, "--capture", way)
        cpu = measured.printed["cpu"] + (measured.server_seconds or 0.0)
        costs[way] = {**measured.own, "cpu": cpu, "megabytes": measured.megabytes}
    return costs


def _medians(costs: list[Cost]) -> Cost:
    return {name: median(each[name] for each in costs) for name in costs[0]}


def _compared(name: str, difference: Cost, log: Cost) -> Iterator[Figure]:
    time, cpu = (log[unit] / difference[unit] for unit in ("seconds", "cpu"))
    yield _figure(f"{name}, by difference", difference, "")
    yield _figure(f"{name}, by log", log, f"{time:.2f} times as long, {cpu:.2f} times the CPU s")


def _figure(case: str, cost: Cost, note: str) -> Figure:
    return Figure(
        "capture",
        case,
        cost["seconds"],
        cost["cpu"],
        megabytes=cost["megabytes"],
        rows=int(cost["rows"]),
        note=note,
    )


def _elsewhere(benched: Benched) -> Figure:
    """Return the cost of a poll by log after much log of other tables."""
    [[before]] = benched.source.run("select pg_current_wal_lsn()::text")
    benched.write_elsewhere()
    written = "select (pg_current_wal_lsn() - :lsn::pg_lsn) / 1e9"
    [[gigabytes]] = benched.source.run(written, lsn=before)
    costs = _poll_both(benched)
    longer = costs["log"]["seconds"] - costs["difference"]["seconds"]
    each = f"{longer / float(gigabytes):.1f} s for each gigabyte of log"
    return _figure("500 MB elsewhere, by log", costs["log"], each)


def main() -> None:
    """Run the benchmark."""
    parser = ArgumentParser("python -m benchmarks.capture", description="Compare both captures.")
    orders = "orders in the source, 7 of 10 of them sales (143000)"
    parser.add_argument("--orders", type=int, default=143_000, help=orders)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of each change ({RUNS})")
    arguments = parser.parse_args()
    with seeded(arguments.orders) as benched:
        show(figures(benched, arguments.orders, arguments.runs))


if __name__ == "__main__":
    main()
