"""Quarantined rows come back, once, when corrected code can convert them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

import contracts
from contracts import Warehouse
from contracts.spark import batch_schema, spark_schema
from glue_jobs import build_dimensions, build_facts
from glue_jobs.build.dimension_files import DimensionFiles
from glue_jobs.build.ranges import PendingRange
from glue_jobs.build.retry import Retry
from glue_jobs.errors import BuildFailed
from glue_jobs.transform import conversions, facts
from lake import now
from lake.entries import BuildEntry, Output, RetryEntry
from lake.quarantine import count_open, entries_with_losses, quarantine
from tests.integration.glue_jobs.conftest import no_spark
from tests.lake_builder import LakeBuilder, row

FACT = "fact_sales_order"
NEVER = "cast(null as date)"


def order(key: int, payment_date: str = "2024-11-18") -> dict[str, Any]:
    return row("sales_order", key, agreed_payment_date=payment_date)


@pytest.fixture(scope="module")
def three_batches(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> LakeBuilder:
    """Return a lake with three batches; rows of the first and the third are quarantined. Tests
    continue in copies of it."""
    built = LakeBuilder(tmp_path_factory.mktemp("quarantined"))
    built.insert(sales_order=[order(1), order(2, "18/11/2024"), order(3, "soon")])
    built.update(sales_order=[order(1)])
    built.update(sales_order=[order(2, "19/11/2024"), order(1)])
    build_facts.main(built.by_batch, spark)
    assert count_open(built.lake) == 3
    return built


@pytest.fixture
def quarantined(three_batches: LakeBuilder, built: LakeBuilder) -> LakeBuilder:
    """Return a lake of the test's own with the three batches."""
    return three_batches.copy(built.directory)


@pytest.fixture
def corrected(quarantined: LakeBuilder, convert_british_dates: Callable[[], None]) -> None:
    """Let the code, once the rows are quarantined, convert British dates, too."""
    convert_british_dates()


def retry(built: LakeBuilder, spark: SparkSession | None = None, **others: Any) -> int:
    session = no_spark if spark is None else lambda: spark
    warehouse = others.get("warehouse", contracts.warehouse())
    return Retry(built.lake, session, contracts.source(), warehouse).run()


def test_retry_without_quarantined_rows_starts_no_spark(built: LakeBuilder):
    assert retry(built) == 0


def test_retry_that_converts_no_row_writes_nothing(
    quarantined: LakeBuilder, spark: SparkSession, tmp_path: Path
):
    before = sorted(tmp_path.rglob("*"))
    assert retry(quarantined, spark) == 0
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("step", ["retry", "next batch"])
def test_damaged_quarantine_is_an_error_with_a_remedy(
    quarantined: LakeBuilder, spark: SparkSession, tmp_path: Path, step: str
):
    for file in tmp_path.rglob("*quarantine*/**/*.parquet"):
        file.write_bytes(b"PAR1")
    quarantined.update(sales_order=[order(2)])
    steps: dict[str, Callable[[], Any]] = {
        "retry": lambda: retry(quarantined, spark),
        "next batch": lambda: build_facts.main(quarantined.by_batch, spark),
    }
    with pytest.raises(BuildFailed, match=r"sales_order.* To fix: restore a damaged file"):
        steps[step]()


@pytest.mark.usefixtures("corrected")
def test_corrected_code_brings_rows_back_once_with_their_batch_and_time(
    quarantined: LakeBuilder,
    spark: SparkSession,
    written: Callable[[Output, StructType], DataFrame],
):
    build_facts.main([*quarantined.by_batch, "--retry-quarantined"], spark)

    assert retry(quarantined, spark) == 0
    [entry] = quarantined.lake.retries.after(0)
    assert (entry.seq, entry.through, entry.closed, entry.rows) == (1, 3, 2, 2)
    assert count_open(quarantined.lake) == 1
    found = written(entry.tables[FACT], spark_schema(contracts.warehouse().tables[FACT]))
    versions = {
        (r.sales_order_id, r.batch_seq, r.observed_at, r.agreed_payment_date)
        for r in found.collect()
    }
    first, third = (quarantined.lake.batches.entry(seq).observed_at for seq in (1, 3))
    assert versions == {
        (2, 1, first, date(2024, 11, 18)),
        (2, 3, third, date(2024, 11, 19)),
    }
    schema = batch_schema(contracts.source().tables["sales_order"]).add("reasons", "string")
    [left] = written(entry.quarantined["sales_order"], schema).collect()
    assert (left.sales_order_id, left.batch_seq) == (3, 1)
    assert "soon" in left.reasons


@pytest.mark.usefixtures("corrected")
def test_of_two_concurrent_retries_one_brings_the_rows_back(
    quarantined: LakeBuilder, spark: SparkSession
):
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: retry(quarantined, spark), range(2)))

    assert sorted(done) == [0, 2]
    assert quarantined.lake.retries.head_seq() == 1


@pytest.mark.usefixtures("corrected")
def test_rows_quarantined_after_a_retry_are_open_with_those_that_it_left(
    quarantined: LakeBuilder, spark: SparkSession
):
    retry(quarantined, spark)
    quarantined.update(sales_order=[order(4, "later")])
    build_facts.main(quarantined.by_batch, spark)

    assert count_open(quarantined.lake) == quarantine(quarantined.lake).rows == 2
    assert retry(quarantined, spark) == 0


