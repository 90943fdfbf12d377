"""Parquet files of the lake, read and written by Spark."""

import re
from collections.abc import Iterable

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from glue_jobs.errors import BuildFailed, MissingFile
from glue_jobs.session import Session
from lake import Store

PATTERN = re.compile(r"[\\\[\]{}*?]")


def read(spark: Session, store: Store, keys: Iterable[str], schema: StructType) -> DataFrame:
    """The rows of exactly these files. A column that a file does not have yet is NULL.
    Raises MissingFile."""
    addresses = [_literally(store.uri(key)) for key in keys]
    if not addresses:
        return spark().createDataFrame([], schema)
    try:
        return spark().read.schema(schema).parquet(*addresses)
    except AnalysisException as refusal:
        if refusal.getErrorClass() != "PATH_NOT_FOUND":
            raise
        raise MissingFile(
            f"{(refusal.getMessageParameters() or {}).get('path')} is named by the log and not"
            " there. Restore the object, from its earlier version if the store keeps any."
        ) from None


def write(frame: DataFrame, store: Store, folder: str) -> tuple[str, ...]:
    """The rows as new Parquet files in a folder that does not exist yet; their keys. What they
    hold outlives a power cut. Raises BuildFailed."""
    try:
        frame.write.mode("error").option("compression", "zstd").parquet(store.uri(folder))
    except Py4JJavaError as failure:
        raise BuildFailed(
            f"{store.uri(folder)} cannot be built: {first_cause(failure)}. Restore a file that is"
            " damaged, or let the job write there, and run it again."
        ) from None
    keys = tuple(file.key for file in store.under(folder) if file.key.endswith(".parquet"))
    for key in keys:
        store.settle(key)
    return keys


def first_cause(failure: Py4JJavaError) -> str:
    """What went wrong first, without the traces of Java."""
    cause = failure.java_exception
    while cause.getCause() is not None:
        cause = cause.getCause()
    return str(cause.getMessage()).partition("\n")[0].rstrip(".")


def _literally(address: str) -> str:
    """The address for Spark, which takes [a] for a pattern; a lake's folder may be called so.

    Its switch ``__globPaths__`` would read each of n such files n times.
    """
    return PATTERN.sub(r"\\\g<0>", address)


class Counter:
    """Counts the rows that pass a point of a frame while they are written, in the same pass."""

    def __init__(self, **what: Column) -> None:
        self._observation = Observation()
        self._counts: dict[str, int] = {}
        self._what = [F.count(F.when(holds, 1)).alias(name) for name, holds in what.items()]

    def at(self, frame: DataFrame) -> DataFrame:
        """The frame, counted: all its rows, and those for which each condition holds."""
        return frame.observe(self._observation, F.count(F.lit(1)).alias("rows"), *self._what)

    def __getitem__(self, name: str) -> int:
        """A count, once the frame was written."""
        self._counts = self._counts or self._observation.get
        return self._counts[name]
