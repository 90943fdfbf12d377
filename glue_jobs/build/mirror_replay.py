"""The mirror of a table as of any batch, replayed from the changes in the batches.

Only the batches are the truth. Stored mirrors save reading them, and superseded ones may expire.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from contracts import Source
from contracts.observation import CHANGE, ORDER
from contracts.spark import batch_schema
from glue_jobs.parquet import read
from glue_jobs.session import Session
from lake import Lake
from lake.concurrent import map_concurrently

NEXT_SEQ = "_next_seq"


class MirrorReplay:
    """Replays each table once, for any number of batches."""

    def __init__(self, lake: Lake, spark: Session, source: Source) -> None:
        self._lake, self._spark, self._source = lake, spark, source
        self._through = 0
        self._keys: dict[str, list[str]] = {}
        self._changes: dict[str, DataFrame] = {}

    def at(self, table: str, seq: int) -> DataFrame:
        """Return the rows of the table as of batch ``seq``."""
        if seq > self._through:
            self._read_log()
        if table not in self._changes:
            self._changes[table] = self._read_changes(table).cache()
        is_current = f"batch_seq <= {seq} and coalesce({NEXT_SEQ} > {seq}, true) and op <> 'D'"
        rows = self._changes[table].where(is_current)
        return rows.drop(*(column.name for column in CHANGE), NEXT_SEQ)

    def _read_log(self) -> None:
        log = self._lake.batches
        for batch in map_concurrently(log.entry, range(self._through + 1, log.head_seq() + 1)):
            for name, changes in batch.tables.items():
                self._keys.setdefault(name, []).append(changes.file.key)
            self._through = batch.seq
        self._changes.clear()

    def _read_changes(self, table: str) -> DataFrame:
        """Return every change of the table, with the batch of the row's next change."""
        source_table = self._source.tables[table]
        keys = self._keys.get(table, ())
        changes = read(self._spark, self._lake.ingestion, keys, batch_schema(source_table))
        by_key = Window.partitionBy(source_table.key).orderBy(*ORDER)
        return changes.withColumn(NEXT_SEQ, F.lead("batch_seq").over(by_key))
