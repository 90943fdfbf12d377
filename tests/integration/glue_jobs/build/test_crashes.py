"""A build that dies in a range leaves files that no entry names, and the next build continues."""

from typing import Any

import pytest
from pyspark.sql import SparkSession

import contracts
from glue_jobs.build import dimension_files, fact_files
from glue_jobs.build.dimension_files import DimensionFiles
from glue_jobs.build.fact_files import FactFiles
from glue_jobs.build.ranges import Bounds, build
from glue_jobs.session import LazySession
from lake import Lake, RangeLog, new_run
from tests.crashes import killed
from tests.integration.glue_jobs.build.test_divisions import content
from tests.lake_builder import LakeBuilder, row

INVALID = {"agreed_payment_date": "soon"}
ONE_MORE = {"sales_order": [row("sales_order", 2)]}
TWO_BATCHES = Bounds(rows=6)
"""Each batch has three rows at least: a range has two of them."""


@pytest.fixture
def landed(built: LakeBuilder) -> LakeBuilder:
    """Return a lake with four batches."""
    land(built)
    return built


@pytest.fixture(scope="module")
def undisturbed(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the content of a lake whose builds, of four batches and of one more, were not
    killed."""
    built = LakeBuilder(tmp_path_factory.mktemp("undisturbed"))
    land(built)
    built.insert(**ONE_MORE)
    build_both(built.lake, spark)
    return content(built.lake)


def land(built: LakeBuilder) -> None:
    """Land four batches; the third one closes a row that the second quarantined."""
    for seq in range(1, 5):
        order = row("sales_order", 1, **(INVALID if seq == 2 else {}))
        currency = row("currency", 1, currency_code=f"C{seq}")
        built.update(sales_order=[order], currency=[currency], payment=[row("payment", seq)])


def build_both(lake: Lake, spark: SparkSession) -> None:
    """Build both logs, in ranges of two batches."""
    source, warehouse, session = contracts.source(), contracts.warehouse(), LazySession(spark)
    for kind, log in ((DimensionFiles, lake.dimensions), (FactFiles, lake.facts)):
        run = new_run()
        files = kind(lake, session, run, source, warehouse)
        build(lake.batches, log, files.build, run, contracts=warehouse, bounds=TWO_BATCHES)


@pytest.mark.parametrize(
    ("where", "after", "built_through"),
    [
        pytest.param((dimension_files, "write", 2), False, (0, 0), id="between dimensions"),
        pytest.param((fact_files, "write", 3), False, (4, 0), id="between facts"),
        pytest.param((fact_files, "count_by_batch", 1), True, (4, 0), id="before the entry"),
        pytest.param((RangeLog, "commit", 1), True, (2, 0), id="after the entry"),
        pytest.param((RangeLog, "commit", 4), False, (4, 2), id="in the second range"),
    ],
)
def test_build_that_is_killed_leaves_files_without_an_entry_and_the_next_one_builds_them_again(
    landed: LakeBuilder,
    spark: SparkSession,
    undisturbed: dict[str, Any],
    where: tuple[Any, str, int],
    after: bool,
    built_through: tuple[int, int],
) -> None:
    lake = landed.lake
    killed(lambda: build_both(lake, spark), *where, after=after)

    assert (lake.dimensions.last_batch(), lake.facts.last_batch()) == built_through
    left = orphans(lake)
    assert bool(left) == (where[1] != "commit" or not after)
    landed.insert(**ONE_MORE)  # the next build ends elsewhere
    build_both(lake, spark)
    assert left <= orphans(lake)  # and names none of the files that were left
    assert content(lake) == undisturbed


def orphans(lake: Lake) -> set[str]:
    """Return the files in *processed* that no entry of a build names."""
    named = {
        key
        for entry in (*lake.dimensions.after(0), *lake.facts.after(0))
        for outputs in (entry.tables, entry.quarantined, entry.tombstones, entry.open_after)
        for output in outputs.values()
        for key in output.files
    }
    stored = {item.key for item in lake.processed.under(f"g={lake.generation}/")}
    return {key for key in stored if key.endswith(".parquet")} - named
