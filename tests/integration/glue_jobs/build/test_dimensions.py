"""Dimensions are a function of the mirror; exactly the rows whose values changed are written."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from chispa import assert_df_equality
from msgspec.structs import replace
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

import contracts
from contracts import SourceTable
from contracts.spark import spark_schema
from glue_jobs import landed, session
from glue_jobs.build import histories
from glue_jobs.build_dimensions import main
from glue_jobs.errors import DamagedFile
from lake import mirror_map
from lake.entries import Output
from tests.integration.glue_jobs.conftest import PLACE, no_spark
from tests.lake_builder import BUCKET_BITS, LakeBuilder, row

Written = Callable[[Output, StructType], DataFrame]
Frame = Callable[..., DataFrame]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = ["January", "February", "March", "April", "May", "June", "July"]
MONTHS += ["August", "September", "October", "November", "December"]
BEYOND = 1 << BUCKET_BITS  # the first key of the second bucket


def department(**values: Any) -> dict[str, Any]:
    return row("department", 1, department_name="Sales", **values)


def address(key: int = 1, **values: Any) -> dict[str, Any]:
    return row("address", key, city="Leeds", postal_code="08841", phone="0730 783349", **values)


def counterparty(key: int = 1, legal_address_id: int = 1) -> dict[str, Any]:
    return row("counterparty", key, legal_address_id=legal_address_id)


def design(key: int, name: str) -> dict[str, Any]:
    return row("design", key, design_name=name)


@pytest.fixture(params=[histories.FEW_ROWS, 0], ids=["one task", "shuffles"])
def few_rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Join in one task, or with shuffles: with 0, no frame is small."""
    monkeypatch.setattr(histories, "FEW_ROWS", request.param)


@pytest.fixture
def changed(
    spark: SparkSession, built: LakeBuilder, written: Written
) -> Callable[[], dict[str, DataFrame]]:
    """Return a function that runs the job and reads the tables of the last batch."""

    def changed() -> dict[str, DataFrame]:
        main(built.by_batch, spark)
        entry = built.lake.dimensions.head()
        assert entry is not None
        frames = {
            name: written(output, spark_schema(contracts.warehouse().tables[name]))
            for name, output in entry.tables.items()
        }
        assert {name: frame.count() for name, frame in frames.items()} == {
            name: output.rows for name, output in entry.tables.items()
        }
        place = (entry.seq, built.lake.batches.entry(entry.seq).observed_at)
        assert all(set(frame.select(*PLACE).collect()) <= {place} for frame in frames.values())
        return {name: frame.drop(*PLACE) for name, frame in frames.items()}

    return changed


Changed = Callable[[], dict[str, DataFrame]]


def assert_same(given: DataFrame, expected: DataFrame) -> None:
    assert_df_equality(
        given, expected, ignore_row_order=True, ignore_nullable=True, ignore_metadata=True
    )


@pytest.mark.usefixtures("few_rows")
def test_first_batch_writes_every_row(built: LakeBuilder, changed: Changed, frame: Frame):
    built.insert(
        department=[department(location=None)],
        staff=[row("staff", 1, first_name="Siân", last_name="O'Keefe")],
        address=[address(1, address_line_2=None, district=""), address(2, district=None)],
        counterparty=[counterparty(legal_address_id=2)],
        currency=[
            row("currency", 1, currency_code="GBP"),
            row("currency", 2, currency_code="XQQ"),
        ],
        design=[design(1, "Wooden"), design(BEYOND, "Steel")],
        transaction=[row("transaction", 1)],
    )
    tables = changed()

    texts = "text", "text", "", "Leeds", "08841", "text", "0730 783349"
    assert_same(
        tables["dim_staff"],
        frame("dim_staff", (1, "Siân", "O'Keefe", "Sales", "Unknown", "text")),
    )
    assert_same(
        tables["dim_location"],
        frame("dim_location", (1, "text", None, *texts[2:]), (2, *texts[:2], None, *texts[3:])),
    )
    assert_same(
        tables["dim_counterparty"],
        frame("dim_counterparty", (1, "text", *texts[:2], None, *texts[3:])),
    )
    assert_same(
        tables["dim_currency"],
        frame("dim_currency", (1, "GBP", "Pound Sterling"), (2, "XQQ", "XQQ")),
    )
    assert_same(
        tables["dim_design"],
        frame("dim_design", (1, "Wooden", "text", "text"), (BEYOND, "Steel", "text", "text")),
    )


