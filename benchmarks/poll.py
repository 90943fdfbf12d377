"""The cost of polls: `python -m benchmarks.poll --orders 1000000`.

It creates a source of that size in a temporary PostgreSQL server and a lake in a directory, and
polls after each kind of change. Every poll is a process with all imports of the Lambda, so that its
peak memory is that of a Lambda. Times vary with the machine; compare the ratios.
"""

import json
import resource
import subprocess  # nosec B404 # each poll is measured in a process of its own
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter, process_time, sleep

from pg8000.native import Connection

import contracts
from embedded.server import running
from postgres import Sql, connected, from_dsn, names, render
from totesys.simulator import Simulator

SCATTERED = 110
AUDIT = "full read"


def main() -> None:
    """Run the benchmark, or (as its own child) one poll of it."""
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
    arguments = parser.parse_args()
    if arguments.poll:
        dsn, lake = arguments.poll
        _poll(dsn, lake, arguments.latency, arguments.capture, is_audit=arguments.audit)
    else:
        _benchmark(arguments.orders, arguments.latency, arguments.capture)


def _benchmark(orders: int, latency: float, capture: str) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "server", {"max_slot_wal_keep_size": "8GB"}) as server,
    ):
        server.create_database("totesys")
        with connected(from_dsn(server.dsn("totesys")), "benchmark") as source:
            simulator = Simulator(source)
            simulator.create_schema()
            simulator.seed(orders)
            source.run("analyze; create table elsewhere (id int, words text)")
            tables = Sql(names(contracts.source().tables))
            source.run(render("create publication warehouse for table {tables}", tables=tables))
            print(f"{orders:,} orders\n\n{'poll':<22}{'rows':>10}{'s':>9}{'ratio':>8}{'MB':>7}")
            base = 0.0
            for name, change in _changes(source, simulator).items():
                change()
                is_audit = name == AUDIT
                lake = Path(folder) / "lake"
                figures = measured(server.dsn("totesys"), lake, latency, capture, is_audit=is_audit)
                base = base or figures["seconds"]
                print(
                    f"{name:<22}{figures['rows']:>10,}{figures['seconds']:>9.2f}"
                    f"{figures['seconds'] / base:>8.3f}{figures['megabytes']:>7.0f}",
                    flush=True,
                )


def _changes(source: Connection, simulator: Simulator) -> Mapping[str, Callable[[], object]]:
    return {
        "first": lambda: None,
        "quiet": lambda: None,
        "one order placed": simulator.place_sales_order,
        "one order edited": simulator.edit_sales_order_silently,
        f"{SCATTERED} orders edited": lambda: _scatter(source),
        "every order edited": lambda: source.run(
            "update sales_order set units_sold = 1 + units_sold"
        ),
        "500 MB elsewhere": lambda: write_elsewhere(source),
        "one order deleted": simulator.delete_sales_order,
        AUDIT: lambda: None,
    }


def _scatter(source: Connection) -> None:
    source.run(
        render(
            "update sales_order set units_sold = units_sold + 1 where sales_order_id in"
            " (select 1 + g * max(sales_order_id) / {rows} from sales_order,"
            " generate_series(0, {rows} - 1) g group by g)",
            rows=SCATTERED,
        )
    )


def write_elsewhere(source: Connection) -> None:
    """Write 500 MB of log that no poll needs."""
    insert = "insert into elsewhere select g, repeat('x', 400) from generate_series(1, 1100000) g"
    source.run(insert)


def measured(
    dsn: str, lake: Path, latency: float, capture: str, *, is_audit: bool
) -> dict[str, float]:
    """Run one poll in a process of its own, and return its rows, seconds, seconds of CPU, and
    megabytes of memory at most."""
    command = [sys.executable, "-m", "benchmarks.poll", "--poll", dsn, str(lake)]
    command += ["--latency", str(latency), "--capture", capture]
    command += ["--audit"] if is_audit else []
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # nosec B603 # our own module
    figures: dict[str, float] = json.loads(
        done.stdout.splitlines()[-1]
    )  # the handler logs to stdout too
    return figures


def _poll(dsn: str, folder: str, latency: float, capture: str, *, is_audit: bool) -> None:
    from dataclasses import replace

    import ingestion_lambda.handler  # noqa: F401 - its memory counts
    from ingestion_lambda.capture.options import CaptureOptions, method
    from ingestion_lambda.options import PollOptions
    from ingestion_lambda.poll import poll
    from lake import new_run, open_lake

    lake = open_lake(f"file://{folder}/ingestion", f"file://{folder}/processed")
    ingestion = _Distant(lake.ingestion, latency / 1000)
    lake = replace(lake, ingestion=ingestion)  # type: ignore[arg-type]  # by getattr
    start, start_cpu = perf_counter(), process_time()
    with connected(from_dsn(dsn), "benchmark") as connection:
        source, run = contracts.source(), new_run()
        reread = source.tables if is_audit else ()
        options = PollOptions(reread=reread, capture=CaptureOptions(method(capture)))
        polled = poll(connection, source, lake, _NoBus(), run, options)
    seconds, cpu = perf_counter() - start, process_time() - start_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    rows = sum(sum(counts.values()) for counts in polled.changes.values())
    figures = {"rows": rows, "seconds": seconds, "cpu": cpu, "megabytes": peak * unit / 1e6}
    print(json.dumps(figures))


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


if __name__ == "__main__":
    main()
