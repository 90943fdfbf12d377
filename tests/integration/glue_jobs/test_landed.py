"""Landed files have the same rows, whether this process or Spark reads them."""

import io
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from contracts import Column, SourceTable, Type
from contracts.arrow import batch_schema
from contracts.observation import ADDED
from contracts.spark import FIELD_ID
from contracts.spark import batch_schema as spark_schema
from glue_jobs import landed
from glue_jobs.errors import BuildFailed, DamagedFile, MissingFile
from glue_jobs.landed import LandedFiles
from glue_jobs.parquet import write
from glue_jobs.session import LazySession, compile_if_many
from lake import Lake
from lake.entries import File
from lake.landing import land, put_own
from lake.local import open_local_lake
from lake.store import Store

KINDS = ("text", "int", "bigint", "boolean", "timestamp", "date")
TABLE = SourceTable(
    "Everything",
    "A column of each type.",
    "key",
    (
        Column("key", Type("int"), False, "The key."),
        *(Column(kind, Type.parse(kind), True, "A value.") for kind in KINDS),
        Column("money", Type("numeric", 10, 2), True, "A value."),
        Column("most", Type("numeric", 38, 18), True, "A value."),
    ),
)
FAR = {
    "text": "tab\tline\nquote\"' \\N \\. é 😀 \u2028",
    "int": -(2**31),
    "bigint": 2**63 - 1,
    "boolean": False,
    "money": Decimal("-99999999.99"),
    "most": Decimal("99999999999999999999.999999999999999999"),
}
ROWS: list[dict[str, Any]] = [
    {},  # NULL in each column
    {**FAR, "timestamp": pa.scalar(-(2**63) + 1, pa.timestamp("us")), "date": -2_000_000},
    {**FAR, "timestamp": pa.scalar(2**63 - 1, pa.timestamp("us")), "date": 2**31 - 1},
    {"text": "", "money": Decimal("0.00"), "timestamp": datetime(1582, 10, 9, 0, 0, 0, 1)},
    {"text": " ", "boolean": True, "timestamp": datetime(1, 1, 1), "date": -719_162},
]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return an empty lake."""
    return open_local_lake(tmp_path)


@pytest.fixture
def store(lake: Lake) -> Store:
    """Return its store of landed files."""
    return lake.ingestion


def read_landed(lake: Lake, spark: SparkSession, files: list[File]) -> DataFrame:
    """Return the rows of the files, as a build reads them."""
    by_batch = dict(enumerate(files, start=1))
    return LandedFiles(lake, LazySession(spark)).read(TABLE, by_batch)


def put(store: Store, number: int, schema: pa.Schema) -> File:
    """Put all rows into a file with these columns, and return it."""
    place = {"op": "I", "batch_seq": number, "observed_at": datetime(2024, 11, 15, 9, 0, 0, 7)}
    rows = [
        {**place, "change_seq": 1, **row, "key": key, "_unfit": None}
        for key, row in enumerate(ROWS)
    ]
    arrays = [
        pa.array([pa.scalar(row.get(f.name), f.type) for row in rows], f.type) for f in schema
    ]
    body = io.BytesIO()
    pq.write_table(pa.table(arrays, schema), body, compression="zstd")
    return land(store, f"batch={number}.parquet", body, len(rows))


def written(lake: Lake, rows: DataFrame, folder: str, by_executors: bool) -> pa.Table:
    """Return the rows as a build writes them."""
    store = lake.ingestion
    rows = rows.withColumn("change_seq", F.expr("coalesce(change_seq, 0)"))  # is never NULL
    output = write(rows, store, folder, spark_schema(TABLE), by_executors)
    tables = [pq.read_table(io.BytesIO(store.get(key))) for key in output.files]
    table = pa.concat_tables(tables).replace_schema_metadata(None)
    assert table.num_rows == output.rows
    return table.sort_by([("batch_seq", "ascending"), ("key", "ascending")])


def parquet_schema(lake: Lake, folder: str) -> list[tuple[str, int, str, str, int]]:
    """Return the columns of a file in a folder, with their field ids, as Parquet describes them."""
    [key, *_] = [file.key for file in lake.ingestion.under(folder)]
    file = pq.ParquetFile(io.BytesIO(lake.ingestion.get(key)))
    ids = [int(field.metadata[b"PARQUET:field_id"]) for field in file.schema_arrow]
    columns = [file.schema.column(place) for place in range(len(file.schema))]
    return [
        (c.name, number, c.physical_type, str(c.logical_type), c.max_definition_level)
        for c, number in zip(columns, ids, strict=True)
    ]


def test_both_readers_and_writers_keep_the_values_of_every_type(
    lake: Lake, store: Store, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
):
    schema = batch_schema(TABLE)
    added = {"money", *(column.name for column in ADDED)}
    earlier = pa.schema([field for field in schema if field.name not in added])
    files = [put(store, 1, earlier), put(store, 2, schema), put(store, 3, schema)]
    assert not compile_if_many(spark, 0)
    here = read_landed(lake, spark, files)
    rows = written(lake, here, "here/", by_executors=False)
    assert compile_if_many(spark, 1_000_000)
    with monkeypatch.context() as small:
        small.setattr(landed, "PART_ROWS", 4)
        parts = read_landed(lake, spark, files)
        assert parts.rdd.getNumPartitions() == 4
        assert written(lake, parts, "parts/", by_executors=True).equals(rows, check_metadata=True)
        assert not parts.inputFiles()
    for limit in ("SMALL_BYTES", "LARGE_BYTES"):
        with monkeypatch.context() as large:
            large.setattr(landed, limit, 0)
            by_spark = read_landed(lake, spark, files)
            assert len(by_spark.inputFiles()) == len(files)
            assert written(lake, by_spark, limit + "/", True).equals(rows, check_metadata=True)
            assert here.schema.simpleString() == by_spark.schema.simpleString()
            assert parquet_schema(lake, "here/") == parquet_schema(lake, limit + "/")
    assert rows.num_rows == len(files) * len(ROWS)
    expected = [file_rows(store, file, schema) for file in files[1:]]
    assert rows.slice(len(ROWS)).cast(expected[0].schema).equals(pa.concat_tables(expected))
    assert rows.slice(0, len(ROWS))["change_seq"].to_pylist() == [0] * len(ROWS)
    assert rows.slice(0, len(ROWS))["money"].null_count == len(ROWS)


def test_executors_write_a_result_that_spark_does_not_return(lake: Lake, spark: SparkSession):
    """Its rows can take many times the space of their landed files."""
    settings: Any = spark.sparkContext._jsc.sc().conf()
    schema = StructType([StructField("text", StringType(), metadata={FIELD_ID: 1})])
    rows = spark.range(20_000, numPartitions=1).selectExpr("repeat(cast(id as string), 40) text")
    settings.set("spark.driver.maxResultSize", "1m")
    try:
        output = write(rows, lake.ingestion, "large/", schema, by_executors=False)
    finally:
        settings.remove("spark.driver.maxResultSize")
    assert output.rows == 20_000
    assert [key.startswith("large/part-00000-") for key in output.files] == [True]


def file_rows(store: Store, file: File, schema: pa.Schema) -> pa.Table:
    """Return the rows as they landed, all columns nullable, as Spark writes them."""
    nullable = pa.schema([field.with_nullable(True).remove_metadata() for field in schema])
    table = pq.read_table(io.BytesIO(store.get(file.key)))
    return pa.table(table.columns, nullable)


def test_missing_and_damaged_files_are_named(lake: Lake, store: Store, spark: SparkSession):
    known = put(store, 1, batch_schema(TABLE))
    with pytest.raises(MissingFile, match=r"batch=2\.parquet is named in the log and does not"):
        read_landed(lake, spark, [known, replace(known, key="batch=2.parquet")])
    put_own(store, "batch=3.parquet", io.BytesIO(b"PAR1"))
    with pytest.raises(BuildFailed, match=r"batch=3\.parquet cannot be read: .* To fix: restore"):
        read_landed(lake, spark, [known, replace(known, key="batch=3.parquet")])


def test_damaged_file_that_spark_reads_is_an_error_with_a_remedy(
    lake: Lake, store: Store, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(landed, "SMALL_BYTES", 0)
    known = put(store, 1, batch_schema(TABLE))
    put_own(store, "batch=2.parquet", io.BytesIO(b"PAR1"))
    with pytest.raises(BuildFailed, match=r"batch=2\.parquet is not a Parquet file.* To fix: rest"):
        read_landed(lake, spark, [known, replace(known, key="batch=2.parquet")])


@pytest.mark.parametrize("small", [landed.SMALL_BYTES, 0], ids=["process", "Spark"])
def test_file_with_more_rows_than_the_log_records_is_refused(
    lake: Lake, store: Store, spark: SparkSession, monkeypatch: pytest.MonkeyPatch, small: int
):
    """Its surplus could be invalid, and as many versions as the log records rows would seem all."""
    monkeypatch.setattr(landed, "SMALL_BYTES", small)
    file = put(store, 1, batch_schema(TABLE))
    with pytest.raises(DamagedFile, match="contains 5 rows, and the log records 4"):
        read_landed(lake, spark, [replace(file, rows=4)])
