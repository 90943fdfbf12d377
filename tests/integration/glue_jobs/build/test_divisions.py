"""Any division of the batches into ranges builds the same as batch by batch."""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

import contracts
from glue_jobs.build.dimension_files import DimensionFiles
from glue_jobs.build.fact_files import FactFiles
from glue_jobs.build.ranges import build
from glue_jobs.load.pending import rows_by_batch
from lake import Lake, Log, new_run
from lake.entries import Batch, Outputs
from lake.quarantine import count_open, quarantine
from tests.lake_builder import LakeBuilder, row

Division = tuple[int, ...]
"""The last batch of each range."""

Event = tuple[str, int, str, int]
"""Table, key, operation and value of a change."""

HISTORIES = settings().max_examples // 100
BATCHES, EVENTS = 4, 90

KEYS = {
    "department": 4, "staff": 12, "address": 4, "counterparty": 8, "design": 12, "currency": 2,
    "sales_order": 20, "transaction": 6,
}  # fmt: skip
LOOKUPS = {"staff": ("department_id", 4), "counterparty": ("legal_address_id", 4)}
TEXTS = {
    "department": "location", "staff": "first_name", "address": "district", "design": "design_name",
    "counterparty": "counterparty_legal_name", "currency": "currency_code",
}  # fmt: skip
DATES = ("2024-11-18", "soon", "2024-12-01", "never")


def history(random: Random) -> list[list[Event]]:
    """Return batches of changes, one of them of few rows."""
    tables = [table for table, keys in KEYS.items() for _ in range(keys)]
    sizes = [EVENTS] * (BATCHES - 1) + [3]
    random.shuffle(sizes)
    return [
        [
            (table, random.randint(1, KEYS[table]), random.choice("UUUD"), random.randint(0, 3))
            for table in random.choices(tables, k=size)
        ]
        for size in sizes
    ]


def changed(table: str, key: int, value: int) -> dict[str, Any]:
    """Return a row with the value: a text, or NULL; the row that it looks up; a date that may be
    invalid."""
    values: dict[str, Any] = {}
    if table in TEXTS:
        values[TEXTS[table]] = (None if table in ("department", "address") else "A", "A", "B", "C")[
            value
        ]
    if table in LOOKUPS:
        name, count = LOOKUPS[table]
        values[name] = 1 + (value + key) % (count + 1)  # one of them never exists
    if table == "sales_order":
        values["agreed_payment_date"] = DATES[value]
    return row(table, key, **values)


def land(builder: LakeBuilder, batches: Sequence[Sequence[Event]]) -> None:
    """Commit a batch for each list of changes: those of a row follow each other in it."""
    known: set[tuple[str, int]] = set()
    for batch in batches:
        ops: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        for number, (table, key, op, value) in enumerate(batch):
            if op == "D" and (table, key) not in known:
                continue
            is_new = (table, key) not in known
            landed = {**changed(table, key, value), "change_seq": number}
            ops.setdefault(table, []).append(("I" if is_new and op != "D" else op, landed))
            (known.discard if op == "D" else known.add)((table, key))
        builder.batch(ops)


class Until(Log[Batch]):
    """The batch log, as it was when batch ``end`` was the last one."""

    def __init__(self, lake: Lake, end: int) -> None:
        log = lake.batches
        super().__init__(log._store, log._folder, log._kind)
        self._end = end

    def head_seq(self) -> int:
        return self._end


def build_divided(lake: Lake, spark: SparkSession, division: Division) -> None:
    """Build both logs with these ranges."""
    source, warehouse = contracts.source(), contracts.warehouse()
    for kind, log in ((DimensionFiles, lake.dimensions), (FactFiles, lake.facts)):
        run = new_run()
        files = kind(lake, lambda: spark, run, source, warehouse)
        for end in division:
            build(Until(lake, end), log, files.build, run, contracts=warehouse)
        assert [entry.last for entry in log.after(0)] == list(division)


def content(lake: Lake) -> dict[str, Any]:
    """Return all rows that the logs of a lake name, and their counts by batch."""
    warehouse, kept = contracts.warehouse(), quarantine(lake)
    entries = [*lake.dimensions.after(0), *lake.facts.after(0)]
    tables, deleted = (
        [getattr(entry, name) for entry in entries] for name in ("tables", "tombstones")
    )
    found: dict[str, Any] = {
        name: rows(lake, tables, name) for name in warehouse.tables if name != "dim_date"
    }
    for fact in warehouse.facts:
        found[fact.tombstones] = rows(lake, deleted, fact.name)
        found[f"{fact.of} quarantined"] = rows(lake, [kept.tables], fact.of)
        found[f"{fact.of} open"] = rows(lake, [kept.open], fact.of)
    found["counts"] = rows_by_batch(entries, 1, lake.batches.head_seq())
    found["open"] = (count_open(lake), kept.rows)
    head = lake.facts.head()
    found["totals"] = head and (head.quarantined_total, head.tombstones_total)
    return found


def rows(lake: Lake, outputs: Sequence[Outputs], table: str) -> Counter[tuple[Any, ...]]:
    """Return the rows of a table, each with how often it is there."""
    files = [key for each in outputs if table in each for key in each[table].files]
    found = (pq.read_table(io.BytesIO(lake.processed.get(key))).to_pylist() for key in files)
    return Counter(tuple(row.items()) for of_file in found for row in of_file)


@settings(max_examples=HISTORIES, suppress_health_check=list(HealthCheck), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_division_into_ranges_builds_the_same_as_batch_by_batch(
    spark: SparkSession, seed: int
) -> None:
    random = Random(seed)
    with TemporaryDirectory() as folder:
        builder = LakeBuilder(Path(folder))
        land(builder, history(random))
        build_divided(builder.lake, spark, tuple(range(1, BATCHES + 1)))
        expected = content(builder.lake)
        division = tuple(sorted({random.randint(1, BATCHES - 1), BATCHES}))
        for generation, has_mirrors in ((2, True), (3, False)):
            if not has_mirrors:
                expire_mirrors(builder)
            divided = replace(builder.lake, generation=generation)
            build_divided(divided, spark, division)
            found = content(divided)
            for name, value in expected.items():
                assert found[name] == value, (name, division, has_mirrors)


def expire_mirrors(builder: LakeBuilder) -> None:
    """Delete the mirrors of all batches but the last one."""
    kept = {bucket.key for buckets in builder.buckets.values() for bucket in buckets.values()}
    for stored in builder.lake.ingestion.under("_mirror/"):
        if stored.key not in kept:
            (builder.directory / "ingestion" / stored.key).unlink()
