"""A lake for each test, and the files that the jobs wrote to it as DataFrames."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

import contracts
from contracts.spark import spark_schema
from glue_jobs.parquet import read
from lake.entries import Output
from tests.lake_builder import LakeBuilder

PLACE = ("batch_seq", "observed_at")
SPECIAL = "a [lake] of {50} %3D"


@pytest.fixture
def built(tmp_path: Path) -> LakeBuilder:
    """Return a lake in a directory whose name has special characters of Hadoop."""
    return LakeBuilder(tmp_path / SPECIAL)


@pytest.fixture
def written(spark: SparkSession, built: LakeBuilder) -> Callable[[Output, StructType], DataFrame]:
    """Return a function that reads the files of an output."""

    def written(output: Output, schema: StructType) -> DataFrame:
        return read(lambda: spark, built.lake.processed, output.files, schema)

    return written


@pytest.fixture
def frame(spark: SparkSession) -> Callable[..., DataFrame]:
    """Return a function that makes a DataFrame with the schema of a warehouse table, without the
    place of a dimension's row in the log."""

    def frame(table: str, *rows: tuple[Any, ...]) -> DataFrame:
        of = contracts.warehouse().tables[table]
        schema = spark_schema(of)
        if not isinstance(of, contracts.Fact):
            schema = StructType([field for field in schema if field.name not in PLACE])
        unknown = (0, None)  # the order and time of a change in a row of a dimension
        full = [(*row, *unknown[: len(schema) - len(row)]) for row in rows]
        return create_frame(spark, full, schema)

    return frame


def create_frame(
    spark: SparkSession, rows: Iterable[tuple[Any, ...]], schema: StructType
) -> DataFrame:
    """Return a DataFrame of literals. For a list of rows Spark would start Python processes, which
    take seconds."""
    literals = (
        F.struct(
            *(
                F.lit(value).cast(field.dataType).alias(field.name)
                for value, field in zip(row, schema, strict=True)
            )
        )
        for row in rows
    )
    return spark.range(1).select(F.inline(F.array(*literals)))


def no_spark() -> SparkSession:
    """Fail: the code under test must not start Spark."""
    raise AssertionError("Spark was started")
