"""Landed files as DataFrames. Small files are read by this process and sent to Spark together,
because Spark takes 10 milliseconds of the processor to open a file, however small."""

import io
from collections.abc import Sequence
from tempfile import NamedTemporaryFile
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from contracts import SourceTable, arrow
from contracts.spark import WHERE_ABSENT, batch_schema
from glue_jobs.errors import BuildFailed, MissingFile
from glue_jobs.parquet import by_name, read
from glue_jobs.session import Session
from lake import NotFound, Store
from lake.concurrent import map_concurrently
from lake.entries import File

SMALL_BYTES = 32_000_000
"""Files of a table that are together at most so large are read by this process: about a million
rows. Python and the JVM each hold all of them."""

PART_ROWS = 100_000
"""Rows of a task. One task orders them faster than several are scheduled."""


def read_landed(
    spark: Session, store: Store, files: Sequence[File], table: SourceTable
) -> DataFrame:
    """Return the rows of exactly these files, in few partitions. A column that a file does not have
    is NULL or the value of WHERE_ABSENT. Raises MissingFile or BuildFailed."""
    if sum(file.bytes for file in files) <= SMALL_BYTES:
        found = map_concurrently(lambda file: _rows(store, file.key, table), files)
        empty = arrow.batch_schema(table).empty_table()
        return _to_spark(spark(), pa.concat_tables([empty, *found]), table)
    rows = read(spark, store, [file.key for file in files], batch_schema(table))
    parts = 1 + sum(file.rows for file in files) // PART_ROWS
    return rows.coalesce(parts) if len(files) > 1 else rows


def _rows(store: Store, key: str, table: SourceTable) -> pa.Table:
    schema = arrow.batch_schema(table)
    try:
        file = pq.ParquetFile(io.BytesIO(store.get(key)))
        known = [name for name in schema.names if name in file.schema_arrow.names]
        rows = file.read(known, use_threads=False)
        return pa.table([_column(rows, field) for field in schema], schema)
    except NotFound:
        raise MissingFile(
            f"{store.uri(key)} is named in the log and does not exist. To fix: restore the object,"
            " from an earlier version if the store keeps them."
        ) from None
    except (pa.ArrowException, OSError) as damage:
        raise BuildFailed(
            f"{store.uri(key)} cannot be read: {damage}. Nothing was built. To fix: restore an"
            " earlier version of the object, and run the job again."
        ) from damage


def _column(rows: pa.Table, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    if field.name in rows.column_names:
        return rows[field.name].cast(field.type)
    absent = pa.scalar(WHERE_ABSENT.get(field.name), pa.string())
    return pa.repeat(absent, rows.num_rows).cast(field.type)


def _to_spark(session: SparkSession, rows: pa.Table, table: SourceTable) -> DataFrame:
    """Return the rows as a DataFrame, with a partition for each part. Spark 3.5 makes a DataFrame
    from pandas in this way, and has no public function that takes an Arrow table."""
    jvm: Any = session._jvm
    parts = range(0, rows.num_rows, PART_ROWS)
    with NamedTemporaryFile(suffix=".arrows") as file:
        with pa.ipc.new_stream(file, rows.schema) as stream:
            for start in parts:
                stream.write_table(rows.slice(start, PART_ROWS).combine_chunks())
        file.flush()
        batches = jvm.PythonSQLUtils.readArrowStreamFromFile(file.name)
    schema = by_name(batch_schema(table)).json()
    frame = jvm.PythonSQLUtils.toDataFrame(batches, schema, session._jsparkSession)
    return DataFrame(frame, session)
