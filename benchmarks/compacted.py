"""A query after many batches, and after few with the same rows: `python -m benchmarks.compacted`.

In temporary folders it fabricates two lakes whose batches change four tables each: one with many
batches, compacted at intervals, up to just before the next compaction, and one with 50 batches and
as many rows. It prints the seconds of queries over a fact (the fastest of some, each in a new
database), the files that they open, how often a row was written again, and the cost of compactions
and of publishing a batch. `up` compacts after 32 batches; eight hours of a poll every five minutes
are 96. Times vary with the machine and its load; ratios vary less.
"""

import tempfile
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq

import contracts
from benchmarks.published import fabricate, timed
from embedded.lake_query import names_of_the_warehouse
from lake import Lake, layout
from lake.local import open_local_lake
from postgres import render
from publish import compactor, levels, local_catalog
from publish.compactor import compact
from publish.local_catalog import LocalCatalog
from publish.publisher import publish
from publish.tables import published_tables

FEW = 50  # batches
REPEATS = 5
WARM, SINGLE = 5, 25  # batches at each end that are published one by one, of which some are warm
FACT = contracts.warehouse().facts[0].name
QUERIES = {
    "a scan of the fact": "select count(*), sum(batch_seq) from lake.{fact}",
    "the versions of a key": "select count(*) from lake.{fact} where {key} = 7",
    "the current rows": "select count(*) from {fact}_current",
}


def main() -> None:
    """Fabricate, compact, query, and print."""
    arguments = ArgumentParser(description=__doc__)
    arguments.add_argument("--every", type=int, default=levels.FAN, help="batches")
    arguments.add_argument("--batches", type=int, default=5087)
    arguments.add_argument("--rows", type=int, default=20, help="of a table in a batch")
    given = arguments.parse_args()
    local_catalog.UNUSED_FOR = compactor.KEPT = timedelta(0)
    with tempfile.TemporaryDirectory() as many, tempfile.TemporaryDirectory() as few:
        compacted = _many(Path(many), given.batches, given.rows, given.every)
        published = open_local_lake(Path(few))
        for seq in range(1, FEW + 1):
            fabricate(published, seq, given.batches * given.rows // FEW)
        publish(published, LocalCatalog(published))
        _compare(given.batches, compacted, published)


def _many(folder: Path, batches: int, rows: int, every: int) -> Lake:
    """Return a lake just before a compaction, and print what the earlier ones cost."""
    lake, seconds, written, single = open_local_lake(folder), [(0.0, 0.0)], 0, list[float]()
    for seq in range(1, batches + 1):
        fabricate(lake, seq, rows)
        if seq <= SINGLE or seq > batches - SINGLE:
            single.append(timed(lambda: publish(lake, LocalCatalog(lake)))[1])
        if seq % every == 0:
            publish(lake, LocalCatalog(lake))
            before = set(_compacted(folder))
            seconds.append(timed(lambda: compact(lake, LocalCatalog(lake))))
            new = set(_compacted(folder)) - before
            written += sum(pq.read_metadata(path).num_rows for path in new)
    first, last = median(single[WARM:SINGLE]), median(single[SINGLE:])
    print(
        f"publishing a batch: {first:.3f} s of CPU, at batch {batches} {last:.3f} s, ratio"
        f" {last / first:.2f}"
    )
    slowest, total = max(seconds), sum(cpu for _, cpu in seconds)
    print(
        f"{len(seconds) - 1} compactions of {every} batches: {total:.1f} s of CPU, the slowest"
        f" {slowest[0]:.1f} s, {slowest[1]:.1f} s of CPU; a row written again"
        f" {written / (batches * rows * 4):.2f} times on average"
    )
    return lake


def _compacted(folder: Path) -> list[Path]:
    return list(folder.rglob(f"{layout.COMPACTED}*/*/*/*.parquet"))


def _compare(batches: int, many: Lake, few: Lake) -> None:
    opened = [_files(lake) for lake in (many, few)]
    print(
        f"files of the fact after {batches} batches {opened[0]}, after {FEW} {opened[1]}: ratio"
        f" {opened[0] / opened[1]:.2f}"
    )
    for name, text in QUERIES.items():
        statement = render(text, fact=FACT, key=contracts.warehouse().facts[0].key)
        costs = [_fastest(lake, statement) for lake in (many, few)]
        print(
            f"{name}: {costs[0]:.3f} s of CPU after {batches} batches, {costs[1]:.3f} after {FEW}:"
            f" ratio {costs[0] / costs[1]:.2f}"
        )


def _files(lake: Lake) -> int:
    [published] = [table for table in published_tables(lake.generation) if table.name == FACT]
    return len(list(LocalCatalog(lake).table(published).scan().plan_files()))


def _fastest(lake: Lake, statement: str) -> float:
    """Return the least seconds of the CPU of a query, without the start of the database."""
    return min(_seconds(lake, statement) for _ in range(REPEATS))


def _seconds(lake: Lake, statement: str) -> float:
    with names_of_the_warehouse(lake) as database:
        _, cpu = timed(lambda: database.sql(statement).fetchall())
    return cpu


if __name__ == "__main__":
    main()
