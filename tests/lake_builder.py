"""A lake with chosen batches, written through the lake's API as a poll writes them."""

import io
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import contracts
from contracts import SourceTable
from contracts.arrow import batch_schema, row_schema
from contracts.observation import ADDED
from lake import Lake, layout, new_run, now, open_lake
from lake.entries import Batch, Bucket, Changes, Position
from lake.landing import land, put_own
from lake.mirror_map import mirror_map

Row = Mapping[str, Any]
BUCKET_BITS = 14
START = datetime(2024, 11, 15, 9, 0)
TEXT = {"agreed_delivery_date": "2024-11-20", "agreed_payment_date": "2024-11-18"}
VALUES = {
    "int": 1,
    "text": "text",
    "boolean": False,
    "numeric": Decimal("9.99"),
    "timestamp": datetime(2024, 11, 14, 8, 30, 15, 123000),
}


def row(table: str, key: int, **values: Any) -> dict[str, Any]:
    """Return a valid row with this key and these values."""
    of = contracts.source().tables[table]
    defaults = {c.name: TEXT.get(c.name, VALUES[c.type.kind]) for c in of.columns}
    return {**defaults, of.key: key, **values}


@dataclass
class LakeBuilder:
    """A lake in ``directory``, with the source's rows as of its last batch. With
    ``without_order`` its batches are those of a version that did not know ``change_seq``."""

    directory: Path
    rows: dict[str, dict[int, Row]] = field(default_factory=dict)
    buckets: dict[str, dict[int, Bucket]] = field(default_factory=dict)
    without_order: bool = False

    @property
    def arguments(self) -> list[str]:
        """Arguments of a job with the addresses of the stores."""
        return [
            "--ingestion",
            self._address("ingestion"),
            "--processed",
            self._address("processed"),
        ]

    @property
    def by_batch(self) -> list[str]:
        """Arguments of a build job that builds each batch by itself."""
        return [*self.arguments, "--rows-per-range", "1"]

    @property
    def lake(self) -> Lake:
        return open_lake(self._address("ingestion"), self._address("processed"))

    def batch(self, changes: Mapping[str, Sequence[tuple[str, Row]]]) -> Batch:
        """Commit a batch: table -> (op, row) of every change. A row may have ``_unfit``."""
        head = self.lake.batches.head()
        seq, run = (head.seq if head else 0) + 1, new_run()
        observed_at = START + timedelta(minutes=seq)
        tables = contracts.source().tables
        landed = {
            name: self._land(tables[name], ops, seq, run, observed_at)
            for name, ops in changes.items()
        }
        for name, ops in changes.items():
            self._mirror(tables[name], ops, seq, run)
        store = self.lake.ingestion
        maps = {
            name: mirror_map(store, head, name).put(self.buckets.get(name, {}), seq, run)
            for name in tables
        }
        position = Position(100 + seq, 100 + seq, 100 + seq, {"system": "test"})
        batch = Batch(
            seq=seq,
            run=run,
            committed_at=now(),
            lake="test lake",
            observed_at=observed_at,
            position=position,
            tables=landed,
            mirror={name: dict(each.inline) for name, each in maps.items()},
            pages={name: each.pages for name, each in maps.items() if each.pages},
        )
        self.lake.batches.commit(batch)
        return batch

    def insert(self, **rows: Sequence[Row]) -> Batch:
        """Commit a batch of new rows."""
        return self.batch({name: [("I", row) for row in some] for name, some in rows.items()})

    def update(self, **rows: Sequence[Row]) -> Batch:
        """Commit a batch of changed rows."""
        return self.batch({name: [("U", row) for row in some] for name, some in rows.items()})

    def copy(self, directory: Path) -> "LakeBuilder":
        """Return a copy of the lake in another directory, which continues by itself."""
        shutil.copytree(self.directory, directory)
        rows = {name: dict(some) for name, some in self.rows.items()}
        buckets = {name: dict(some) for name, some in self.buckets.items()}
        return LakeBuilder(directory, rows, buckets, self.without_order)

    def _address(self, name: str) -> str:
        return (self.directory / name).as_uri()

    def _land(
        self,
        table: SourceTable,
        ops: Sequence[tuple[str, Row]],
        seq: int,
        run: str,
        observed_at: datetime,
    ) -> Changes:
        observed = {"batch_seq": seq, "observed_at": observed_at, "change_seq": 0}
        full = [{**observed, **row, "op": op} for op, row in ops]
        source = contracts.source().name
        key = layout.batch_key(source, table.name, observed_at.date(), seq, run)
        schema = batch_schema(table)
        if self.without_order:
            added = [column.name for column in ADDED]
            schema = pa.schema([field for field in schema if field.name not in added])
        body = _parquet(full, schema)
        count = Counter(op for op, _ in ops)
        file = land(self.lake.ingestion, key, body, len(full))
        return Changes(file, count["I"], count["U"], count["D"])

    def _mirror(
        self, table: SourceTable, ops: Sequence[tuple[str, Row]], seq: int, run: str
    ) -> None:
        rows = self.rows.setdefault(table.name, {})
        buckets = self.buckets.setdefault(table.name, {})
        for op, changed in sorted(ops, key=lambda one: one[1].get("change_seq", 0)):
            if op == "D":
                rows.pop(changed[table.key], None)
            else:
                rows[changed[table.key]] = changed
        for number in {changed[table.key] >> BUCKET_BITS for _, changed in ops}:
            members = [rows[key] for key in sorted(rows) if key >> BUCKET_BITS == number]
            buckets.pop(number, None)
            if members:
                key = layout.mirror_key(table.name, number, seq, run)
                put_own(self.lake.ingestion, key, _parquet(members, row_schema(table)))
                buckets[number] = Bucket(key, len(members))


def _parquet(rows: Sequence[Row], schema: pa.Schema) -> io.BytesIO:
    body = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema), body, compression="zstd")
    return body
