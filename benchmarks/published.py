"""The cost of publishing, and of a query after many batches: `python -m benchmarks.published`.

In a temporary folder it fabricates a lake whose batches change four tables each: the log entries
and one small file a table, as polls and jobs write them. It publishes the first and the last
batches one by one, as after a load, and prints the seconds at the beginning and at the end, elapsed
and of the CPU, then those of a query over a fact, and what is stored. The batches between are
published by thousands, hundreds and tens: their manifests are as large as the merged ones of single
batches. Unused metadata is deleted without a delay. Times vary with the machine and its load.
"""

import io
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import pyarrow as pa
import pyarrow.parquet as pq

import contracts
from contracts.arrow import FIELD_ID, arrow_type, batch_schema
from contracts.field_ids import field_ids
from contracts.observation import stored_columns
from contracts.tables import Column, SourceTable, WarehouseTable
from embedded.lake_query import names_of_the_warehouse
from lake import Lake, layout
from lake.entries import Batch, BuildEntry, Changes, LoadEntry, Output, Position
from lake.landing import land
from lake.local import open_local_lake
from postgres import render
from publish import local_catalog
from publish.local_catalog import LocalCatalog
from publish.publisher import publish

START = datetime(2024, 1, 1)
POSITION = Position(700, 700, 700, {"system": "1"})
WARM = 5  # batches before the first one that is measured
MEASURED = 20  # batches at each end


def main() -> None:
    """Fabricate, publish, query, and print."""
    arguments = ArgumentParser(description=__doc__)
    arguments.add_argument("--batches", type=int, default=5000)
    batches = arguments.parse_args().batches
    local_catalog.UNUSED_FOR = timedelta(0)
    with tempfile.TemporaryDirectory() as folder:
        lake = open_local_lake(Path(folder))
        ends = list(accumulate(_steps(batches)))
        times = [_publish(lake, end) for end in ends]
        for name, seconds in zip(("elapsed", "CPU"), zip(*times, strict=True), strict=True):
            first, last = median(seconds[WARM : WARM + MEASURED]), median(seconds[-MEASURED:])
            print(
                f"publishing a batch of 4 tables, {name}: {first:.3f} s, at batch {batches}"
                f" {last:.3f} s, ratio {last / first:.2f}"
            )
        print("query over a fact: {:.2f} s, {:.2f} s of CPU".format(*timed(lambda: _query(lake))))
        _print_stored(Path(folder))


def _steps(batches: int) -> list[int]:
    """Return how many batches are published at a time."""
    first, last = [1] * (WARM + MEASURED), [1] * (WARM + MEASURED)
    between, left = list[int](), batches - len(first) - len(last)
    for size in (1000, 100, 10, 1):
        count, left = divmod(left, size)
        between += [size] * count
    return first + between + last


def _publish(lake: Lake, end: int) -> tuple[float, float]:
    for seq in range(lake.batches.head_seq() + 1, end + 1):
        fabricate(lake, seq)
    return timed(lambda: publish(lake, LocalCatalog(lake)))


def _query(lake: Lake) -> None:
    current = f"{contracts.warehouse().facts[0].name}_current"
    text = render("select count(*) from {current}", current=current)
    with names_of_the_warehouse(lake) as database:
        database.sql(text).fetchall()


def timed(function: Callable[[], object]) -> tuple[float, float]:
    """Return the elapsed seconds and those of the CPU."""
    start, cpu = perf_counter(), process_time()
    function()
    return perf_counter() - start, process_time() - cpu


def _published_table(path: Path) -> str:
    """Return the table whose metadata the file holds; '' for another file."""
    _, found, within = path.as_posix().partition("/_published/")
    return f"metadata of {'.'.join(within.split('/')[:2])}" if found else ""


def _print_stored(folder: Path) -> None:
    kinds: dict[str, list[int]] = {}
    for path in (path for path in folder.rglob("*") if path.is_file()):
        kind = _published_table(path) or path.suffix
        kinds.setdefault(kind, []).append(path.stat().st_size)
    for kind, sizes in sorted(kinds.items()):
        print(f"{kind:45} {len(sizes):8,} objects {sum(sizes) / 1e6:10,.1f} MB")


def fabricate(lake: Lake, seq: int, rows: int = 1) -> None:
    """Commit a batch with rows of a fact, its dimension, and the source tables of both."""
    warehouse, source = contracts.warehouse(), contracts.source()
    fact, dimension = warehouse.facts[0], warehouse.dimensions[0]
    run, now = f"run-{seq}", datetime.now(UTC)
    observed_at = START + timedelta(minutes=5 * seq)
    place = {"batch_seq": seq, "observed_at": observed_at, "change_seq": 0}
    keys = [number % 1000 for number in range(seq * rows, (seq + 1) * rows)]
    landed = {
        name: _land(lake, source.tables[name], keys, place, run) for name in (fact.of, dimension.of)
    }
    lake.batches.commit(
        Batch(
            seq=seq,
            run=run,
            committed_at=now,
            lake="benchmark",
            observed_at=observed_at,
            position=POSITION,
            tables=landed,
            mirror={},
        )
    )
    for log, table in ((lake.dimensions, dimension), (lake.facts, fact)):
        log.commit(BuildEntry(seq, run, now, {table.name: _build(lake, table, keys, place, run)}))
    lake.loads.commit(LoadEntry(seq, run, now))


def _land(
    lake: Lake, table: SourceTable, keys: Sequence[int], place: Mapping[str, object], run: str
) -> Changes:
    seq = int(str(place["batch_seq"]))
    body = _file([{table.key: key, "op": "U", **place} for key in keys], batch_schema(table))
    key = layout.batch_key("benchmark", table.name, START.date(), seq, run)
    return Changes(land(lake.ingestion, key, body, len(keys)), 0, len(keys), 0)


def _build(
    lake: Lake, table: WarehouseTable, keys: Sequence[int], place: Mapping[str, object], run: str
) -> Output:
    seq = int(str(place["batch_seq"]))
    row = {"is_deleted": False, "created_date": START.date(), "created_time": "00:00:00", **place}
    body = _file([{**row, table.key: key} for key in keys], _schema(stored_columns(table)))
    folder = layout.processed_folder(lake.generation, table.name, seq, run)
    landed = land(lake.processed, f"{folder}part.parquet", body, len(keys))
    return Output((landed.key,), len(keys))


def _schema(columns: tuple[Column, ...]) -> pa.Schema:
    ids = field_ids(columns)
    return pa.schema(
        [pa.field(c.name, arrow_type(c.type), True, {FIELD_ID: str(ids[c.name])}) for c in columns]
    )


def _file(rows: list[dict[str, object]], schema: pa.Schema) -> io.BytesIO:
    body = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), body, compression="zstd")
    return body


if __name__ == "__main__":
    main()
