"""The cost of many batches: `python -m benchmarks.growth --batches 500 5000`.

The history is fabricated: small batches of a busy day, which a lake collects over months. For each
length it is replayed into a new generation and an empty database, with one more batch after it. A
backlog is worked off by jobs with a time limit. Results are printed as JSON.
"""

import io
import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from os import environ
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import contracts
from contracts import SourceTable
from contracts.arrow import batch_schema, row_schema
from embedded.server import running
from embedded.server.spark import EmbeddedSpark
from glue_jobs import build_dimensions, build_facts, load_warehouse
from lake import layout, new_run, now
from lake.entries import Batch, Bucket, Changes, Position
from lake.landing import land, put_own
from lake.local import local_addresses, open_local_lake
from postgres import connected, from_dsn
from warehouse.migrate import migrate

START = datetime(2024, 1, 1, 9)
FACTS = ("sales_order", "transaction", "payment")
NEW, EDITED = 8, 4
"""Orders that are new, and edited, in a batch; each new one has a transaction and a payment."""

RARE = {"design": 5, "staff": 20, "department": 50}
"""Every how many batches a row of the table changes."""

STEPS = {"dimensions": build_dimensions, "facts": build_facts, "load": load_warehouse}
VALUES = {
    "int": 1,
    "text": "text",
    "boolean": False,
    "numeric": Decimal("9.99"),
    "timestamp": datetime(2024, 1, 1, 8, 30),
}
DATES = dict.fromkeys(("agreed_delivery_date", "agreed_payment_date", "payment_date"), "2024-11-20")

Row = dict[str, Any]


class History:
    """A lake with fabricated batches. Large tables have no mirror: no build reads it."""

    def __init__(self, folder: Path) -> None:
        self.lake, self._random, self._orders = open_local_lake(folder), Random(1), count(1)  # nosec B311 # no secret
        self._known: dict[str, dict[int, Row]] = {}
        self._buckets: dict[str, dict[int, Bucket]] = {}

    def extend(self, through: int) -> None:
        """Commit batches up to and including ``through``."""
        for seq in range(self.lake.batches.head_seq() + 1, through + 1):
            self._commit(seq)

    def _commit(self, seq: int) -> None:
        run, at, tables = new_run(), START + timedelta(minutes=5 * seq), {}
        for name, rows in self._changes(seq).items():
            table = contracts.source().tables[name]
            tables[name] = self._land(table, rows, seq, run, at)
            if name in FACTS:
                continue
            known = self._known.setdefault(name, {})
            known.update({row[table.key]: row for _, row in rows})
            key = layout.mirror_key(name, 0, seq, run)
            put_own(self.lake.ingestion, key, _parquet(list(known.values()), row_schema(table)))
            self._buckets[name] = {0: Bucket(key, len(known))}
        batch = Batch(
            seq=seq,
            run=run,
            committed_at=now(),
            lake="growth",
            observed_at=at,
            position=Position(seq, seq, seq, {"system": "growth"}),
            tables=tables,
            mirror={name: dict(self._buckets.get(name, {})) for name in contracts.source().tables},
        )
        self.lake.batches.commit(batch)

    def _changes(self, seq: int) -> Mapping[str, list[tuple[str, Row]]]:
        new = [next(self._orders) for _ in range(NEW)]
        edited = {self._random.randint(1, new[0]) for _ in range(EDITED)} - {*new}
        changes = {name: [("I", _row(name, key)) for key in new] for name in FACTS}
        price = Decimal(seq)
        changes["sales_order"] += [("U", _row("sales_order", k, unit_price=price)) for k in edited]
        if seq == 1:
            small = set(contracts.source().tables) - {*FACTS, "purchase_order"}
            changes |= {name: [("I", _row(name, key)) for key in range(1, 21)] for name in small}
        for name, every in RARE.items():
            if seq > 1 and seq % every == 0:
                names = {"design": "design_name", "staff": "last_name", "department": "location"}
                key = self._random.randint(1, 20)
                changes[name] = [("U", _row(name, key, **{names[name]: f"changed in {seq}"}))]
        return changes

    def _land(
        self,
        table: SourceTable,
        rows: Sequence[tuple[str, Row]],
        seq: int,
        run: str,
        at: datetime,
    ) -> Changes:
        observed = {"batch_seq": seq, "observed_at": at, "change_seq": 0}
        full = [{**row, **observed, "op": op} for op, row in rows]
        key = layout.batch_key(contracts.source().name, table.name, at.date(), seq, run)
        file = land(self.lake.ingestion, key, _parquet(full, batch_schema(table)), len(full))
        inserted = sum(op == "I" for op, _ in rows)
        return Changes(file, inserted, len(rows) - inserted, 0)


def _row(table: str, key: int, **values: Any) -> Row:
    of = contracts.source().tables[table]
    fixed = {c.name: DATES.get(c.name, VALUES[c.type.kind]) for c in of.columns}
    return {**fixed, of.key: key, **values}


def _parquet(rows: Sequence[Row], schema: pa.Schema) -> io.BytesIO:
    body = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema), body, compression="zstd")
    return body


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


def replayed(folder: Path, batches: int) -> Iterator[dict[str, Any]]:
    """Yield the seconds of a replay of so many batches, and of the batch after them."""
    history = History(folder)
    begin = perf_counter()
    history.extend(batches)
    yield {"case": "fabricated", "batches": batches, "total": round(perf_counter() - begin, 2)}
    with running(folder / "server") as server:
        server.create_database("growth")
        jobs = Jobs(folder, server.dsn("growth"), 1)
        jobs.spark.get()
        yield {"case": "replay", "batches": batches, **jobs.run()}
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


def main(argv: Sequence[str]) -> None:
    """Print one JSON object for each case."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, nargs="*", default=[5, 500, 5000])
    parser.add_argument("--backlog", type=int, default=1000, help="batches; 0 for none")
    parser.add_argument("--limit", type=int, default=60, help="seconds of a job")
    options = parser.parse_args(argv)
    for batches in options.batches:
        with TemporaryDirectory() as folder:
            for line in replayed(Path(folder), batches):
                print(json.dumps(line), flush=True)
    if options.backlog:
        with TemporaryDirectory() as folder:
            for line in backlog(Path(folder), options.backlog, options.limit):
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
