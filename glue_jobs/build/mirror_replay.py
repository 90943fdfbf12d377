"""The mirror of a table as of any batch, folded from what the batches landed.

The batches alone are the truth; mirrors save reading them, and superseded ones may expire.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from contracts import Source
from contracts.spark import batch_schema
from glue_jobs.parquet import read
from glue_jobs.session import Session
from lake import Lake
from lake.concurrent import map_concurrently

LATER = "_later"


class MirrorReplay:
    """Folds each table once, however many batches ask for it."""

    def __init__(self, lake: Lake, spark: Session, source: Source) -> None:
        self._lake, self._spark, self._source = lake, spark, source
        self._through = 0
        self._landed: dict[str, list[str]] = {}
        self._folded: dict[str, DataFrame] = {}

    def at(self, table: str, seq: int) -> DataFrame:
        """The rows that the table had when batch ``seq`` was polled."""
        if seq > self._through:
            self._read_log()
        if table not in self._folded:
            self._folded[table] = self._fold(table).cache()
        held = f"batch_seq <= {seq} and coalesce({LATER} > {seq}, true) and op <> 'D'"
        rows = self._folded[table].where(held).drop(LATER)
        return rows.drop("op", "batch_seq", "observed_at")

    def _read_log(self) -> None:
        log = self._lake.batches
        for batch in map_concurrently(log.entry, range(self._through + 1, log.head_seq() + 1)):
            for name, changes in batch.tables.items():
                self._landed.setdefault(name, []).append(changes.file.key)
            self._through = batch.seq
        self._folded.clear()

    def _fold(self, table: str) -> DataFrame:
        """Every change of the table, with the batch that changed the row again."""
        of = self._source.tables[table]
        keys = self._landed.get(table, ())
        changes = read(self._spark, self._lake.ingestion, keys, batch_schema(of))
        next_change = Window.partitionBy(of.key).orderBy("batch_seq")
        return changes.withColumn(LATER, F.lead("batch_seq").over(next_change))
