"""Parquet files of the lake, read and written with Spark."""

import json
import re
from collections.abc import Iterable
from functools import cache

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType

from contracts.spark import FIELD_ID
from glue_jobs.errors import BuildFailed, DamagedFile, MissingFile
from glue_jobs.session import Session
from lake import Store

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


def write(frame: DataFrame, store: Store, folder: str, schema: StructType) -> tuple[str, ...]:
    """Write the columns of the schema as Parquet files into a new folder, flush them to disk, and
    return their keys. Raises BuildFailed."""
    rows = frame.select(*_columns(schema.json(), id(frame.sparkSession._jvm)))
    try:
        rows.write.mode("error").option("compression", "zstd").parquet(store.uri(folder))
    except Py4JJavaError as failure:
        raise BuildFailed(
            f"{store.uri(folder)} cannot be built: {first_cause(failure)}. To fix: restore a"
            " damaged file, or allow the job to write there, and run the job again."
        ) from None
    keys = tuple(file.key for file in store.under(folder) if file.key.endswith(".parquet"))
    for key in keys:
        store.settle(key)
    return keys


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


class RowCounter:
    """Counts the rows of a frame, and those that meet conditions, in the pass that writes them."""

    def __init__(self, **conditions: Column) -> None:
        self._observation = Observation()
        self._counts: dict[str, int] = {}
        self._columns = [
            F.count(F.when(condition, 1)).alias(name) for name, condition in conditions.items()
        ]

    def observe(self, frame: DataFrame) -> DataFrame:
        """Return the frame, observed: "rows" counts all its rows, each other name its condition."""
        return frame.observe(self._observation, F.count(F.lit(1)).alias("rows"), *self._columns)

    def __getitem__(self, name: str) -> int:
        """Return a count, after the frame was written."""
        self._counts = self._counts or self._observation.get
        return self._counts[name]
