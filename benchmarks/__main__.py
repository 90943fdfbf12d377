"""Run every benchmark and write docs/performance/: `make bench`, or `make bench-large`.

python -m benchmarks bench

A run that ends early writes the figures that it has, and says so.
"""

import os
import platform
import shutil
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil

from benchmarks import backfill, capture, cycle, extract, pages, poll, questions
from benchmarks.measuring import Figure
from benchmarks.report import shown, write
from benchmarks.source import Benched, seeded

Step = Callable[[Benched, int], Iterator[Figure]]


@dataclass(frozen=True)
class Run:
    """The steps of a run by the orders of their source, and the orders of the warehouse whose
    questions and pages are measured. Its files take ``gigabytes`` of disk at most."""

    steps: Mapping[int, Sequence[Step]]
    questions: int
    gigabytes: int


BACKFILL = (poll.first, backfill.first_batch, poll.figures)
RUNS = {
    "bench": Run(
        {
            100_000: (extract.figures, backfill.figures, capture.figures),
            10_000: (extract.history, poll.first, poll.figures, cycle.figures),
        },
        questions=100_000,
        gigabytes=5,
    ),
    "bench-large": Run(
        {
            500_000: (extract.figures, backfill.figures, capture.figures),
            50_000: (extract.history,),
            10_000: (poll.first, poll.figures, cycle.figures),
            1_000_000: BACKFILL,
            10_000_000: BACKFILL,
        },
        questions=1_000_000,
        gigabytes=40,
    ),
}


def figures(run: Run) -> Iterator[Figure]:
    """Yield the figures of all steps, one after the other."""
    for orders, steps in run.steps.items():
        with seeded(orders) as benched:
            for step in steps:
                yield from step(benched, orders)
    with questions.filled(run.questions) as warehouse:
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


def refusal(run: Run) -> str:
    """Return why a run cannot start, or ''."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free // 10**9
    if free >= run.gigabytes:
        return ""
    return (
        f"The files of this run take up to {run.gigabytes} GB, and {folder} has {free} GB free."
        " To fix: name a larger folder in TMPDIR."
    )


def main() -> None:
    """Run one of RUNS, and write its figures."""
    parser = ArgumentParser("python -m benchmarks", description="Measure everything.")
    parser.add_argument("name", choices=list(RUNS))
    name = parser.parse_args().name
    if reason := refusal(RUNS[name]):
        parser.error(reason)
    measured, is_whole = list[Figure](), False
    try:
        for figure in shown(figures(RUNS[name])):
            measured.append(figure)
        is_whole = True
    finally:
        write(name, machine(is_whole=is_whole), measured)


if __name__ == "__main__":
    main()
