"""The cost of cycles: `python -m benchmarks.cycle --orders 10000`.

A cold cycle is the command `python -m embedded cycle`, from its start to its end. A warm one runs
in a process that has run cycles before, as in `python -m embedded up`.
"""

import json
import statistics
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import perf_counter

from benchmarks.measuring import Figure, Measured
from benchmarks.report import show
from benchmarks.source import SCATTERED, Benched, seeded
from postgres import connected, from_dsn
from totesys.simulator import Simulator

CHANGES = 100
RUNS = 5


def figures(benched: Benched, orders: int) -> Iterator[Figure]:
    """Yield the cost of cycles whose lake and warehouse are this function's own."""
    warehouse, lake = benched.warehouse("cycled"), benched.folder / "cycled"
    for name, change in _changes(benched).items():
        change()
        arguments = ("--source", benched.dsn, "--warehouse", warehouse, "--lake", str(lake))
        measured = benched.measure("embedded", "cycle", *arguments)
        yield from _cold(f"{orders:,} orders, {name}", measured)
    measured = benched.measure("benchmarks.cycle", "--warm", benched.dsn, warehouse, str(lake))
    for name, seconds in measured.printed.items():
        yield Figure("cycle", f"{orders:,} orders, warm: {name}", seconds)


def _changes(benched: Benched) -> Mapping[str, Callable[[], object]]:
    return {
        "first": lambda: None,
        "idle": lambda: None,
        "one order placed": benched.simulator.place_sales_order,
        f"{SCATTERED} orders edited": benched.edit_scattered,
    }


def _cold(case: str, measured: Measured) -> Iterator[Figure]:
    yield measured.figure("cycle", f"{case}: command")
    for step, seconds in measured.printed.get("seconds", {}).items():
        if seconds and step != "total":
            yield Figure("cycle", f"{case}: of it {step}", seconds)


def _warm(source: str, warehouse: str, lake: str) -> None:
    """Print the median seconds of cycles of this process, by step, for one and CHANGES changes."""
    from embedded.platform import Platform  # noqa: PLC0415 - Spark's Python, of this process only

    figures: dict[str, float] = {}
    with (
        Platform(Path(lake), source, warehouse) as platform,
        connected(from_dsn(source), "benchmark") as connection,
    ):
        simulator = Simulator(connection, seed=1)
        for changes in (0, 1, CHANGES):
            runs = [_cycle(platform, simulator, changes) for _ in range(RUNS + 1)][1:]
            name = {0: "idle", 1: "one order placed"}.get(changes, f"{changes} changes")
            figures[name] = statistics.median(run.pop("cycle") for run in runs)
            for step in runs[0] if changes else ():
                figures[f"{name}, of it {step}"] = statistics.median(run[step] for run in runs)
    print(json.dumps(figures), flush=True)


def _cycle(platform: "object", simulator: Simulator, changes: int) -> dict[str, float]:
    if changes == 1:
        simulator.place_sales_order()
    else:
        for _ in range(changes):
            simulator.step()
    start = perf_counter()
    platform.cycle()  # type: ignore[attr-defined]  # a Platform
    seconds = perf_counter() - start
    return {"cycle": seconds, **platform.report()["seconds"]}  # type: ignore[attr-defined]  # as above


def main() -> None:
    """Run the benchmark, or (as its own child) the warm cycles of it."""
    match sys.argv[1:]:
        case ["--warm", source, warehouse, lake]:
            _warm(source, warehouse, lake)
        case _:
            _benchmark()


def _benchmark() -> None:
    parser = ArgumentParser("python -m benchmarks.cycle", description="Measure cycles.")
    parser.add_argument("--orders", type=int, default=10_000, help="orders in the source (10000)")
    orders = parser.parse_args().orders
    with seeded(orders) as benched:
        show(figures(benched, orders))


if __name__ == "__main__":
    main()
