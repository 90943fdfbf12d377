"""The cost of polls: `python -m benchmarks.poll --orders 1000000`.

It polls a source of that size after each kind of change. Every poll is a process with all imports
of the Lambda, so that its peak memory is that of a Lambda; its seconds begin when it is connected.
Times vary with the machine; compare the ratios.
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter, process_time, sleep

import contracts
from benchmarks.measuring import Figure, Measured
from benchmarks.report import show
from benchmarks.source import DELETED, SCATTERED, Benched, seeded
from postgres import connected, from_dsn

AUDIT = "full read"


def first(benched: Benched, orders: int, *options: str) -> Iterator[Figure]:
    """Yield the cost of the first poll, which fills the lake of ``benched``."""
    yield _figure(benched, f"{orders:,} orders, first", options)


def figures(benched: Benched, orders: int, *options: str) -> Iterator[Figure]:
    """Yield the cost of a poll after each kind of change."""
    for name, change in _changes(benched).items():
        change()
        audit = ("--audit",) if name == AUDIT else ()
        yield _figure(benched, f"{orders:,} orders, {name}", (*options, *audit))


def _figure(benched: Benched, case: str, options: Sequence[str]) -> Figure:
    measured = polled(benched, benched.lake, *options)
    return measured.figure("poll", case, **measured.own)


def polled(benched: Benched, lake: Path, *options: str) -> Measured:
    """Poll once in a process of its own; it prints ``rows``, ``seconds`` and ``cpu``, the seconds
    of its processor time, from its connection to its commit."""
    return benched.measure("benchmarks.poll", "--poll", benched.dsn, str(lake), *options)


def _changes(benched: Benched) -> Mapping[str, Callable[[], object]]:
    return {
        "quiet": lambda: None,
        "one order placed": benched.simulator.place_sales_order,
        "one order edited": benched.simulator.edit_sales_order_silently,
        f"{SCATTERED} orders edited": benched.edit_scattered,
        "500 MB elsewhere": benched.write_elsewhere,
        f"{DELETED} orders deleted": benched.delete_some,
        "every order edited": benched.edit_all,
        AUDIT: lambda: None,
    }


def _poll(dsn: str, folder: str, latency: float, capture: str, *, is_audit: bool) -> None:
    """Poll once, and print the rows and the seconds."""
    from dataclasses import replace

    from embedded.arrow_alone import import_arrow_alone

    import_arrow_alone()  # the Lambda has no pandas
    import ingestion_lambda.handler  # noqa: F401 - its memory counts
    from ingestion_lambda.capture.options import CaptureOptions, method
    from ingestion_lambda.options import PollOptions
    from ingestion_lambda.poll import poll
    from lake import new_run, open_lake

    lake = open_lake(f"file://{folder}/ingestion", f"file://{folder}/processed")
    ingestion = _Distant(lake.ingestion, latency / 1000)
    lake = replace(lake, ingestion=ingestion)  # type: ignore[arg-type]  # by getattr
    with connected(from_dsn(dsn), "benchmark") as connection:
        source, run = contracts.source(), new_run()
        reread = source.tables if is_audit else ()
        options = PollOptions(reread=reread, capture=CaptureOptions(method(capture)))
        start, start_cpu = perf_counter(), process_time()
        changes = poll(connection, source, lake, _NoBus(), run, options).changes
        seconds, cpu = perf_counter() - start, process_time() - start_cpu
    rows = sum(sum(counts.values()) for counts in changes.values())
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu": cpu}))


class _Distant:
    """A store that delays every request, as a bucket does."""

    def __init__(self, store: object, seconds: float) -> None:
        self._store, self._seconds = store, seconds

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self._store, name)

        def delayed(*arguments: object) -> object:
            sleep(self._seconds)
            return method(*arguments)

        return delayed


class _NoBus:
    def publish(self, event: dict[str, object]) -> None:
        """Discard the event."""

    def workflow_runs(self) -> bool:
        """Return False."""
        return False


def _arguments() -> Namespace:
    parser = ArgumentParser("python -m benchmarks.poll", description="Measure the cost of polls.")
    parser.add_argument("--orders", type=int, default=100_000, help="orders in the source (100000)")
    parser.add_argument(
        "--latency",
        type=float,
        default=0.0,
        metavar="MS",
        help="latency of each request to the lake (0)",
    )
    parser.add_argument(
        "--poll", nargs=2, metavar=("DSN", "LAKE"), help="run one poll and print its figures"
    )
    parser.add_argument("--audit", action="store_true", help="run a full read")
    parser.add_argument(
        "--capture",
        choices=["difference", "log"],
        default="difference",
        help="how versions between two polls are found (difference)",
    )
    return parser.parse_args()


def main() -> None:
    """Run the benchmark, or (as its own child) one poll of it."""
    arguments = _arguments()
    if arguments.poll:
        dsn, lake = arguments.poll
        latency, capture = arguments.latency, arguments.capture
        _poll(dsn, lake, latency, capture, is_audit=arguments.audit)
        return
    options = ("--latency", str(arguments.latency), "--capture", arguments.capture)
    with seeded(arguments.orders) as benched:
        show(first(benched, arguments.orders, *options))
        show(figures(benched, arguments.orders, *options))


if __name__ == "__main__":
    main()
