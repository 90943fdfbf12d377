"""The changed rows of one table: a temporary file on disk that lands as one object."""

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts import SourceTable
from contracts.arrow import batch_schema
from contracts.observation import CHANGE
from ingestion_lambda.mirror.difference import Difference
from ingestion_lambda.mirror.parquet import parquet_options
from ingestion_lambda.mirror.temporary_rows import TemporaryRows
from lake import Store
from lake.entries import Changes
from lake.landing import land


class ChangesFile(TemporaryRows):
    """The changes of one table in batch ``seq``; the file exists for the length of the block."""

    def __init__(self, table: SourceTable, seq: int, observed_at: datetime) -> None:
        self._schema = batch_schema(table)
        self._seq, self._observed_at = seq, observed_at
        self._counts = {"I": 0, "U": 0, "D": 0}

    def _open(self, stream: pa.NativeFile) -> pq.ParquetWriter:
        return pq.ParquetWriter(stream, self._schema, **parquet_options(self._schema))

    def add(self, difference: Difference) -> None:
        """Append the rows of a difference, each with its operation, batch and time."""
        for op, rows in (
            ("I", difference.inserted),
            ("U", difference.updated),
            ("D", difference.deleted),
        ):
            count = rows.num_rows
            self.add_versions(rows, pa.repeat(op, count), pa.repeat(0, count), pa.nulls(count))

    def add_versions(
        self, rows: pa.Table, ops: pa.Array, change_seqs: pa.Array, changed_at: pa.Array
    ) -> None:
        """Append rows, each with its operation, the number of its transaction within the batch (0
        if unknown), and when that committed, on the source's clock (NULL if unknown)."""
        if not rows.num_rows:
            return
        seqs, times = (pa.repeat(v, rows.num_rows) for v in (self._seq, self._observed_at))
        change = zip(CHANGE, (ops, seqs, times, change_seqs, changed_at), strict=True)
        columns = [values.cast(self._schema.field(column.name).type) for column, values in change]
        self._writer.write_table(pa.table([*rows.columns, *columns], schema=self._schema))
        for op in self._counts:
            self._counts[op] += pc.sum(pc.equal(ops, op)).as_py()

    def land(self, store: Store, key: str) -> Changes | None:
        """Put the file under ``key``. Without a changed row, put nothing and return None."""
        self._end()
        if not (rows := sum(self._counts.values())):
            return None
        file = land(store, key, self._file, rows)
        return Changes(file, self._counts["I"], self._counts["U"], self._counts["D"])
