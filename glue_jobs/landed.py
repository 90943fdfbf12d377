"""Landed rows as DataFrames, also from compacted files. Small files are read by this process and
sent to Spark together, because Spark takes 10 milliseconds of the processor to open a file, however
small."""

import io
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from tempfile import NamedTemporaryFile
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts import SourceTable, arrow
from contracts.observation import BATCH_SEQ, CHANGE_SEQ, OP
from contracts.spark import WHERE_ABSENT, batch_schema, row_schema
from glue_jobs.errors import BuildFailed, MissingFile
from glue_jobs.parquet import by_name, check_rows, naming_failures, read
from glue_jobs.session import Session
from glue_jobs.transform.dimensions import MIRROR_SEQ
from lake import Lake, NotFound, Store
from lake.compacted_files import CompactedFiles, Span
from lake.concurrent import map_concurrently
from lake.entries import Bucket, File
from lake.layout import BATCHES, INGESTED

SMALL_BYTES = 32_000_000
"""Files of a table that are together at most so large are read by this process: about a million
rows. Python and the JVM each hold all of them."""

LARGE_BYTES = 4_000_000
"""Files of a table that are on average larger are read by Spark, which takes a third less processor
time for their rows than this process and Spark together."""

PART_ROWS = 100_000
"""Rows of a task. One task orders them faster than several are scheduled."""

SMALL_ROWS = 100_000
"""At most so many rows of a mirror are read by this process."""

OF_MIRROR = {OP.name: "U", BATCH_SEQ.name: str(MIRROR_SEQ), CHANGE_SEQ.name: "0"}
"""Values of a row of a mirror in the columns of a change; the others are NULL."""


logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LandedFiles:
    """Reads landed rows of a lake. The log of compactions is read once."""

    lake: Lake
    spark: Session

    def read(
        self, table: SourceTable, files: Mapping[int, File], mirror: Collection[Bucket] = ()
    ) -> DataFrame:
        """Return the rows of exactly these files, in few partitions; they are given by batch, and
        are all that the table has from the first to the last one. A column that a file does not
        have is NULL or the value of WHERE_ABSENT. The rows of these buckets of a mirror are states
        that held before every batch. Raises MissingFile, DamagedFile or BuildFailed."""
        own, held, compacted = dict(files), dict[int, File](), tuple[str, ...]()
        if files:
            keys = {seq: (file.key,) for seq, file in files.items()}
            span = min(files), max(files)
            instead = self._compacted.instead_of(table.name, BATCHES, keys, span)
            held = {seq: own.pop(seq) for seq in instead.entries}
            compacted = instead.files
        size, limit = sum(file.bytes for file in files.values()), LARGE_BYTES * len(files)
        is_large = size > min(SMALL_BYTES, limit)
        if is_large or sum(bucket.rows for bucket in mirror) > SMALL_ROWS:
            landed = self._by_spark(table, own.values(), held, compacted)
            return landed.unionByName(self._mirror_by_spark(table, mirror)) if mirror else landed
        rows = self._held_rows(table, held, compacted)
        rows += map_concurrently(lambda file: self._landed(table, file), own.values())
        rows += map_concurrently(lambda bucket: self._mirrored(table, bucket), mirror)
        empty = arrow.batch_schema(table).empty_table()
        return _to_spark(self.spark(), pa.concat_tables([empty, *rows]), table)

    @cached_property
    def _compacted(self) -> CompactedFiles:
        return CompactedFiles(self.lake, INGESTED)

    def _landed(self, table: SourceTable, file: File) -> pa.Table:
        rows = _rows(self.lake.ingestion, file.key, table)
        check_rows(self.lake.ingestion.uri(file.key), rows.num_rows, file.rows)
        return rows

    def _mirrored(self, table: SourceTable, bucket: Bucket) -> pa.Table:
        return _rows(self.lake.ingestion, bucket.key, table, absent=OF_MIRROR)

    def _mirror_by_spark(self, table: SourceTable, buckets: Iterable[Bucket]) -> DataFrame:
        keys = [bucket.key for bucket in buckets]
        rows = read(self.spark, self.lake.ingestion, keys, row_schema(table))
        added = [field for field in batch_schema(table) if field.name not in rows.columns]
        values = (F.lit(OF_MIRROR.get(f.name)).cast(f.dataType).alias(f.name) for f in added)
        return rows.select("*", *values)

    def _held_rows(
        self, table: SourceTable, held: Mapping[int, File], compacted: Iterable[str]
    ) -> list[pa.Table]:
        """Return the rows of these batches from compacted files; from their own files if a
        compacted one is damaged."""
        if not held:
            return []
        span, expected = (min(held), max(held)), sum(file.rows for file in held.values())
        try:
            store = self.lake.processed
            rows = [_rows(store, key, table, span) for key in compacted]
            if (count := sum(each.num_rows for each in rows)) == expected:
                return rows
            reason = f"{count} rows instead of {expected}"
        except (MissingFile, BuildFailed) as damage:
            reason = str(damage)
        fields = {"table": table.name, "reason": reason}
        logger.warning("compacted files are damaged, originals are read", extra=fields)
        return list(map_concurrently(lambda file: self._landed(table, file), held.values()))

    def _by_spark(
        self,
        table: SourceTable,
        own: Collection[File],
        held: Mapping[int, File],
        compacted: Collection[str],
    ) -> DataFrame:
        schema, lake = batch_schema(table), self.lake
        rows = read(self.spark, lake.ingestion, [file.key for file in own], schema)
        if compacted:
            large = read(self.spark, lake.processed, compacted, schema)
            of_span = F.col(BATCH_SEQ.name).between(min(held), max(held))
            absent = {name: F.coalesce(name, F.expr(v)) for name, v in WHERE_ABSENT.items()}
            rows = rows.unionByName(large.where(of_span).withColumns(absent))
        count = sum(file.rows for file in (*own, *held.values()))
        name = f"The landed files of {table.name}"
        with naming_failures(f"{name} cannot be read"):
            check_rows(name, rows.count(), count)
        return rows.coalesce(1 + count // PART_ROWS) if len(own) + len(compacted) > 1 else rows


def _rows(
    store: Store,
    key: str,
    table: SourceTable,
    span: Span | None = None,
    absent: Mapping[str, str] = WHERE_ABSENT,
) -> pa.Table:
    """Return the rows of a file; with ``span``, only those of the batches from its first to its
    last; with the values ``absent`` of columns that it does not have. Raises MissingFile or
    BuildFailed."""
    schema = arrow.batch_schema(table)
    try:
        file = pq.ParquetFile(io.BytesIO(store.get(key)))
        known = [name for name in schema.names if name in file.schema_arrow.names]
        rows = _of_batches(file.read(known, use_threads=False), span)
        return pa.table([_column(rows, field, absent) for field in schema], schema)
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


def _of_batches(rows: pa.Table, span: Span | None) -> pa.Table:
    if span is None:
        return rows
    seq = rows[BATCH_SEQ.name]
    return rows.filter(pc.and_(pc.greater_equal(seq, span[0]), pc.less_equal(seq, span[1])))


def _column(
    rows: pa.Table, field: pa.Field, absent: Mapping[str, str]
) -> pa.ChunkedArray | pa.Array:
    value = pa.scalar(absent.get(field.name), pa.string()).cast(field.type)
    if field.name not in rows.column_names:
        return pa.repeat(value, rows.num_rows)
    found = rows[field.name].cast(field.type)
    return pc.fill_null(found, value) if field.name in WHERE_ABSENT else found


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
