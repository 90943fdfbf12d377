"""What changed in one table between the mirror and the snapshot."""

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pg8000.native import Connection

from contracts import SourceTable
from contracts.arrow import row_schema
from ingestion_lambda.mirror.buckets import SHIFT, by_bucket, numbers
from ingestion_lambda.mirror.difference import Difference, difference
from ingestion_lambda.mirror.mirror import Mirror
from ingestion_lambda.source.extract import copied, rows_query, spooled
from ingestion_lambda.source.scope import ALL, FullRead, NoRead, XidRange
from postgres import Sql, render

COUNTS = "SELECT {key} >> {shift}, count(*) FROM {schema}.{table} GROUP BY 1"
KEYS = """
SELECT {key} FROM {schema}.{table}
WHERE {key} >= {first} AND {key} < {beyond} AND {condition}
"""


class MirrorIncomplete(Exception):
    """The source has rows that neither the mirror nor the changed rows know."""


class TablePoll:
    """One table within a snapshot."""

    def __init__(self, connection: Connection, schema: str, table: SourceTable) -> None:
        self._connection = connection
        self._schema, self._table = schema, table

    @property
    def name(self) -> str:
        """The table's name."""
        return self._table.name

    def differences(
        self, mirror: Mirror, scope: FullRead | XidRange
    ) -> Iterator[tuple[int, Difference]]:
        """The buckets that changed. Raises Unexplained where a poll since a horizon finds the
        mirror short of rows: only a full read can tell them."""
        if isinstance(scope, FullRead):
            return self._of_all_rows(mirror, scope)
        return self._of_changed_rows(mirror, scope)

    def missed(self, bucket: int, found: Difference, without: XidRange | NoRead) -> int:
        """How many rows of a difference found by reading all ``without`` would not have shown.

        It shows every deletion by the bucket's count, unless the count hides behind as many
        insertions that it does not show.
        """
        if isinstance(without, NoRead):
            return found.changes
        shown = self._keys(bucket, without.condition)
        inserted, updated = (
            pc.sum(pc.is_in(rows[self._table.key], value_set=shown)).as_py() or 0
            for rows in (found.inserted, found.updated)
        )
        missed: int = found.inserted.num_rows + found.updated.num_rows - inserted - updated
        is_hidden = inserted == found.inserted.num_rows - found.deleted.num_rows
        return missed + (found.deleted.num_rows if is_hidden else 0)

    def _of_all_rows(self, mirror: Mirror, scope: FullRead) -> Iterator[tuple[int, Difference]]:
        key = self._table.key
        vanished = set(mirror.buckets)
        for bucket, seen, known in self._rows(mirror, scope):
            vanished.discard(bucket)
            gone = known[key].filter(pc.invert(pc.is_in(known[key], value_set=_flat(seen[key]))))
            yield bucket, difference(known, seen, _flat(gone), key)
        for bucket, known in _known(mirror, sorted(vanished)):
            yield bucket, difference(known, known.slice(0, 0), _flat(known[key]), key)

    def _of_changed_rows(self, mirror: Mirror, scope: XidRange) -> Iterator[tuple[int, Difference]]:
        """In one snapshot, rows of a bucket = known + new - deleted, and new is known: keys are
        fetched only where the count says that some are gone."""
        counts = self._counts()
        unread = set(counts) | set(mirror.buckets)
        for bucket, seen, known in self._rows(mirror, scope):
            unread.discard(bucket)
            yield bucket, self._explained(known, seen, bucket, counts)
        differing = [b for b in sorted(unread) if counts.get(b, 0) != mirror.rows(b)]
        for bucket, known in _known(mirror, differing):
            yield bucket, self._explained(known, known.slice(0, 0), bucket, counts)

    def _explained(
        self, known: pa.Table, seen: pa.Table, bucket: int, counts: Mapping[int, int]
    ) -> Difference:
        key = self._table.key
        found = difference(known, seen, pa.array([], known[key].type), key)
        if found.mirror.num_rows == counts.get(bucket, 0):
            return found
        present = self._keys(bucket)
        if not pc.all(pc.is_in(present, value_set=_flat(found.mirror[key])), min_count=0).as_py():
            raise MirrorIncomplete
        gone = known[key].filter(pc.invert(pc.is_in(known[key], value_set=present)))
        return difference(known, seen, _flat(gone), key)

    def _rows(
        self, mirror: Mirror, scope: FullRead | XidRange
    ) -> Iterator[tuple[int, pa.Table, pa.Table]]:
        """The rows read, bucket by bucket, with those that the mirror has of the bucket."""
        key, query = self._table.key, rows_query(self._schema, self._table, scope.condition)
        with spooled(self._connection, query, self._table) as spool:
            known = mirror.read_all(numbers(_batches(spool), key))
            seen = by_bucket(_batches(spool), key, row_schema(self._table))
            for (bucket, rows), before in zip(seen, known, strict=True):
                yield bucket, rows, before

    def _counts(self) -> dict[int, int]:
        query = render(COUNTS, **self._names())
        return dict(self._connection.run(query))

    def _keys(self, bucket: int, condition: Sql = ALL) -> pa.Array:
        first, beyond = bucket << SHIFT, (bucket + 1) << SHIFT
        query = render(KEYS, first=first, beyond=beyond, condition=condition, **self._names())
        type_ = row_schema(self._table).field(self._table.key).type
        parts = [b.column(0) for b in copied(self._connection, query, [self._table.key])]
        return _flat(pa.chunked_array(parts, pa.string())).cast(type_)

    def _names(self) -> dict[str, str | int]:
        table = self._table
        return {"schema": self._schema, "table": table.name, "key": table.key, "shift": SHIFT}


def _batches(spool: pa.RecordBatchFileReader) -> Iterator[pa.RecordBatch]:
    return (spool.get_batch(number) for number in range(spool.num_record_batches))


def _known(mirror: Mirror, buckets: Sequence[int]) -> Iterator[tuple[int, pa.Table]]:
    return zip(buckets, mirror.read_all(buckets), strict=True)


def _flat(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()
