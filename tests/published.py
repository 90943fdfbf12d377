"""A lake whose logs are written directly, with files as the jobs write them, as input for
publishing."""

import io
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.table import Table, snapshots, update

import contracts
from contracts.arrow import FIELD_ID, arrow_type, batch_schema
from contracts.field_ids import field_ids
from contracts.observation import stored_columns, tombstone_columns
from contracts.tables import Column, Fact
from lake import Lake, layout, open_lake
from lake.entries import (
    Batch,
    BuildEntry,
    Changes,
    LoadEntry,
    Output,
    Position,
    RetryEntry,
)
from lake.landing import land
from publish.catalog import PublishedTables
from publish.compactor import Compacted, compact
from publish.local_catalog import LocalCatalog
from publish.publisher import Published, publish
from publish.tables import published_tables

START = datetime(2024, 1, 1, 10, 0)
POSITION = Position(700, 700, 700, {"system": "1"})
FACT, DIMENSION, SOURCE = "fact_sales_order", "dim_staff", "sales_order"


class LoggedLake:
    """Batches, each with one version of some sales orders and some members of staff."""

    def __init__(self, root: Path, generation: int = 1) -> None:
        self.root, self.generation = root, generation

    @property
    def lake(self) -> Lake:
        """The lake in a directory, in this generation."""
        stores = (self.root / "ingestion").as_uri(), (self.root / "processed").as_uri()
        return open_lake(*stores, self.generation)

    @property
    def catalog(self) -> PublishedTables:
        """The catalog of the published tables."""
        return LocalCatalog(self.lake)

    def publish(self) -> Published:
        """Publish what is loaded."""
        return publish(self.lake, self.catalog)

    def compact(self) -> Compacted:
        """Compact the published tables."""
        return compact(self.lake, self.catalog)

    def table(self, name: str) -> Table:
        """Return a published table."""
        [published] = [t for t in published_tables(self.generation) if t.name == name]
        return self.catalog.table(published)

    def files(self, name: str) -> list[str]:
        """Return the addresses of the files of a published table."""
        return [task.file.file_path for task in self.table(name).scan().plan_files()]

    def replayed(self) -> "LoggedLake":
        """Return the lake in the next generation, with the same rows in the facts and dimensions.
        Their keys are the seqs of their batches."""
        following = LoggedLake(self.root, self.generation + 1)
        for seq in range(1, self.lake.batches.head_seq() + 1):
            following.build(seq, [seq], [seq])
        return following

    def add(self, orders: Sequence[int] = (), staff: Sequence[int] = (), **commit: Any) -> int:
        """Commit a batch to every log, and return its seq."""
        lake = self.lake
        seq, now = lake.batches.head_seq() + 1, datetime.now(UTC)
        run = f"run-{seq}"
        landed = {SOURCE: self._land(seq, orders, run)} if orders else {}
        observed_at = START + timedelta(minutes=seq)
        lake.batches.commit(
            Batch(
                seq=seq, run=run, committed_at=now, lake="lake", position=POSITION,
                observed_at=observed_at, tables=landed, mirror={},
            )
        )  # fmt: skip
        self.build(seq, orders, staff, load=commit.get("load", True))
        return seq

    def build(
        self, seq: int, orders: Sequence[int], staff: Sequence[int], *, load: bool = True
    ) -> None:
        """Commit what the jobs make of a batch."""
        lake, run, now = self.lake, f"run-{seq}", datetime.now(UTC)
        place = _place(seq)
        people = [{"staff_id": key, "first_name": f"Ada {seq}", **place} for key in staff]
        values = {"units_sold": seq, "is_deleted": False}
        versions = [{"sales_order_id": key, **values, **place} for key in orders]
        built = self._outputs(DIMENSION, seq, run, people), self._outputs(FACT, seq, run, versions)
        for log, outputs in zip((lake.dimensions, lake.facts), built, strict=True):
            log.commit(BuildEntry(seq, run, now, outputs))
        if load:
            self.load(seq)

    def load(self, seq: int) -> None:
        """Commit a batch to the load log."""
        self.lake.loads.commit(LoadEntry(seq, f"run-{seq}", datetime.now(UTC)))

    def retry(self, orders: Sequence[int], deleted: Sequence[int] = ()) -> None:
        """Commit a retry that brings back versions of the last batch, and adds tombstones."""
        lake = self.lake
        seq, through, before = (
            lake.retries.head_seq() + 1,
            lake.batches.head_seq(),
            lake.retries.head(),
        )
        run, now = f"retry-{seq}", datetime.now(UTC)
        place = {"batch_seq": through, "observed_at": START, "change_seq": 0}
        versions = [{"sales_order_id": k, "is_deleted": False, **place} for k in orders]
        gone = [{"sales_order_id": key, **place} for key in deleted]
        fact = fact_of(FACT)
        output = self.write(fact.tombstones, tombstone_columns(fact), through, run, gone)
        earlier = before.tombstones[FACT] if before else Output((), 0)
        listed = Output(earlier.files + output.files, earlier.rows + output.rows)
        lake.retries.commit(
            RetryEntry(
                seq, run, now, through, self._outputs(FACT, through, run, versions), {}, 1, {},
                tombstones={FACT: listed},
            )
        )  # fmt: skip

    def _outputs(
        self, table: str, seq: int, run: str, rows: Sequence[Mapping[str, Any]]
    ) -> dict[str, Output]:
        columns = stored_columns(contracts.warehouse().tables[table])
        return {table: self.write(table, columns, seq, run, rows)} if rows else {}

    def write(
        self,
        table: str,
        columns: Sequence[Column],
        seq: int,
        run: str,
        rows: Sequence[Mapping[str, Any]],
        **options: Any,
    ) -> Output:
        """Write the rows as the jobs do; the file is not named in a log."""
        if not rows:
            return Output((), 0)
        file = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(list(rows), file_schema(columns)), file, **options)
        folder = layout.processed_folder(self.lake.generation, table, seq, run)
        landed = land(self.lake.processed, f"{folder}part.parquet", file, len(rows))
        return Output((landed.key,), len(rows))

    def _land(self, seq: int, orders: Sequence[int], run: str) -> Changes:
        of = contracts.source().tables[SOURCE]
        place = {"op": "I", "batch_seq": seq, "observed_at": START, "change_seq": 0}
        file = io.BytesIO()
        rows = [{of.key: key, **place} for key in orders]
        pq.write_table(pa.Table.from_pylist(rows, batch_schema(of)), file)
        key = layout.batch_key("source", SOURCE, START.date(), seq, run)
        return Changes(land(self.lake.ingestion, key, file, len(rows)), len(rows), 0, 0)


def _place(seq: int) -> dict[str, Any]:
    return {"batch_seq": seq, "observed_at": START + timedelta(minutes=seq), "change_seq": 0}


def file_schema(columns: Sequence[Column]) -> pa.Schema:
    """Return the schema of a file with these columns and their field ids."""
    ids = field_ids(columns)
    return pa.schema(
        [pa.field(c.name, arrow_type(c.type), True, {FIELD_ID: str(ids[c.name])}) for c in columns]
    )


def fact_of(name: str) -> Fact:
    """Return a fact by name."""
    return next(fact for fact in contracts.warehouse().facts if fact.name == name)


@contextmanager
def clock_set_back(by: timedelta) -> Iterator[None]:
    """Set the clock of pyiceberg back for the block."""

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) - by

    clock = SimpleNamespace(time=lambda: time.time() - by.total_seconds())
    with patch.object(snapshots, "time", clock), patch.object(update, "datetime", Earlier):
        yield
