"""Differences between warehouse and mirror that are expected."""

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pg8000.native import Connection

from contracts import UNKNOWN, Dimension, Fact, SourceTable
from lake import Lake
from lake.entries import Output
from operations.reconcile.table_comparison import TableComparison
from postgres import render

LOADED = """
select {key}, max(batch_seq) from {schema}.{history} where {key} = any(:keys) group by {key}
"""


def by_quarantine(
    connection: Connection,
    schema: str,
    fact: Fact,
    comparison: TableComparison,
    lake: Lake,
    quarantined: Output,
) -> int:
    """Return how many differing rows of the fact have a version in quarantine that is later than
    their last version in the warehouse."""
    keys = (
        pa.chunked_array(comparison.keys).unique() if comparison.keys else pa.array([], pa.int32())
    )
    newest_seq = dict[int, int]()
    for file in quarantined.files:
        body = io.BytesIO(lake.processed.get(file))
        rows = pq.read_table(body, columns=[fact.key, "batch_seq"])
        rows = rows.filter(pc.is_in(rows[fact.key], value_set=keys.cast(rows[fact.key].type)))
        newest = rows.group_by(fact.key).aggregate([("batch_seq", "max")])
        for key, seq in zip(*(column.to_pylist() for column in newest.columns), strict=True):
            newest_seq[key] = max(seq, newest_seq.get(key, 0))
    if not newest_seq:
        return 0
    query = render(LOADED, schema=schema, history=f"{fact.name}_history", key=fact.key)
    loaded = dict(connection.run(query, keys=list(newest_seq)))
    return sum(1 for key, seq in newest_seq.items() if seq > loaded.get(key, 0))


def are_inferred(rows: pa.Table, dimension: Dimension) -> pa.Array:
    """Return for each row whether the member is inferred: known only as a reference of a fact."""
    inferred = pa.repeat(True, rows.num_rows)
    for column in dimension.columns:
        if column.name != dimension.key:
            values = rows[column.name].combine_chunks()
            empty = pc.is_null(values) if column.nullable else pc.equal(values, UNKNOWN)
            inferred = pc.and_(inferred, empty)
    return inferred


def were_deleted(lake: Lake, table: SourceTable, keys: pa.Array, head: int) -> int:
    """Return how many of the keys were deleted by a batch: a deleted dimension row stays. Batches
    are read newest first, and only as long as a key is unexplained."""
    total = len(keys)
    for deleted in _deletions(lake, table, head):
        if not len(keys):
            break
        keys = keys.filter(pc.invert(pc.is_in(keys, value_set=deleted.cast(keys.type))))
    return total - len(keys)


def _deletions(lake: Lake, table: SourceTable, head: int) -> Iterator[pa.Array]:
    for seq in range(head, 0, -1):
        changes = lake.batches.entry(seq).tables.get(table.name)
        if changes and changes.deleted:
            body = io.BytesIO(lake.ingestion.get(changes.file.key))
            rows = pq.read_table(body, columns=[table.key, "op"])
            yield rows.filter(pc.equal(rows["op"], "D"))[table.key].combine_chunks()
