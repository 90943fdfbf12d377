"""The versions of a bucket: the states that the log shows between its old and its new mirror.

Each row has one state for each transaction that changed it. Neighbours that are equal are dropped.
The last state must equal the new mirror: otherwise the row lands as the difference says, and counts
as not explained, also if the difference does not have it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from contracts import SourceTable
from contracts.arrow import row_schema
from ingestion_lambda.capture.direct import OP, direct_versions
from ingestion_lambda.capture.neighbours import (
    differs_from_before,
    differs_from_next,
    flat,
    of_before,
)
from ingestion_lambda.capture.states import MIRRORED, states
from ingestion_lambda.mirror.difference import Difference, differs
from ingestion_lambda.source.log.bytes import iota
from ingestion_lambda.source.log.rows import CHANGE, IS_DELETED, UNCHANGED


@dataclass(frozen=True)
class Versions:
    """Versions of rows, each with its operation and the number of its transaction: None for those
    that only the difference shows. ``unexplained`` counts the keys whose versions the log does not
    show, with those that have no version here."""

    rows: pa.Table
    ops: pa.Array
    changes: pa.Array
    unexplained: int


def versions(
    table: SourceTable,
    difference: Difference,
    images: pa.Table,
    truncations: Sequence[tuple[int, int]],
) -> Versions:
    """Return the versions of a bucket that end with ``difference``."""
    key = table.key
    direct = direct_versions(table, difference, images.slice(0, 0) if truncations else images)
    if direct.num_rows == difference.changes == images.num_rows and not truncations:
        return _versions(table, direct, 0)  # as in most buckets of a bulk change
    rest = images.filter(pc.invert(pc.is_in(images[key], value_set=flat(direct[key]))))
    known, doubtful = _known(table, difference, rest, truncations)
    explained = pa.concat_arrays([flat(direct[key]), flat(known[key])])
    unlogged = pa.concat_tables(_unlogged(table, difference, explained))
    unexplained = pa.concat_arrays([flat(unlogged[key]), doubtful])
    every = pa.concat_tables([direct, _changed(table, known), unlogged])
    return _versions(table, every, len(unexplained.unique()))


def _versions(table: SourceTable, rows: pa.Table, unexplained: int) -> Versions:
    names = row_schema(table).names
    return Versions(rows.select(names), flat(rows[OP]), flat(rows[CHANGE]), unexplained)


def _known(
    table: SourceTable,
    difference: Difference,
    images: pa.Table,
    truncations: Sequence[tuple[int, int]],
) -> tuple[pa.Table, pa.Array]:
    """Return the states of the rows whose last state is that of the new mirror, and the keys of
    the other rows that have an image."""
    key = images[table.key].type
    if not (images.num_rows or truncations):
        return images, pa.array([], key)
    every = states(table, difference.before, images, truncations)
    doubtful = flat(pa.chunked_array(list(_doubtful(table, every, difference)), key))
    return every.filter(pc.invert(pc.is_in(every[table.key], value_set=doubtful))), doubtful


def _doubtful(
    table: SourceTable, every: pa.Table, difference: Difference
) -> Iterator[pa.ChunkedArray]:
    """Yield the keys whose last state is not that of the new mirror, or has an unknown value."""
    key, mirror = table.key, difference.mirror
    names = row_schema(table).names
    yield from every.filter(pc.is_valid(every[UNCHANGED]))[key].chunks
    last = every.filter(differs_from_next(every[key]))
    position = pc.index_in(last[key], value_set=flat(mirror[key]))
    is_alive = pc.invert(last[IS_DELETED])
    yield from last.filter(pc.xor(is_alive, pc.is_valid(position)))[key].chunks
    is_both = pc.and_(is_alive, pc.is_valid(position))
    alive = last.filter(is_both)
    mirrored = mirror.take(flat(position.filter(is_both))).select(names)
    yield from alive.filter(differs(alive.select(names), mirrored))[key].chunks


def _changed(table: SourceTable, known: pa.Table) -> pa.Table:
    """Return the states that differ from the state before them, with their operation."""
    names, key = row_schema(table).names, table.key
    values = known.select(names).combine_chunks()
    is_first = pc.invert(of_before(pc.invert(differs_from_next(known[key]))))
    is_gone = flat(known[IS_DELETED])
    was_gone = pc.or_(is_first, of_before(is_gone))
    is_other = differs_from_before(values)
    op = pc.case_when(
        pc.make_struct(
            pc.equal(known[CHANGE], MIRRORED),
            pc.and_(pc.invert(is_gone), was_gone),
            pc.and_(is_gone, pc.invert(was_gone)),
            pc.and_(pc.and_(pc.invert(is_gone), pc.invert(was_gone)), is_other),
        ),
        pa.scalar(None, pa.string()), "I", "D", "U",
    )  # fmt: skip
    is_deletion = pc.fill_null(pc.equal(op, "D"), False)
    with_values = pc.subtract(iota(known.num_rows), is_deletion.cast(pa.int64()))  # those before
    rows = values.take(with_values) if pc.any(is_deletion).as_py() else values
    rows = rows.append_column(OP, op).append_column(CHANGE, known[CHANGE])
    return rows.filter(pc.is_valid(op))


def _unlogged(table: SourceTable, difference: Difference, logged: pa.Array) -> Iterator[pa.Table]:
    """Yield the rows of the difference that no state of the log explains."""
    for op, rows in difference.by_op.items():
        rest = rows.filter(pc.invert(pc.is_in(rows[table.key], value_set=logged)))
        count = rest.num_rows
        yield rest.append_column(OP, pa.repeat(op, count)).append_column(
            CHANGE, pa.nulls(count, pa.int32())
        )
