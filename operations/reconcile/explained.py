"""Differences between warehouse and mirror that are expected."""

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pg8000.native import Connection

from contracts import UNKNOWN, Dimension, Fact, SourceTable
from contracts.arrow import read_changes
from contracts.observation import ORDER
from lake import Lake
from lake.entries import Output
from operations.reconcile.table_comparison import TableComparison
from postgres import render

LOADED = """
select distinct on ({key}) {key}, batch_seq, change_seq
from {schema}.{history} where {key} = any(:keys)
order by {key}, batch_seq desc, change_seq desc
"""
BEFORE_ALL = (0, 0)  # the order of no version


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
    newest = dict[int, tuple[int, int]]()
    for file in quarantined.files:
        rows = read_changes(lake.processed.get(file), [fact.key, *ORDER])
        rows = rows.filter(pc.is_in(rows[fact.key], value_set=keys.cast(rows[fact.key].type)))
        for key, *order in zip(*(column.to_pylist() for column in rows.columns), strict=True):
            newest[key] = max((order[0], order[1]), newest.get(key, BEFORE_ALL))
    if not newest:
        return 0
    query = render(LOADED, schema=schema, history=f"{fact.name}_history", key=fact.key)
    rows_loaded = connection.run(query, keys=list(newest))
    loaded = {key: (batch_seq, change_seq) for key, batch_seq, change_seq in rows_loaded}
    return sum(1 for key, order in newest.items() if order > loaded.get(key, BEFORE_ALL))


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