@pytest.mark.usefixtures("few_rows")
def test_changed_department_changes_the_staff_of_that_department_only(
    built: LakeBuilder, changed: Changed
):
    elsewhere = row("department", 2)
    staff = [row("staff", 1), row("staff", 2, department_id=2), row("staff", 3)]
    built.insert(department=[department(), elsewhere], staff=staff)
    built.update(department=[department(location="Leeds")])
    tables = changed()

    rows = tables["dim_staff"].select("staff_id", "location").sort("staff_id").collect()
    assert list(tables) == ["dim_staff"]
    assert [tuple(r) for r in rows] == [(1, "Leeds"), (3, "Leeds")]


@pytest.fixture
def small_results(spark: SparkSession) -> Iterator[None]:
    """Let Spark refuse to return more than 64 kB to this process."""
    conf, name = cast(Any, spark)._jsc.sc().conf(), "spark.driver.maxResultSize"
    conf.set(name, "64k")
    yield
    conf.remove(name)


@pytest.mark.usefixtures("small_results")
def test_rows_of_a_changed_lookup_are_written_without_passing_through_this_process(
    built: LakeBuilder, changed: Changed, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(session, "FEW_ROWS", 1_000)
    built.insert(department=[department()], staff=[row("staff", n) for n in range(2_000)])
    built.update(department=[department(location="Leeds")])

    assert changed()["dim_staff"].where("location = 'Leeds'").count() == 2_000


def test_changed_address_changes_locations_and_counterparties(built: LakeBuilder, changed: Changed):
    built.insert(address=[address(1), address(2)], counterparty=[counterparty(7, 2)])
    built.update(address=[address(2, district="West")])
    tables = changed()

    assert [r.location_id for r in tables["dim_location"].collect()] == [2]
    assert [r.counterparty_legal_district for r in tables["dim_counterparty"].collect()] == ["West"]


@pytest.mark.usefixtures("few_rows")
def test_null_empty_text_and_text_are_different_values(built: LakeBuilder, changed: Changed):
    steps = [(None, "x"), ("x", None), (None, ""), ("", None), ("x", "y"), (None, None), ("", "")]
    built.insert(address=[address(n, district=old) for n, (old, _) in enumerate(steps)])
    built.update(address=[address(n, district=new) for n, (_, new) in enumerate(steps)])

    rows = changed()["dim_location"].select("location_id", "district").collect()
    different = {n: new for n, (old, new) in enumerate(steps) if old != new}
    assert dict(map(tuple, rows)) == different


@pytest.mark.usefixtures("few_rows")
def test_change_of_a_column_outside_the_dimension_writes_nothing(
    built: LakeBuilder, changed: Changed
):
    built.insert(department=[department(location=None)], staff=[row("staff", 1)])
    built.update(
        department=[department(location=None, manager="Another manager")],
        staff=[row("staff", 1, created_at=None)],
    )

    assert changed() == {}


@pytest.mark.usefixtures("few_rows")
def test_deleted_row_writes_nothing(built: LakeBuilder, changed: Changed):
    built.insert(design=[design(1, "a"), design(2, "b")])
    built.batch({"design": [("D", design(1, "a"))]})

    assert changed() == {}


def test_deletion_of_the_last_row_writes_nothing(built: LakeBuilder, changed: Changed):
    built.insert(design=[design(1, "a")])
    built.batch({"design": [("D", design(1, "a"))]})
    assert changed() == {}

    built.insert(design=[design(1, "again")])
    assert [r.design_name for r in changed()["dim_design"].collect()] == ["again"]


@pytest.mark.usefixtures("few_rows")
def test_lookup_without_a_row_is_unknown_in_not_null_columns(built: LakeBuilder, changed: Changed):
    built.insert(staff=[row("staff", 1, department_id=99)], counterparty=[counterparty(1, 99)])
    tables = changed()

    (staff,) = tables["dim_staff"].collect()
    (partner,) = tables["dim_counterparty"].collect()
    assert (staff.department_name, staff.location) == ("Unknown", "Unknown")
    assert (partner.counterparty_legal_city, partner.counterparty_legal_district) == (
        "Unknown",
        None,
    )


def transaction(key: int, **values: Any) -> dict[str, Any]:
    defaults = {"transaction_type": "SALE", "sales_order_id": key, "purchase_order_id": None}
    return row("transaction", key, **{**defaults, **values})


def test_incremental_dimension_writes_inserted_and_updated_rows_and_no_deletions(
    built: LakeBuilder, changed: Changed, frame: Frame
):
    built.insert(transaction=[transaction(1), transaction(2), transaction(3)])
    assert changed()["dim_transaction"].count() == 3
    built.batch({
        "transaction": [
            ("U", transaction(1, sales_order_id=None)),
            ("D", transaction(2)),
            ("I", transaction(4, transaction_type="PURCHASE", sales_order_id=None,
                              purchase_order_id=9)),
        ]
    })  # fmt: skip

    assert_same(
        changed()["dim_transaction"],
        frame("dim_transaction", (1, "SALE", None, None), (4, "PURCHASE", None, 9)),
    )


def test_incremental_dimension_reads_no_mirror(built: LakeBuilder, changed: Changed):
    built.insert(transaction=[transaction(1)])
    built.update(transaction=[transaction(1, sales_order_id=None)])
    for bucket in (built.directory / "ingestion" / "_mirror").rglob("*.parquet"):
        bucket.unlink()

    assert [r.sales_order_id for r in changed()["dim_transaction"].collect()] == [None]


def test_deletions_alone_write_nothing_and_start_no_spark(spark: SparkSession, built: LakeBuilder):
    built.insert(transaction=[transaction(1)])
    main(built.by_batch, spark)
    built.batch({"transaction": [("D", transaction(1))]})
    main(built.by_batch, no_spark)

    assert built.lake.dimensions.entry(2).tables == {}


def test_batch_file_with_missing_rows_of_a_dimension_is_refused(
    spark: SparkSession, built: LakeBuilder
):
    batch = built.insert(transaction=[transaction(1)])
    table = batch.tables["transaction"]
    invalid = replace(batch, seq=2, run="other", tables={"transaction": replace(table, updated=1)})
    built.lake.batches.commit(invalid)

    with pytest.raises(
        DamagedFile, match=r"\(inserts and updates\) contains 1 rows, and the log records 2"
    ):
        main(built.by_batch, spark)

    assert built.lake.dimensions.last_batch() == 1


def test_unchanged_buckets_are_not_read(built: LakeBuilder, changed: Changed):
    built.insert(design=[design(1, "a"), design(BEYOND, "b")])
    changed()
    untouched = Path(built.directory / "ingestion" / built.buckets["design"][0].key)
    untouched.unlink()
    built.update(design=[design(BEYOND, "c")])

    assert [r.design_name for r in changed()["dim_design"].collect()] == ["c"]


def test_map_in_pages_of_which_unchanged_ones_are_not_read_and_expired_ones_are_replayed(
    built: LakeBuilder, changed: Changed, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mirror_map, "INLINE", 0)
    monkeypatch.setattr(mirror_map, "SHIFT", 0)
    built.insert(design=[design(1, "a"), design(BEYOND, "b")], address=[address(1)],
                 counterparty=[counterparty(1)])  # fmt: skip
    changed()
    mirrors = built.directory / "ingestion" / "_mirror"
    built.update(design=[design(BEYOND, "c")])
    (unchanged,) = mirrors.glob("design/page=0/*")
    unchanged.rename(mirrors / "renamed")
    assert [r.design_name for r in changed()["dim_design"].collect()] == ["c"]

    (mirrors / "renamed").rename(unchanged)
    built.update(design=[design(BEYOND, "d")], address=[{**address(), "city": "York"}])
    for page in mirrors.glob("*/page=*/*"):
        page.unlink()
    tables = changed()
    assert [r.design_name for r in tables["dim_design"].collect()] == ["d"]
    assert [r.counterparty_legal_city for r in tables["dim_counterparty"].collect()] == ["York"]


def test_each_batch_is_compared_with_the_one_before_it(spark: SparkSession, built: LakeBuilder):
    built.insert(design=[design(1, "a")])
    built.update(design=[design(1, "b")])
    built.insert(design=[design(2, "c")])
    main(built.by_batch, spark)

    rows = [entry.tables["dim_design"].rows for entry in built.lake.dimensions.after(0)]
    assert rows == [1, 1, 1]


def test_batch_of_other_tables_gets_an_entry_and_starts_no_spark(
    spark: SparkSession, built: LakeBuilder
):
    built.insert(design=[design(1, "a")])
    main(built.by_batch, spark)
    built.insert(sales_order=[row("sales_order", 1)])
    main(built.by_batch, no_spark)
    main(built.by_batch, no_spark)

    assert [entry.seq for entry in built.lake.dimensions.after(0)] == [1, 2]
    assert built.lake.dimensions.entry(2).tables == {}


@pytest.fixture
def french(spark: SparkSession) -> Iterator[None]:
    """Set the locale of the JVM to France."""
    jvm: Any = spark._jvm
    locale = jvm.java.util.Locale
    before = locale.getDefault()
    locale.setDefault(locale.FRANCE)
    yield
    locale.setDefault(before)


@pytest.mark.usefixtures("french")
def test_first_batch_writes_every_day_of_the_calendar_with_english_names(
    built: LakeBuilder, changed: Changed
):
    built.insert(design=[design(1, "a")])
    days = {r.date_id: r for r in changed()["dim_date"].drop("change_seq", "changed_at").collect()}

    calendar = contracts.warehouse().calendars[0]
    assert (min(days), max(days)) == (calendar.first, calendar.last)
    assert len(days) == (calendar.last - calendar.first).days + 1
    assert all(days[day] == day_row(day) for day in days)


def day_row(day: date) -> tuple[Any, ...]:
    weekday, quarter = day.isoweekday(), (day.month + 2) // 3
    parts = day.year, day.month, day.day, weekday
    return (day, *parts, DAYS[weekday - 1], MONTHS[day.month - 1], quarter)


def test_calendar_is_written_once(built: LakeBuilder, changed: Changed):
    built.insert(design=[design(1, "a")])
    built.insert(design=[design(2, "b")])

    assert "dim_date" not in changed()


def test_session_is_set_for_the_rows_of_a_table_before_they_are_read(
    spark: SparkSession, built: LakeBuilder, monkeypatch: pytest.MonkeyPatch
):
    where, threshold = dict[str, str](), "spark.sql.execution.arrow.localRelationThreshold"

    def noted(opened: SparkSession, rows: pa.Table, table: SourceTable) -> DataFrame:
        where[table.name] = str(opened.conf.get(threshold))
        return to_spark(opened, rows, table)

    to_spark = landed._to_spark
    monkeypatch.setattr(landed, "_to_spark", noted)
    monkeypatch.setattr(session, "FEW_ROWS", 1)
    assert not session.compile_if_many(spark, 0)  # as a range with few rows leaves it
    built.insert(
        design=[design(1, "Steel"), design(2, "Wood")], transaction=[row("transaction", 1)]
    )
    main(built.by_batch, spark)
    assert where == {"design": "0", "transaction": "8m"}
