"""The cost of many batches: `python -m benchmarks.growth --batches 500 5000`.

The history is fabricated: small batches of a busy day, which a lake collects over months. For each
length it is replayed into a new generation and an empty database, with one more batch after it;
with --compacted, after its landed files were compacted. A backlog is worked off by jobs with a time
limit. Results are printed as JSON.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from os import environ
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import contracts
from contracts import SourceTable
from embedded.server import running
from embedded.server.spark import EmbeddedSpark
from glue_jobs import build_dimensions, build_facts, load_warehouse
from lake import new_run, now
from lake.entries import LoadEntry
from lake.local import local_addresses
from postgres import connected, from_dsn
from publish.compactor import compact
from publish.local_catalog import LocalCatalog
from tests.lake_builder import LakeBuilder, Row, row
from warehouse.migrate import migrate

FACTS = ("sales_order", "transaction", "payment")
NEW, EDITED = 8, 4
"""Orders that are new, and edited, in a batch; each new one has a transaction and a payment."""

RARE = {"design": (5, "design_name"), "staff": (20, "last_name"), "department": (50, "location")}
"""Every how many batches a column of a row of the table changes."""

STEPS = {"dimensions": build_dimensions, "facts": build_facts, "load": load_warehouse}
VALUES = {"payment": {"payment_date": "2024-11-20"}}


class History(LakeBuilder):
    """A lake with fabricated batches. Large tables have no mirror: no build reads it."""

    def extend(self, through: int) -> None:
        """Commit batches up to and including ``through``."""
        for seq in range(self.lake.batches.head_seq() + 1, through + 1):
            self.batch(_changes(seq, Random(seq)))  # nosec B311 # no secret

    def compact(self, every: int = 500) -> None:
        """Compact the landed files after every so many batches, as if they were loaded."""
        lake, last = self.lake, self.lake.batches.head_seq()
        for seq, first in enumerate(range(1, last + 1, every), start=1):
            through = min(first + every - 1, last)
            lake.loads.commit(LoadEntry(seq, new_run(), now(), first=first, last=through))
            compact(lake, LocalCatalog(lake))

    def _mirror(self, table: SourceTable, *landed: Any) -> None:
        if table.name not in FACTS:
            super()._mirror(table, *landed)


def _changes(seq: int, drawn: Random) -> Mapping[str, list[tuple[str, Row]]]:
    """Return the changed rows of a batch by table."""
    new = range((seq - 1) * NEW + 1, seq * NEW + 1)
    edited = {drawn.randint(1, new[0]) for _ in range(EDITED)} - {*new}
    changes: dict[str, list[tuple[str, Row]]] = {
        name: [("I", row(name, key, **VALUES.get(name, {}))) for key in new] for name in FACTS
    }
    price = {"unit_price": Decimal(seq)}
    changes["sales_order"] += [("U", row("sales_order", key, **price)) for key in edited]
    if seq == 1:
        small = set(contracts.source().tables) - {*FACTS, "purchase_order"}
        changes |= {name: [("I", row(name, key)) for key in range(1, 21)] for name in small}
    for name, (every, column) in RARE.items():
        if seq > 1 and seq % every == 0:
            values = {column: f"changed in {seq}"}
            changes[name] = [("U", row(name, drawn.randint(1, 20), **values))]
    return changes


class Jobs:
    """Runs the jobs of the workflow in one Spark session."""

    def __init__(self, folder: Path, dsn: str, generation: int) -> None:
        environ["GROWTH"] = dsn
        with connected(from_dsn(dsn), "growth") as connection:
            migrate(connection)
        ingestion, processed = local_addresses(folder)
        self._arguments = ["--ingestion", ingestion, "--processed", processed]
        self._arguments += ["--generation", str(generation), "--warehouse", "env:GROWTH"]
        self.spark = EmbeddedSpark()

    def run(self, limit: int = 0) -> dict[str, float]:
        """Run every job once, and return the seconds of each."""
        seconds = {}
        for name, job in STEPS.items():
            begin = perf_counter()
            job.main([*self._arguments, "--time-limit", str(limit)], self.spark.get)
            seconds[name] = round(perf_counter() - begin, 2)
        return {**seconds, "total": round(sum(seconds.values()), 2)}


def replayed(folder: Path, batches: int, *, compacted: bool) -> Iterator[dict[str, Any]]:
    """Yield the seconds of a replay of so many batches, and of the batch after them."""
    history = History(folder)
    begin = perf_counter()
    history.extend(batches)
    yield {"case": "fabricated", "batches": batches, "total": round(perf_counter() - begin, 2)}
    if compacted:
        begin = perf_counter()
        history.compact()
        yield {"case": "compacted", "batches": batches, "total": round(perf_counter() - begin, 2)}
    with running(folder / "server") as server:
        server.create_database("growth")
        jobs = Jobs(folder, server.dsn("growth"), 2 if compacted else 1)
        jobs.spark.get()
        case = "replay, compacted" if compacted else "replay"
        yield {"case": case, "batches": batches, **jobs.run()}
        for number in range(1, 4):
            history.extend(batches + number)
            yield {"case": "one batch more", "batches": batches + number, **jobs.run()}
        jobs.spark.stop()


def backlog(folder: Path, batches: int, limit: int) -> Iterator[dict[str, Any]]:
    """Yield each run of jobs with a time limit until all batches are loaded, and what is left."""
    history = History(folder)
    history.extend(batches)
    with running(folder / "server") as server:
        server.create_database("growth")
        jobs = Jobs(folder, server.dsn("growth"), 1)
        jobs.spark.get()
        while (loaded := history.lake.loads.last_batch()) < batches:
            seconds = jobs.run(limit)
            done = history.lake.loads.last_batch()
            yield {"case": f"backlog, {limit} s a job", "batches": done, **seconds}
            if done == loaded:
                raise RuntimeError(f"A run of {limit} seconds committed nothing.")
        jobs.spark.stop()


def measured(options: Namespace) -> Iterator[dict[str, Any]]:
    """Yield every case, each in a lake of its own."""
    for batches in options.batches:
        with TemporaryDirectory() as folder:
            yield from replayed(Path(folder), batches, compacted=options.compacted)
    if options.backlog:
        with TemporaryDirectory() as folder:
            yield from backlog(Path(folder), options.backlog, options.limit)


def main(argv: Sequence[str]) -> None:
    """Print one JSON object for each case, and write all of them to a file."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, nargs="*", default=[5, 50, 500, 5000])
    parser.add_argument("--compacted", action="store_true", help="compact before a replay")
    parser.add_argument("--backlog", type=int, default=1000, help="batches; 0 for none")
    parser.add_argument("--limit", type=int, default=10, help="seconds of a job")
    parser.add_argument("--out", type=Path, help="a file of JSON for benchmarks.plot")
    options, lines = parser.parse_args(argv), list[str]()
    for case in measured(options):
        lines.append(json.dumps(case))
        print(lines[-1], flush=True)
    if options.out:
        every = ",\n".join(lines)
        options.out.write_text(f"[\n{every}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