@pytest.mark.usefixtures("corrected")
def test_superseded_row_comes_back_and_is_not_counted_twice(
    quarantined: LakeBuilder, spark: SparkSession
):
    quarantined.update(sales_order=[order(2)])
    build_facts.main(quarantined.by_batch, spark)
    assert count_open(quarantined.lake) == quarantine(quarantined.lake).rows == 1

    assert retry(quarantined, spark) == 2
    assert count_open(quarantined.lake) == quarantine(quarantined.lake).rows == 1
    quarantined.batch({"sales_order": [("D", order(3, "soon"))]})
    build_facts.main(quarantined.by_batch, spark)
    assert count_open(quarantined.lake) == quarantine(quarantined.lake).rows == 0
    assert retry(quarantined, spark) == 0


@pytest.mark.usefixtures("corrected")
def test_row_that_comes_back_supersedes_older_rows_of_its_key(
    quarantined: LakeBuilder, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as before:
        before.setitem(conversions.CONVERSIONS, ("text", "date"), NEVER)
        quarantined.update(sales_order=[order(3, "20/11/2024")])
        quarantined.update(sales_order=[order(3, "later")])
        build_facts.main(quarantined.by_batch, spark)
    assert count_open(quarantined.lake) == 5

    assert retry(quarantined, spark) == 3
    assert count_open(quarantined.lake) == quarantine(quarantined.lake).rows == 1
    assert quarantine(quarantined.lake).tables["sales_order"].rows == 2


@pytest.mark.usefixtures("corrected")
def test_retry_lists_the_tombstones_of_all_batches(quarantined: LakeBuilder, spark: SparkSession):
    quarantined.batch({"sales_order": [("D", order(2, "never"))]})
    build_facts.main(quarantined.by_batch, spark)
    assert retry(quarantined, spark) == 2
    quarantined.update(sales_order=[order(3, "20/11/2024")])  # converted at once
    quarantined.update(sales_order=[order(4, "never")])
    build_facts.main(quarantined.by_batch, spark)

    [entry] = quarantined.lake.retries.after(0)
    assert entry.tombstones == quarantined.lake.facts.entry(4).tombstones
    assert quarantine(quarantined.lake).tombstones == entry.tombstones
    assert count_open(quarantined.lake) == quarantine(quarantined.lake).rows == 1


def test_deletion_that_an_earlier_release_quarantined_becomes_a_tombstone(
    built: LakeBuilder, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as earlier:
        earlier.setattr(facts, "is_tombstone", lambda: F.lit(False))
        built.insert(sales_order=[order(1), order(2, "soon")])
        built.batch({"sales_order": [("D", order(1, "soon"))]})
        build_facts.main(built.by_batch, spark)
        assert count_open(built.lake) == 2

    assert retry(built, spark) == 1
    assert built.lake.retries.entry(1).tombstones[FACT].rows == 1
    assert count_open(built.lake) == quarantine(built.lake).rows == 1


def test_longer_calendar_is_written_with_the_rows_that_need_its_days(
    built: LakeBuilder, spark: SparkSession
):
    built.insert(sales_order=[order(1, "2150-01-01")])
    build_dimensions.main(built.by_batch, spark)
    build_facts.main(built.by_batch, spark)
    warehouse = contracts.warehouse()
    [calendar] = warehouse.calendars
    longer = replace(calendar, last=date(2150, 12, 31))
    warehouse = Warehouse({**warehouse.tables, calendar.name: longer})

    assert retry(built, spark, warehouse=warehouse) == 1
    retried: RetryEntry = built.lake.retries.entry(1)
    assert set(retried.tables) == {FACT, "dim_date"}
    assert retried.tables["dim_date"].rows == (longer.last - longer.first).days + 1
    files = DimensionFiles(built.lake, lambda: spark, "run", contracts.source(), warehouse)
    following = files.build(
        PendingRange(
            (built.insert(sales_order=[order(2, "2150-01-02")]),),
            built.lake.batches.entry(1),
            built.lake.dimensions.entry(1),
        )
    )
    assert following.tables["dim_date"].rows == retried.tables["dim_date"].rows


def test_entries_with_quarantined_rows_are_found_without_reading_the_log(
    built: LakeBuilder, monkeypatch: pytest.MonkeyPatch
):
    open_rows = 0
    for seq in range(1, 65):
        output = {"sales_order": Output((f"{seq}",), 1)} if seq in (17, 64) else {}
        open_rows += len(output)
        built.lake.facts.commit(
            BuildEntry(seq, "run", now(), {}, output, quarantined_total=open_rows)
        )
    log, read = built.lake.facts, list[int]()
    entry = log.entry

    def counted(seq: int) -> BuildEntry:
        read.append(seq)
        return entry(seq)

    monkeypatch.setattr(log, "entry", counted)
    head = entry(64)

    assert [found.seq for found in entries_with_losses(log, 0, head)] == [17, 64]
    assert len(read) < 16
    assert [found.seq for found in entries_with_losses(log, 17, head)] == [64]
