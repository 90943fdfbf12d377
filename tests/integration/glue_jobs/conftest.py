"""A lake for each test, and what the jobs wrote to it as frames."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

import contracts
from contracts.spark import spark_schema
from glue_jobs.parquet import read
from lake.entries import Output
from tests.lake_builder import LakeBuilder


@pytest.fixture
def built(tmp_path: Path) -> LakeBuilder:
    """A lake in a directory whose name Hadoop could misread."""
    return LakeBuilder(tmp_path / "a [lake] of {50} %3D")


@pytest.fixture
def written(spark: SparkSession, built: LakeBuilder) -> Callable[[Output, StructType], DataFrame]:
    """The rows in the files that an entry names."""

    def written(output: Output, schema: StructType) -> DataFrame:
        return read(lambda: spark, built.lake.processed, output.files, schema)

    return written


@pytest.fixture
def frame(spark: SparkSession) -> Callable[..., DataFrame]:
    """A frame with the schema of a warehouse table."""

    def frame(table: str, *rows: tuple[Any, ...]) -> DataFrame:
        return spark.createDataFrame(list(rows), spark_schema(contracts.warehouse().tables[table]))

    return frame


def no_spark() -> SparkSession:
    """In the place of a session that must not be needed."""
    raise AssertionError("Spark was asked for")
