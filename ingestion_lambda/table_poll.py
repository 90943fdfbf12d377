"""The changes of one table: the rows of a snapshot compared with the mirror, bucket by bucket."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import repeat

import pyarrow as pa
import pyarrow.compute as pc

from contracts import SourceTable
from contracts.arrow import row_schema
from ingestion_lambda.bucket_scan import scan_buckets
from ingestion_lambda.mirror.buckets import SHIFT, bucket_numbers, by_bucket
from ingestion_lambda.mirror.difference import Difference, compare
from ingestion_lambda.mirror.mirror import Mirror
from ingestion_lambda.source.copying import copied
from ingestion_lambda.source.csv_rows import read_cells
from ingestion_lambda.source.extract import arriving_rows, rows_query, spool_rows
from ingestion_lambda.source.scope import ALL, FullRead, NoRead, Scope, XidRange
from postgres import Connection, Sql, render

KEYS = """
SELECT {key} FROM {schema}.{table}
WHERE {key} >= {first} AND {key} < {beyond} AND {condition}
"""


@dataclass(frozen=True)
class ReadRows:
    """The rows of a table that a scope reads, in key order. After an incremental read, ``counts``
    are the rows of the whole table by bucket."""

    rows: Iterable[pa.RecordBatch]
    counts: Mapping[int, int]


class MirrorIncomplete(Exception):
    """The source has rows that are neither in the mirror nor among the changed rows."""


class TablePoll:
    """One table within a snapshot; ``selected`` are the expressions that read its columns."""

    def __init__(
        self, connection: Connection, schema: str, table: SourceTable, selected: Sql
    ) -> None:
        self._connection, self._selected = connection, selected
        self._schema, self._table = schema, table

    @contextmanager
    def spooled(self, scope: FullRead | XidRange) -> Iterator[ReadRows]:
        """Copy the rows that the scope reads to disk, for the block."""
        counts: Mapping[int, int] = {}
        condition = scope.condition
        schema, table = self._schema, self._table
        if isinstance(scope, XidRange):
            scan = scan_buckets(self._connection, schema, table.name, table.key, scope)
            counts, condition = scan.counts, scan.narrowed(condition, table.key)
        query = rows_query(schema, table, self._selected, condition)
        with spool_rows(self._connection, query, table) as rows:
            yield ReadRows(rows, counts)

    @contextmanager
    def arriving(self) -> Iterator[ReadRows]:
        """Copy every row of the table for the block. They can be read once, as they arrive."""
        query = rows_query(self._schema, self._table, self._selected, ALL)
        with arriving_rows(self._connection, query, self._table) as rows:
            yield ReadRows(rows, {})

    def differences(
        self, mirror: Mirror, scope: FullRead | XidRange, read: ReadRows
    ) -> Iterator[tuple[int, Difference]]:
        """Yield each bucket that was read or lost rows, with its difference, which may be empty.

        ``read`` has the rows of the scope. Raises MirrorIncomplete if rows are missing after an
        incremental read; only a full read can find them.
        """
        if isinstance(scope, FullRead):
            return self._compare_all(mirror, read)
        return self._compare_changed(mirror, read)

    def count_missed(self, bucket: int, difference: Difference, scope: Scope) -> int:
        """Return the number of rows that a full read found and the incremental scope would have
        missed; 0 for a scope that replaces no incremental one."""
        replaced = scope.instead_of if isinstance(scope, FullRead) else None
        return 0 if replaced is None else self.missed(bucket, difference, replaced).changes

    def missed(self, bucket: int, difference: Difference, scope: XidRange | NoRead) -> Difference:
        """Return the rows of a full read's difference that the incremental scope would have missed.

        The incremental scope detects a deletion by the bucket's row count, unless as many missed
        insertions keep the count the same.
        """
        if isinstance(scope, NoRead):
            return difference
        shown = self._keys(bucket, scope.condition)
        inserted, updated = (
            rows.filter(pc.invert(pc.is_in(rows[self._table.key], value_set=shown)))
            for rows in (difference.inserted, difference.updated)
        )
        is_hidden = inserted.num_rows == difference.deleted.num_rows
        deleted = difference.deleted if is_hidden else difference.deleted.slice(0, 0)
        return replace(difference, inserted=inserted, updated=updated, deleted=deleted)

    def _compare_all(self, mirror: Mirror, read: ReadRows) -> Iterator[tuple[int, Difference]]:
        key = self._table.key
        unread = set(mirror.buckets)
        for bucket, rows, mirrored in self._by_bucket(mirror, read):
            unread.discard(bucket)
            is_present = pc.is_in(mirrored[key], value_set=_flat(rows[key]))
            deleted = mirrored[key].filter(pc.invert(is_present))
            yield bucket, compare(mirrored, rows, _flat(deleted), key)
        for bucket, mirrored in _mirrored(mirror, sorted(unread)):
            yield bucket, compare(mirrored, mirrored.slice(0, 0), _flat(mirrored[key]), key)

    def _compare_changed(self, mirror: Mirror, read: ReadRows) -> Iterator[tuple[int, Difference]]:
        """Yield the buckets that were read, and those whose row count differs from the mirror.

        Within one snapshot the rows of a bucket are mirrored + inserted - deleted. All insertions
        are among the rows read, so keys are fetched only if the count shows a deletion.
        """
        counts = read.counts
        unread = set(counts) | set(mirror.buckets)
        for bucket, rows, mirrored in self._by_bucket(mirror, read):
            unread.discard(bucket)
            yield bucket, self._compare_by_count(mirrored, rows, bucket, counts)
        differing = [b for b in sorted(unread) if counts.get(b, 0) != mirror.rows(b)]
        for bucket, mirrored in _mirrored(mirror, differing):
            yield bucket, self._compare_by_count(mirrored, mirrored.slice(0, 0), bucket, counts)

    def _compare_by_count(
        self, mirrored: pa.Table, rows: pa.Table, bucket: int, counts: Mapping[int, int]
    ) -> Difference:
        key = self._table.key
        difference = compare(mirrored, rows, pa.array([], mirrored[key].type), key)
        if difference.mirror.num_rows == counts.get(bucket, 0):
            return difference
        present = self._keys(bucket)
        is_mirrored = pc.is_in(present, value_set=_flat(difference.mirror[key]))
        if not pc.all(is_mirrored, min_count=0).as_py():
            raise MirrorIncomplete
        deleted = mirrored[key].filter(pc.invert(pc.is_in(mirrored[key], value_set=present)))
        return compare(mirrored, rows, _flat(deleted), key)

    def _by_bucket(
        self, mirror: Mirror, read: ReadRows
    ) -> Iterator[tuple[int, pa.Table, pa.Table]]:
        """Yield bucket by bucket the rows read, and the rows that the mirror has of the bucket."""
        buckets = by_bucket(read.rows, self._table.key, row_schema(self._table))
        for (bucket, rows), mirrored in zip(buckets, self._before(mirror, read), strict=False):
            yield bucket, rows, mirrored

    def _before(self, mirror: Mirror, read: ReadRows) -> Iterator[pa.Table]:
        """Yield the mirrored rows of each bucket in the spool; without a mirror, no rows for any
        number of buckets, so that the rows are read once."""
        if not mirror.buckets:
            return repeat(row_schema(self._table).empty_table())
        return mirror.read_all(bucket_numbers(read.rows, self._table.key))

    def _keys(self, bucket: int, condition: Sql = ALL) -> pa.Array:
        first, beyond = bucket << SHIFT, (bucket + 1) << SHIFT
        query = render(KEYS, first=first, beyond=beyond, condition=condition, **self._names())
        type_ = row_schema(self._table).field(self._table.key).type
        with copied(self._connection, query) as blocks:
            parts = [read_cells(block, {self._table.key: type_}).column(0) for block in blocks]
        return pa.concat_arrays(parts) if parts else pa.array([], type_)

    def _names(self) -> dict[str, str | int]:
        table = self._table
        return {"schema": self._schema, "table": table.name, "key": table.key, "shift": SHIFT}


def _mirrored(mirror: Mirror, buckets: Sequence[int]) -> Iterator[tuple[int, pa.Table]]:
    return zip(buckets, mirror.read_all(buckets), strict=True)


def _flat(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()
