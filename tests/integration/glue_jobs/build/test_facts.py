"""Every observed change of a source row is one version of the fact, or is quarantined."""

import json
import tomllib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from chispa import assert_df_equality
from msgspec.structs import replace
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

import contracts
from contracts.spark import batch_schema, spark_schema
from glue_jobs.build import fact_files
from glue_jobs.build_facts import main
from glue_jobs.errors import DamagedFile
from glue_jobs.session import is_glue
from lake.entries import Changes, Output
from lake.quarantine import count_open, quarantine
from tests.integration.glue_jobs.conftest import no_spark
from tests.lake_builder import START, LakeBuilder, row

CASES: dict[str, dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "cases" / "sales_order.toml").read_text(encoding="utf-8")
)
FACT = "fact_sales_order"
SCHEMA = spark_schema(contracts.warehouse().tables[FACT])
Written = Callable[[Output, StructType], DataFrame]


def order(key: int = 1, **values: Any) -> dict[str, Any]:
    return row("sales_order", key, **values)


@pytest.fixture(scope="module")
def outcomes(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Mapping[str, Any]]:
    """Build all cases as one batch, and return by case its version, quarantined row or
    tombstone."""
    built = LakeBuilder(tmp_path_factory.mktemp("cases"))
    built.batch({"sales_order": [given(key, case) for key, case in enumerate(CASES.values())]})
    main(built.by_batch, spark)
    entry = built.lake.facts.entry(1)
    outputs = entry.tables[FACT], entry.quarantined["sales_order"], entry.tombstones[FACT]
    rows = [
        row.asDict()
        for output in outputs
        for row in spark.read.parquet(*map(built.lake.processed.uri, output.files)).collect()
    ]
    assert len(rows) == len(CASES) == sum(output.rows for output in outputs)
    return {list(CASES)[row["sales_order_id"]]: row for row in rows}


