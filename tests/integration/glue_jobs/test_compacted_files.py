"""Replays and loads read the same rows, whatever compactions left behind."""

import io
import random
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

import contracts
from glue_jobs import landed
from glue_jobs.landed import LandedFiles
from glue_jobs.load.pending import Files, Pending, next_pending
from glue_jobs.session import LazySession
from lake import Lake, compacted_files
from lake.entries import File
from lake.layout import INGESTED
from lake.log import Log
from publish import compactor, levels
from tests.published import DIMENSION, FACT, SOURCE, LoggedLake

Rows = Counter[str]
Chunks = list[dict[str, tuple[Rows, int]]]
MOST_ROWS = 25  # of a transaction
BATCH_COUNT = 16


@pytest.fixture(autouse=True)
def _always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read compacted files instead of few others, too."""
    monkeypatch.setattr(compacted_files, "MANY", 1)


@pytest.fixture(scope="module", params=range(2))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a lake with compactions at random moments, some of them killed."""
    folder = tmp_path_factory.mktemp("lake")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(levels, "FAN", 2)
        patch.setattr(levels, "LARGE", 20)
        _fill(LoggedLake(folder), random.Random(request.param))
    return folder


@pytest.fixture
def logged(made: Path, tmp_path: Path) -> LoggedLake:
    """Return a copy of the lake."""
    shutil.copytree(made, tmp_path / "lake")
    return LoggedLake(tmp_path / "lake")


def _fill(logged: LoggedLake, chance: random.Random) -> None:
    for number in range(1, BATCH_COUNT + 1):
        orders = range(21) if number == 5 else chance.sample(range(50), chance.randint(0, 5))
        logged.add(orders, staff=chance.sample(range(9), chance.randint(0, 2)))
        match chance.choice(["compact", "rewrite", "commit", "retry", "", ""]):
            case "compact":
                logged.compact()
            case "retry":
                logged.retry([100 + number], deleted=[200 + number])
            case "rewrite" | "commit" as step:
                _killed(logged, *((compactor, step) if step == "rewrite" else (Log, step)))
    logged.compact()


class Killed(BaseException):
    """The process ends here."""


def _killed(logged: LoggedLake, of: Any, step: str) -> None:
    def kill(*_: Any) -> None:
        raise Killed

    logged.publish()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of, step, kill)
        try:
            logged.compact()
        except Killed:
            return


@pytest.fixture(params=["complete", "missing", "damaged"])
def state(request: pytest.FixtureRequest, logged: LoggedLake) -> str:
    """Make a compacted file of each table missing, or empty, or leave all as they are."""
    for name in (SOURCE, FACT, DIMENSION):
        for namespace in (INGESTED, "processed_g1"):
            head = logged.lake.compactions(namespace).head()
            parts = head.parts.get(name, ()) if head else ()
            for part in [part for part in parts if part.level][:1]:
                path = logged.root / "processed" / part.files[0]
                if request.param == "missing":
                    path.unlink()
                elif request.param == "damaged" and namespace == INGESTED:
                    pq.write_table(pq.ParquetFile(path).read().slice(0, 0), path)
    return str(request.param)


def chunks(lake: Lake) -> Iterator[Pending]:
    """Yield the transactions of a load into an empty warehouse."""
    head = retries = 0
    while pending := next_pending(lake, head, retries, BATCH_COUNT, MOST_ROWS):
        yield pending
        head, retries = max(head, pending.span[1]), retries + len(pending.retries)


def staged(lake: Lake, files: Files, span: tuple[int, int]) -> Rows:
    """Return the rows that a load copies."""
    found: Rows = Counter()
    for key in (*files.whole, *files.cut):
        rows = pq.ParquetFile(io.BytesIO(lake.processed.get(key))).read()
        if key in files.cut:
            seq = pc.field("batch_seq")
            rows = rows.filter((seq >= span[0]) & (seq <= span[1]))
        found += Counter(map(repr, rows.to_pylist()))
    return found


def landed_files(lake: Lake) -> Mapping[int, File]:
    """Return the landed files of a table by batch."""
    batches = lake.batches.after(0)
    return {b.seq: b.tables[SOURCE].file for b in batches if SOURCE in b.tables}


def test_a_load_copies_the_same_rows(logged: LoggedLake, state: str, monkeypatch: Any):
    lake = logged.lake
    found = [
        {name: pending.files_of(name) for name in (FACT, DIMENSION)} for pending in chunks(lake)
    ]
    compacted = [key for each in found for files in each.values() for key in files.cut]
    assert state == "missing" or compacted
    monkeypatch.setattr(compacted_files, "MANY", 1000)
    for pending, each in zip(chunks(lake), found, strict=True):
        for name, files in each.items():
            expected = pending.files_of(name)
            assert not expected.cut
            assert files.rows == expected.rows
            rows = staged(lake, files, pending.span)
            assert rows == staged(lake, expected, pending.span)
            assert sum(rows.values()) == files.rows


@pytest.mark.usefixtures("state")
def test_a_build_reads_the_same_rows(
    logged: LoggedLake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
):
    lake, table = logged.lake, contracts.source().tables[SOURCE]
    files, cut = landed_files(lake), BATCH_COUNT // 2
    for part in (range(1, cut + 1), range(cut + 1, BATCH_COUNT + 1)):
        some = {seq: file for seq, file in files.items() if seq in part}
        with monkeypatch.context() as original:
            original.setattr(compacted_files, "MANY", 1000)
            expected = built(lake, spark, table, some)
        assert sum(expected.values()) == sum(file.rows for file in some.values())
        assert built(lake, spark, table, some) == expected


def built(lake: Lake, spark: SparkSession, table: Any, files: Mapping[int, File]) -> Rows:
    """Return the rows that a build reads."""
    rows = LandedFiles(lake, LazySession(spark)).read(table, files).collect()
    return Counter(repr(sorted(row.asDict().items(), key=lambda one: one[0])) for row in rows)


def test_spark_reads_large_compacted_files_with_the_order_of_earlier_versions(
    logged: LoggedLake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
):
    """Their landed files have no ``change_seq``, so compacted ones have NULL there."""
    lake, table = logged.lake, contracts.source().tables[SOURCE]
    head = lake.compactions(INGESTED).head()
    assert head
    for part in (part for part in head.parts[SOURCE] if part.level):
        path = logged.root / "processed" / part.files[0]
        rows = pq.ParquetFile(path).read()
        number = rows.schema.get_field_index("change_seq")
        field = rows.schema.field(number)
        nulls = pc.if_else(pc.is_null(rows["batch_seq"]), rows["change_seq"], None)
        pq.write_table(rows.set_column(number, field, nulls), path)
    files = landed_files(lake)
    with monkeypatch.context() as original:
        original.setattr(compacted_files, "MANY", 1000)
        expected = built(lake, spark, table, files)
    assert built(lake, spark, table, files) == expected
    monkeypatch.setattr(landed, "SMALL_BYTES", 0)
    assert built(lake, spark, table, files) == expected
    frame = LandedFiles(lake, LazySession(spark)).read(table, files)
    assert any("_compacted/" in address for address in frame.inputFiles())
