"""Ranges that are built while another run works on the same lake."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pyspark.sql import SparkSession

import contracts
from glue_jobs.build import dimension_files, ranges
from glue_jobs.build.dimension_files import DimensionFiles
from glue_jobs.build.fact_files import FactFiles
from glue_jobs.build.ranges import PendingRange, RangeOutput
from glue_jobs.build.retry import Retry
from glue_jobs.parquet import write
from glue_jobs.session import LazySession
from lake import Lake, new_run
from lake.entries import Output
from lake.quarantine import count_open
from operations.erasure import Erased, erase
from tests.integration.glue_jobs.build.test_divisions import content, rows
from tests.lake_builder import LakeBuilder, row

FACT = "fact_sales_order"
INVALID = row("sales_order", 1, agreed_payment_date="18/11/2024")
VALID = row("sales_order", 1)
Step = Callable[[], object]


def nothing() -> None:
    """Be the only run."""


def build(lake: Lake, spark: SparkSession, meanwhile: Step = nothing) -> None:
    """Build both logs. ``meanwhile`` runs once in each, when the files of the first range are
    written and its entry is not committed."""
    source, warehouse, session = contracts.source(), contracts.warehouse(), LazySession(spark)
    for kind, log in ((DimensionFiles, lake.dimensions), (FactFiles, lake.facts)):
        run = new_run()
        files = kind(lake, session, run, source, warehouse)
        steps = iter([meanwhile])
        build_range = _followed(files.build, steps)
        ranges.build(lake.batches, log, build_range, run, contracts=warehouse)


def _followed(
    build_range: Callable[[PendingRange], RangeOutput], steps: Iterator[Step]
) -> Callable[[PendingRange], RangeOutput]:
    def followed(pending: PendingRange) -> RangeOutput:
        output = build_range(pending)
        next(steps, nothing)()
        return output

    return followed


def retry(lake: Lake, spark: SparkSession) -> int:
    return Retry(lake, lambda: spark, contracts.source(), contracts.warehouse()).run()


def test_ranges_and_a_rebuild_of_the_same_batches_have_the_same_rows(
    built: LakeBuilder, spark: SparkSession
) -> None:
    built.insert(sales_order=[VALID], staff=[row("staff", 1)])
    built.update(sales_order=[INVALID], staff=[row("staff", 1, first_name="Ana")])
    rebuilt = replace(built.lake, generation=2)
    build(built.lake, spark, meanwhile=lambda: build(rebuilt, spark))
    assert content(built.lake) == content(rebuilt)
    assert count_open(built.lake) == 1


def test_rows_that_a_retry_brings_back_while_a_range_is_built_come_back_once(
    built: LakeBuilder, spark: SparkSession, convert_british_dates: Step
) -> None:
    """One of them is superseded by a row of that range."""
    lake, after_it = built.lake, replace(built.lake, generation=2)
    built.insert(sales_order=[INVALID, {**INVALID, "sales_order_id": 2}])
    for each in (lake, after_it):
        build(each, spark)
    built.update(sales_order=[VALID])
    built.insert(sales_order=[row("sales_order", 3)])
    convert_british_dates()
    build(lake, spark, meanwhile=lambda: retry(lake, spark))
    build(after_it, spark)
    retry(after_it, spark)
    brought_back = rows(lake, [entry.tables for entry in lake.retries.after(0)], FACT)
    assert {dict(row)["sales_order_id"] for row in brought_back} == {1, 2}
    assert brought_back == rows(after_it, [e.tables for e in after_it.retries.after(0)], FACT)
    assert content(lake) == content(after_it)
    assert (count_open(lake), retry(lake, spark)) == (0, 0)


def test_value_that_a_range_writes_after_an_erasure_is_found_by_the_next_one(
    built: LakeBuilder, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The range has read its rows before the erasure."""
    built.insert(staff=[row("staff", 1, first_name="Zebediah")])
    built.update(staff=[row("staff", 1, first_name="erased")])
    meanwhile = list[Erased]()

    def written_late(*arguments: Any) -> Output:
        if not meanwhile:
            meanwhile.append(erase(built.directory, "staff", 1))
        return write(*arguments)

    monkeypatch.setattr(dimension_files, "write", written_late)
    build(built.lake, spark)
    assert [(bool(each.ingestion), each.processed) for each in meanwhile] == [(True, ())]
    [entry] = built.lake.dimensions.after(0)
    assert erase(built.directory, "staff", 1).processed == entry.tables["dim_staff"].files
    assert erase(built.directory, "staff", 1) == Erased((), (), 0)
