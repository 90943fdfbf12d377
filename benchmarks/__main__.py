"""Run every benchmark and write docs/performance/: `make bench`, or `make bench-large`.

python -m benchmarks bench

A run that ends early writes the figures that it has, and says so.
"""

import os
import platform
import shutil
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil

from benchmarks import backfill, capture, cycle, extract, pages, poll, questions
from benchmarks.measuring import Figure
from benchmarks.report import shown, write
from benchmarks.source import seeded


@dataclass(frozen=True)
class Sizes:
    """The orders of each step; ``polls`` and ``backfills`` are further sizes of these steps. The
    files of a run take ``gigabytes`` of disk at most."""

    extract: int
    history: int
    cycle: int
    questions: int
    gigabytes: int
    polls: tuple[int, ...] = ()
    backfills: tuple[int, ...] = ()


SIZES = {
    "bench": Sizes(100_000, 10_000, 10_000, 100_000, 5),
    "bench-large": Sizes(
        500_000, 50_000, 10_000, 1_000_000, 70, (1_000_000, 10_000_000), (10_000_000,)
    ),
}


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Yield the figures of all steps, one after the other."""
    with seeded(sizes.extract) as benched:
        yield from extract.figures(benched, sizes.extract)
        yield from backfill.figures(benched, sizes.extract)
        yield from capture.figures(benched)
    for orders in sizes.backfills:
        with seeded(orders) as benched:
            yield backfill.first_poll(benched, orders)
            yield from backfill.figures(benched, orders)
    with seeded(sizes.history) as benched:
        yield from extract.history(benched, sizes.history)
    with seeded(sizes.cycle) as benched:
        yield from poll.figures(benched, sizes.cycle)
        yield from cycle.figures(benched, sizes.cycle)
    for orders in sizes.polls:
        with seeded(orders) as benched:
            yield from poll.figures(benched, orders)
    with questions.filled(sizes.questions) as warehouse:
        yield from questions.figures(warehouse)
        yield from pages.figures(warehouse)
        yield from questions.latest_figures(warehouse)


def machine(*, is_whole: bool) -> str:
    """Describe the machine, how busy it was, and whether the run ended early."""
    memory = psutil.virtual_memory().total / 2**30
    busy = os.getloadavg()[2]
    return (
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, {memory:.0f} GiB,"
        f" {platform.system()}, Python {platform.python_version()};"
        f" load average {busy:.1f} over 15 minutes at the end"
        f"{'' if is_whole else '. **The run ended early, and figures are missing**'}"
    )


def refusal(sizes: Sizes) -> str:
    """Return why a run cannot start, or ''."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free // 10**9
    if free >= sizes.gigabytes:
        return ""
    return (
        f"The files of this run take up to {sizes.gigabytes} GB, and {folder} has {free} GB free."
        " To fix: name a larger folder in TMPDIR."
    )


def main() -> None:
    """Run one of SIZES, and write its figures."""
    parser = ArgumentParser("python -m benchmarks", description="Measure everything.")
    parser.add_argument("name", choices=list(SIZES))
    name = parser.parse_args().name
    if reason := refusal(SIZES[name]):
        parser.error(reason)
    measured, is_whole = list[Figure](), False
    try:
        for figure in shown(figures(SIZES[name])):
            measured.append(figure)
        is_whole = True
    finally:
        write(name, machine(is_whole=is_whole), measured)


if __name__ == "__main__":
    main()