def given(key: int, case: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    values = {**case.get("given", {}), **dict.fromkeys(case.get("null", []))}
    if "unit_price" in case.get("given", {}):
        values["unit_price"] = Decimal(case["given"]["unit_price"])
    if "unfit" in case:
        values["_unfit"] = json.dumps(case["unfit"])
    return case.get("op", "U"), order(key, **values)


@pytest.mark.parametrize("name", CASES)
def test_changed_row_becomes_a_version_or_a_quarantined_row(
    outcomes: dict[str, Mapping[str, Any]], name: str
):
    case, outcome = CASES[name], outcomes[name]

    assert outcome.get("reasons", "") == case.get("reasons", "")
    for column, value in case.get("expect", {}).items():
        expected = Decimal(value) if column == "unit_price" else value
        assert outcome[column] == expected, column


def test_versions_have_the_columns_of_the_contract_and_the_observation_of_their_batch(
    spark: SparkSession, built: LakeBuilder, written: Written, frame: Callable[..., DataFrame]
):
    built.insert(sales_order=[order(1)])
    built.batch({"sales_order": [("U", order(1, unit_price=Decimal("0.10"))), ("I", order(2))]})
    main(built.by_batch, spark)

    minutes = [START + timedelta(minutes=n) for n in (1, 2)]
    assert_df_equality(
        written(built.lake.facts.entry(2).tables[FACT], SCHEMA),
        frame(
            FACT,
            version(1, unit_price=Decimal("0.10"), observed_at=minutes[1], batch_seq=2),
            version(2, observed_at=minutes[1], batch_seq=2),
        ),
        ignore_row_order=True,
        ignore_nullable=True,
        ignore_metadata=True,
    )
    assert_df_equality(
        written(built.lake.facts.entry(1).tables[FACT], SCHEMA),
        frame(FACT, version(1, observed_at=minutes[0], batch_seq=1)),
        ignore_nullable=True,
        ignore_metadata=True,
    )


def version(key: int, **values: Any) -> tuple[Any, ...]:
    defaults = {
        "created_date": date(2024, 11, 14),
        "created_time": "08:30:15.123000",
        "last_updated_date": date(2024, 11, 14),
        "last_updated_time": "08:30:15.123000",
        "unit_price": Decimal("9.99"),
        "agreed_payment_date": date(2024, 11, 18),
        "agreed_delivery_date": date(2024, 11, 20),
        "is_deleted": False,
        "change_seq": 0,
        "changed_at": None,
    }
    row = {**defaults, **values, "sales_order_id": key}
    fact = contracts.warehouse().tables[FACT]
    return tuple(row.get(name, 1) for name in fact.column_names)


def test_each_pending_batch_gets_one_entry_oldest_first(spark: SparkSession, built: LakeBuilder):
    for price in (1, 2, 3):
        built.insert(sales_order=[order(price)])
    main(built.by_batch, spark)

    entries = list(built.lake.facts.after(0))
    assert [(entry.seq, entry.tables[FACT].rows) for entry in entries] == [(1, 1), (2, 1), (3, 1)]
    assert len({entry.run for entry in entries}) == 1


def test_second_run_changes_nothing_and_starts_no_spark(spark: SparkSession, built: LakeBuilder):
    built.insert(sales_order=[order()])
    main(built.by_batch, spark)
    before = built.lake.processed.under("g=1/")

    main(built.by_batch, no_spark)

    assert built.lake.processed.under("g=1/") == before


def test_batch_without_rows_of_a_fact_gets_an_entry_and_starts_no_spark(built: LakeBuilder):
    built.insert(staff=[row("staff", 1)])
    built.insert(sales_order=[])

    main(built.by_batch, no_spark)

    assert [(entry.seq, entry.tables) for entry in built.lake.facts.after(0)] == [(1, {}), (2, {})]


def test_quarantined_row_keeps_its_landed_values_and_delays_no_other_row(
    spark: SparkSession, built: LakeBuilder, written: Written
):
    bad = order(1, agreed_payment_date="soon", _unfit=None)
    built.insert(sales_order=[bad, order(2)])
    built.insert(sales_order=[order(3)])
    main(built.by_batch, spark)

    entry = built.lake.facts.entry(1)
    landed = batch_schema(contracts.source().tables["sales_order"])
    rows = written(entry.quarantined["sales_order"], landed.add("reasons", "string"))
    assert entry.tables[FACT].rows == entry.quarantined["sales_order"].rows == 1
    observed = {"op": "I", "batch_seq": 1, "observed_at": datetime(2024, 11, 15, 9, 1),
                "change_seq": 0, "changed_at": None}  # fmt: skip
    reasons = 'agreed_payment_date "soon" is not a date (YYYY-MM-DD)'
    assert [r.asDict() for r in rows.collect()] == [{**bad, **observed, "reasons": reasons}]
    assert built.lake.facts.entry(2).tables[FACT].rows == 1


def test_open_quarantined_rows_add_up_over_batches_and_runs(
    spark: SparkSession, built: LakeBuilder
):
    built.insert(sales_order=[order(1, agreed_payment_date="soon")])
    built.insert(sales_order=[order(2)])
    main(built.by_batch, spark)
    built.insert(sales_order=[order(3, agreed_payment_date="a"), order(4, agreed_payment_date="b")])
    main(built.by_batch, spark)

    entries = list(built.lake.facts.after(0))
    assert [entry.open_quarantined for entry in entries] == [1, 1, 3]
    assert [list(entry.tables) for entry in entries] == [[], [FACT], []]


def test_deletion_with_invalid_values_is_a_tombstone_and_never_quarantined(
    spark: SparkSession, built: LakeBuilder, written: Written
):
    built.insert(sales_order=[order(1), order(2, agreed_payment_date="soon")])
    bad = order(1, agreed_payment_date="soon")
    deleted = [("D", bad), ("D", order(2, agreed_payment_date="soon"))]
    batch = built.batch({"sales_order": deleted})
    main(built.by_batch, spark)

    entry = built.lake.facts.entry(2)
    assert (entry.tables, entry.quarantined) == ({}, {})
    rows = written(entry.tombstones[FACT], SCHEMA).select(
        "sales_order_id", "observed_at", "batch_seq"
    )
    assert sorted(rows.collect()) == [(key, batch.observed_at, 2) for key in (1, 2)]


@pytest.fixture(scope="module")
def three_open(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> LakeBuilder:
    """Return a lake with three open rows: two of one key, and one of another."""
    built = LakeBuilder(tmp_path_factory.mktemp("open"))
    built.insert(sales_order=[order(1, agreed_payment_date="soon"), order(2)])
    built.update(sales_order=[order(2)])
    bad = [order(1, agreed_payment_date="later"), order(3, agreed_payment_date="soon")]
    built.update(sales_order=bad)
    main(built.by_batch, spark)
    return built


@pytest.mark.parametrize("op", ["U", "D"])
@pytest.mark.parametrize("date", ["2024-11-18", "never"])
def test_quarantined_row_is_open_until_its_key_gets_a_version_or_a_tombstone(
    spark: SparkSession, three_open: LakeBuilder, tmp_path: Path, op: str, date: str
):
    built, later = three_open.copy(tmp_path / "copy"), order(1, agreed_payment_date=date)
    built.batch({"sales_order": [(op, later), ("I", order(4, agreed_payment_date="soon"))]})
    built.update(sales_order=[order(2)])
    built.update(sales_order=[order(3)])
    built.update(sales_order=[order(4)])
    counts = []
    for _ in range(2):
        main(built.by_batch, spark)
        counts = [entry.open_quarantined for entry in built.lake.facts.after(0)]

    is_bad = (op, date) == ("U", "never")
    assert counts == ([1, 1, 3, 5, 5, 4, 3] if is_bad else [1, 1, 3, 2, 2, 1, 0])
    assert count_open(built.lake) == quarantine(built.lake).rows == counts[-1]
    assert sum(output.rows for output in quarantine(built.lake).tables.values()) == 4 + is_bad


def test_quarantine_is_not_read_while_no_row_is_open(
    spark: SparkSession, built: LakeBuilder, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise AssertionError("the quarantine was read")

    built.insert(sales_order=[order(1, agreed_payment_date="soon")])
    built.update(sales_order=[order(1)])
    main(built.by_batch, spark)
    monkeypatch.setattr(fact_files, "open_rows", fail)
    built.update(sales_order=[order(1)])
    main(built.by_batch, spark)
    assert built.lake.facts.last_batch() == 3


def test_unfit_value_of_a_column_outside_the_fact_is_ignored(
    spark: SparkSession, built: LakeBuilder
):
    built.insert(sales_order=[order(1, _unfit='{"not_in_the_fact": "NaN"}')])
    main(built.by_batch, spark)

    assert built.lake.facts.entry(1).quarantined == {}


def test_two_concurrent_runs_commit_every_batch_once(spark: SparkSession, built: LakeBuilder):
    for key in (1, 2, 3):
        built.insert(sales_order=[order(key)])
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: main(built.by_batch, spark), range(2)))

    assert [entry.seq for entry in built.lake.facts.after(0)] == [1, 2, 3]
    rows = [entry.tables[FACT].rows for entry in built.lake.facts.after(0)]
    assert rows == [1, 1, 1]


def test_another_generation_does_not_change_the_first(spark: SparkSession, built: LakeBuilder):
    built.insert(sales_order=[order()])
    main(built.by_batch, spark)
    first = built.lake.processed.under("g=1/")

    main([*built.by_batch, "--generation", "2"], spark)

    assert built.lake.processed.under("g=1/") == first
    assert built.lake.processed.newest("g=2/_log/facts/")


def test_files_have_the_schema_of_the_contract_and_no_other_file_is_written(
    spark: SparkSession, built: LakeBuilder
):
    built.insert(sales_order=[order()])
    main(built.by_batch, spark)

    (key,) = built.lake.facts.entry(1).tables[FACT].files
    folder = built.directory / "processed" / Path(key).parent
    assert [path.name for path in folder.iterdir()] == [Path(key).name]
    schema = pq.read_schema(folder / Path(key).name)
    assert schema.names == SCHEMA.names
    assert str(schema.field("observed_at").type) == "timestamp[us]"
    assert str(schema.field("unit_price").type) == "decimal128(10, 2)"


def test_batch_file_with_missing_rows_is_refused(spark: SparkSession, built: LakeBuilder):
    batch = built.insert(sales_order=[order()])
    table = batch.tables["sales_order"]
    claimed = Changes(replace(table.file, rows=2), 2, 0, 0)
    invalid = replace(batch, seq=2, run="other", tables={"sales_order": claimed})
    built.lake.batches.commit(invalid)

    with pytest.raises(
        DamagedFile, match=r"contains 1 rows, and the log records 2\. To fix: restore"
    ):
        main(built.by_batch, spark)

    assert built.lake.facts.last_batch() == 1


def test_jvm_without_the_classes_of_glue_is_not_glue(spark: SparkSession):
    assert not is_glue(spark)
