"""A lake whose processed bucket is written directly, as input for the load."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import contracts
from contracts import WarehouseTable
from contracts.arrow import arrow_type
from contracts.observation import ADDED, stored_columns
from lake import Lake, layout, new_run, open_lake
from lake.entries import Batch, BuildEntry, Output, Position, RetryEntry
from lake.landing import land

Rows = Sequence[Mapping[str, Any]]
BEGINNING = datetime(2024, 1, 1, 10, 0)
POSITION = Position(700, 700, 700, {"system": "1"})
DAY = BEGINNING.date()
FACT = "fact_sales_order"


class ProcessedLake:
    """Batches of one lake, each with the files that the two jobs build from it. Rows without
    ``change_seq`` are in files of a version that did not know the order of changes."""

    def __init__(self, root: Path, name: str = "lake-1", generation: int = 1) -> None:
        self.root = root
        self.ingestion = (root / "ingestion").as_uri()
        self.processed = (root / "processed").as_uri()
        self.name = name
        self.generation = generation

    @property
    def lake(self) -> Lake:
        return open_lake(self.ingestion, self.processed, self.generation)

    def add(
        self,
        tables: Mapping[str, Rows],
        recorded: Mapping[str, int] | None = None,
        deleted: Sequence[int] = (),
        recorded_deleted: int | None = None,
        deleted_by: int | None = None,
    ) -> int:
        """Commit the next batch to all three logs, and return its seq. ``recorded`` overrides row
        counts of the logs. The sales orders ``deleted`` are tombstones, of the transaction
        ``deleted_by``; without it their file is of a version that did not know transactions."""
        seq = self.land(tables, recorded)
        self.build_facts(seq, deleted, recorded_deleted, deleted_by)
        return seq

    def retry(self, tables: Mapping[str, Rows], through: int, deleted: Mapping[int, int]) -> None:
        """Commit a retry with these rows. ``deleted`` maps sales orders to their batches."""
        lake = self.lake
        seq, now = lake.retries.head_seq() + 1, datetime.now(UTC)
        run = f"retry-{seq}"
        outputs = {
            name: self._write(contracts.warehouse().tables[name], through, rows, run)
            for name, rows in tables.items()
        }
        tombstones = {FACT: self._write_tombstones(deleted, run)} if deleted else {}
        lake.retries.commit(
            RetryEntry(seq, run, now, through, outputs, {}, 1, {}, tombstones=tombstones)
        )

    def land(self, tables: Mapping[str, Rows], recorded: Mapping[str, int] | None = None) -> int:
        """Commit the next batch to the batch log and the dimensions log."""
        lake = self.lake
        seq, now = lake.batches.head_seq() + 1, datetime.now(UTC)
        observed_at = observed(seq)
        batch = Batch(
            seq=seq,
            run=new_run(),
            committed_at=now,
            lake=self.name,
            observed_at=observed_at,
            position=POSITION,
            tables={},
            mirror={},
        )
        lake.batches.commit(batch)
        outputs = {
            name: self._write(contracts.warehouse().tables[name], seq, rows)
            for name, rows in tables.items()
        }
        for name, rows in (recorded or {}).items():
            outputs[name] = Output(outputs[name].files, rows)
        self._facts = {n: o for n, o in outputs.items() if n.startswith("fact_")}
        dimensions = {n: o for n, o in outputs.items() if n not in self._facts}
        lake.dimensions.commit(BuildEntry(seq, f"dimensions-{seq}", now, dimensions))
        return seq

    def build_facts(
        self,
        seq: int,
        deleted: Sequence[int] = (),
        recorded_deleted: int | None = None,
        deleted_by: int | None = None,
    ) -> None:
        """Commit the batch to the facts log."""
        output = self._write_tombstones(dict.fromkeys(deleted, seq), "build", deleted_by)
        if recorded_deleted is not None:
            output = Output(output.files, recorded_deleted)
        entry = BuildEntry(
            seq,
            f"facts-{seq}",
            datetime.now(UTC),
            self._facts,
            tombstones={FACT: output} if deleted else {},
        )
        self.lake.facts.commit(entry)

    def _write_tombstones(
        self, deleted: Mapping[int, int], run: str, change: int | None = None
    ) -> Output:
        if not deleted:
            return Output((), 0)
        schema = pa.schema(
            [("sales_order_id", pa.int32()), ("observed_at", pa.timestamp("us")),
             ("batch_seq", pa.int64())]
            + ([("change_seq", pa.int32())] if change is not None else [])
        )  # fmt: skip
        rows = [
            {
                "sales_order_id": key,
                "observed_at": observed(seq),
                "batch_seq": seq,
                "change_seq": change,
            }
            for key, seq in deleted.items()
        ]
        file = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema), file)
        last = max(deleted.values())
        folder = layout.processed_folder(
            self.generation, f"{FACT}_tombstones", last, f"{run}-{last}"
        )
        landed = land(self.lake.processed, f"{folder}part.parquet", file, len(rows))
        return Output((landed.key,), len(rows))

    def _write(self, table: WarehouseTable, seq: int, rows: Rows, run: str = "build") -> Output:
        named = {name for row in rows for name in row}
        known = set(table.columns) - set(ADDED)
        columns = (c for c in stored_columns(table) if c in known or c.name in named)
        schema = pa.schema([(c.name, arrow_type(c.type)) for c in columns])
        file = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema), file)
        folder = layout.processed_folder(self.generation, table.name, seq, f"{run}-{seq}")
        landed = land(self.lake.processed, f"{folder}part.parquet", file, len(rows))
        return Output((landed.key,), len(rows))


def observed(seq: int) -> datetime:
    """Return the time at which a batch was observed."""
    return BEGINNING + timedelta(minutes=30 * seq)


def day_row(day: Any = DAY) -> dict[str, Any]:
    """Return a row of dim_date."""
    parts = {"year": day.year, "month": day.month, "day": day.day, "day_of_week": day.isoweekday()}
    names = {"day_name": f"{day:%A}", "month_name": f"{day:%B}", "quarter": (day.month + 2) // 3}
    return {"date_id": day, **parts, **names}


def dimension_row(table: str, key: int, **values: Any) -> dict[str, Any]:
    """Return a row of a dimension. Texts name their column; references to an order are NULL."""
    dimension = contracts.warehouse().tables[table]
    texts = {
        c.name: f"{c.name} {key}" if c.type.kind == "text" else None for c in dimension.columns
    }
    return {**texts, dimension.key: key, **values}


def version_row(order: int, seq: int, **values: Any) -> dict[str, Any]:
    """Return a version of a sales order that refers to member 1 of each dimension."""
    fact = contracts.warehouse().tables["fact_sales_order"]
    fixed = {
        "sales_order_id": order,
        "batch_seq": seq,
        "observed_at": observed(seq),
        "is_deleted": False,
        "change_seq": 0,
        "unit_price": Decimal("3.99"),
    }
    by_kind = {"int": 1, "date": DAY, "time": "09:30:00.123000"}
    return {c.name: by_kind.get(c.type.kind) for c in fact.columns} | fixed | values


def calendar() -> dict[str, Rows]:
    """Return a day, which a version needs; members of other dimensions can be inferred."""
    return {"dim_date": [day_row()]}


def star() -> dict[str, Rows]:
    """Return a day, and member 1 of every dimension."""
    dimensions = contracts.warehouse().dimensions
    rows = {table.name: [dimension_row(table.name, 1)] for table in dimensions}
    return {**calendar(), **rows}
