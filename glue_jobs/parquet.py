"""Parquet files of the lake, read and written with Spark."""

import io
import json
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType

from contracts import arrow
from contracts.spark import FIELD_ID
from glue_jobs.errors import BuildFailed, DamagedFile, MissingFile
from glue_jobs.session import Session
from lake import Store
from lake.entries import Output
from lake.landing import put_own

logger = logging.getLogger(__name__)

HERE_BYTES, HERE_ROWS = 32_000_000, 1_000_000
"""A table whose landed files are at most so large, with at most so many rows, is written by this
process, which holds all of them: some 200 MB. It writes by column, in less processor time than
executors, which write row by row."""

GROUP_ROWS = 100_000
"""Rows of a row group, so that several tasks can read a file."""

RESULT_LIMIT = "spark.driver.maxResultSize"
"""The setting, 1 GB by default, that Spark names when a query would return more."""

GLOB_CHARACTERS = re.compile(r"[\\\[\]{}*?]")


def read(spark: Session, store: Store, keys: Iterable[str], schema: StructType) -> DataFrame:
    """Return the rows of exactly these files. A column that a file does not have is NULL.
    Raises MissingFile."""
    addresses = [_escape_glob(store.uri(key)) for key in keys]
    if not addresses:
        return spark().createDataFrame([], schema)
    try:
        return spark().read.schema(by_name(schema)).parquet(*addresses)
    except AnalysisException as refusal:
        if refusal.getErrorClass() != "PATH_NOT_FOUND":
            raise
        raise MissingFile(
            f"{(refusal.getMessageParameters() or {}).get('path')} is named in the log and does not"
            " exist. To fix: restore the object, from an earlier version if the store keeps them."
        ) from None


def is_large(rows: int, size: int) -> bool:
    """Return whether executors write the table of so many landed rows and bytes."""
    return rows > HERE_ROWS or size > HERE_BYTES


def write(
    frame: DataFrame, store: Store, folder: str, schema: StructType, by_executors: bool
) -> Output:
    """Write the columns of the schema as Parquet files into a new folder, flush them to disk, and
    return them. Executors write them, or this process, which holds all rows; if Spark returns no
    more than a part of them, executors do. Raises BuildFailed."""
    with naming_failures(f"{store.uri(folder)} cannot be built"):
        if not by_executors:
            try:
                return _write_here(frame, store, folder, schema)
            except Py4JJavaError as failure:
                if RESULT_LIMIT not in first_cause(failure):
                    raise
                logger.info("executors write a large result", extra={"folder": folder})
        return _write_by_executors(frame, store, folder, schema)


@contextmanager
def naming_failures(what: str) -> Iterator[None]:
    """Raise BuildFailed, with ``what`` and the cause, if a query of the block fails in Spark."""
    try:
        yield
    except Py4JJavaError as failure:
        raise BuildFailed(
            f"{what}: {first_cause(failure)}. To fix: restore a damaged file, or allow the job to"
            " read and write there, and run the job again."
        ) from None


def _write_by_executors(frame: DataFrame, store: Store, folder: str, schema: StructType) -> Output:
    counted = Observation()
    rows = frame.select(*_columns(schema.json(), id(frame.sparkSession._jvm)))
    rows = rows.observe(counted, F.count(F.lit(1)).alias("rows"))
    rows.write.mode("error").option("compression", "zstd").parquet(store.uri(folder))
    keys = tuple(file.key for file in store.under(folder) if file.key.endswith(".parquet"))
    for key in keys:
        store.settle(key)
    return Output(keys, counted.get["rows"])


def _write_here(frame: DataFrame, store: Store, folder: str, schema: StructType) -> Output:
    """Write one file with the rows that Spark returns, or none without rows. Spark 3.5 returns rows
    to pandas in this way, and has no public function that returns Arrow."""
    batches = frame._collect_as_arrow()
    if not sum(batch.num_rows for batch in batches):
        return Output((), 0)
    rows = pa.Table.from_batches(batches).select(schema.names)
    ids = [{arrow.FIELD_ID: str(field.metadata[FIELD_ID])} for field in schema]
    fields = [field.with_metadata(own) for field, own in zip(rows.schema, ids, strict=True)]
    body, key = io.BytesIO(), f"{folder}part-{uuid4()}.zstd.parquet"
    table = pa.table(rows.columns, pa.schema(fields))
    options = {"compression": "zstd", "store_decimal_as_integer": True, "store_schema": False}
    pq.write_table(table, body, GROUP_ROWS, use_dictionary=_repeating(table.schema), **options)
    put_own(store, key, body)
    return Output((key,), rows.num_rows)


def _repeating(schema: pa.Schema) -> list[str]:
    """Return the columns whose values repeat. A dictionary of others costs time, and no file is
    smaller by it."""
    differs = (pa.types.is_decimal, pa.types.is_timestamp)
    return [field.name for field in schema if not any(is_of(field.type) for is_of in differs)]


def check_rows(name: str, rows: int, recorded: int) -> None:
    """Raise DamagedFile unless ``rows``, the number of rows read from ``name``, is the number that
    the log records."""
    if rows != recorded:
        raise DamagedFile(
            f"{name} contains {rows} rows, and the log records {recorded}. To fix: restore an"
            " earlier version of the object, and run the job again."
        )


def first_cause(failure: Py4JJavaError) -> str:
    """Return the message of the root cause, without Java's stack trace."""
    cause = failure.java_exception
    while cause.getCause() is not None:
        cause = cause.getCause()
    return str(cause.getMessage()).partition("\n")[0].rstrip(".")


@cache
def _columns(schema: str, _jvm: int) -> tuple[Column, ...]:
    """Return the columns of a schema, with its field ids. They are made once in a JVM, because each
    of them costs several calls. ``DataFrame.to`` would lose the ids of columns without a cast."""
    fields = StructType.fromJson(json.loads(schema))
    return tuple(F.col(f.name).alias(f.name, metadata=f.metadata) for f in fields)


def by_name(schema: StructType) -> StructType:
    """Return the schema without field ids: Spark refuses to read files without ids otherwise."""
    return StructType([StructField(f.name, f.dataType, f.nullable, _unnumbered(f)) for f in schema])


def _unnumbered(field: StructField) -> dict[str, object]:
    return {name: value for name, value in field.metadata.items() if name != FIELD_ID}


def _escape_glob(address: str) -> str:
    """Return the address with escaped glob characters: a folder of the lake may be named ``[a]``.

    Spark's option ``__globPaths__`` would read each of n files n times.
    """
    return GLOB_CHARACTERS.sub(r"\\\g<0>", address)
