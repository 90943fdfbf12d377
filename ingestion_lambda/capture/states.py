"""The states of the rows of a bucket: the mirrored one, and one for each transaction."""

from collections.abc import Iterator, Sequence
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from contracts import SourceTable
from contracts.arrow import row_schema
from ingestion_lambda.capture.neighbours import differs_from_next, flat, of_before
from ingestion_lambda.mirror.difference import differs
from ingestion_lambda.source.log.bytes import iota
from ingestion_lambda.source.log.rows import (
    CHANGE,
    IMAGE,
    IS_DELETED,
    IS_INSERTED,
    PLACE,
    UNCHANGED,
)

MIRRORED = -1
"""The place and the transaction of the mirrored state."""

TRUNCATED = "_truncated"
"""Column with the place of the TRUNCATE that deleted a state."""

AMBIGUOUS = "two rows had this key"
"""The UNCHANGED of the states of a row of which the log does not tell which one was deleted."""


def states(
    table: SourceTable,
    mirrored: pa.Table,
    images: pa.Table,
    truncations: Sequence[tuple[int, int]],
) -> pa.Table:
    """Return the states of each row that has an image, by key and in their order: first the
    mirrored one, if there is one, then the last image of each transaction.

    ``truncations`` holds the place and the transaction of each TRUNCATE. A state with a value that
    is not known keeps its UNCHANGED.
    """
    images = pa.concat_tables([images, *_truncated(table, mirrored, images, truncations)])
    is_logged = pc.is_in(mirrored[table.key], value_set=flat(images[table.key]))
    old = _as_images(mirrored.filter(is_logged), MIRRORED, MIRRORED, is_deleted=False)
    ordered = pa.concat_tables([old, images]).sort_by(
        [(table.key, "ascending"), (PLACE, "ascending")]
    )
    filled = _filled(table, ordered.combine_chunks())
    return _last_of_each_transaction(table, _with_one_row_a_key(table, filled))


def _truncated(
    table: SourceTable,
    mirrored: pa.Table,
    images: pa.Table,
    truncations: Sequence[tuple[int, int]],
) -> Iterator[pa.Table]:
    """Yield the deletions by each TRUNCATE. Each state is deleted by the first TRUNCATE after it,
    so there are no more deletions than states, however often the table was truncated."""
    if not truncations:
        return
    key, schema = table.key, row_schema(table)
    deleted = _deleted(key, mirrored, images, [place for place, _ in truncations])
    change_at = dict(truncations)
    for place in deleted[TRUNCATED].unique().to_pylist():
        keys = deleted.filter(pc.equal(deleted[TRUNCATED], place))[key]
        columns = [keys if f.name == key else pa.nulls(len(keys), f.type) for f in schema]
        rows = pa.table(columns, schema=schema)
        yield _as_images(rows, place, change_at[place], is_deleted=True)


def _deleted(
    key: str, mirrored: pa.Table, images: pa.Table, truncations: Sequence[int]
) -> pa.Table:
    """Return the keys, each with the places of the TRUNCATEs that follow one of its states."""
    place, type_ = pa.int64(), images[key].type
    keys = pa.chunked_array([*mirrored[key].chunks, *images[key].chunks], type_)
    before = pa.chunked_array(
        [pa.repeat(MIRRORED, mirrored.num_rows), *images[PLACE].chunks], place
    )
    states = pa.table({key: keys, PLACE: before, TRUNCATED: pa.nulls(len(keys), place)})
    at = pa.array(truncations, place)
    marks = pa.table({key: pa.nulls(len(at), type_), PLACE: at, TRUNCATED: at})
    ordered = pa.concat_tables([states, marks]).sort_by(PLACE)
    following = pc.fill_null_backward(ordered[TRUNCATED])
    ordered = ordered.set_column(2, TRUNCATED, following).select([key, TRUNCATED])
    return ordered.drop_null().group_by([key, TRUNCATED]).aggregate([])


def _as_images(rows: pa.Table, place: int, change: int, is_deleted: bool) -> pa.Table:
    values = (place, change, is_deleted, False, None)
    for field, value in zip(IMAGE, values, strict=True):
        column = pa.repeat(pa.scalar(value, field.type), rows.num_rows)
        rows = rows.append_column(field, column)
    return rows


def _filled(table: SourceTable, ordered: pa.Table) -> pa.Table:
    """Return the images with the values that were not sent, taken from the image before. Where
    there is none, the image keeps its UNCHANGED."""
    unchanged = ordered[UNCHANGED]
    if unchanged.null_count == len(unchanged):
        return ordered
    place = iota(len(unchanged))
    is_unknown = pa.repeat(False, len(unchanged))
    for number, name in enumerate(table.column_names):
        is_missing = pc.fill_null(pc.match_substring(unchanged, f",{number},"), False)
        is_of_before = pc.and_(is_missing, pc.invert(ordered[IS_INSERTED]))
        sent = pc.if_else(is_of_before, pa.scalar(None, pa.int64()), place)
        at = pc.fill_null(flat(pc.fill_null_forward(sent)), 0)
        is_same = pc.equal(ordered[table.key].take(at), ordered[table.key])
        is_absent = pc.or_(ordered[IS_DELETED].take(at), is_missing.take(at))
        is_found = pc.and_(is_same, pc.invert(is_absent))
        is_unknown = pc.or_(is_unknown, pc.and_(is_missing, pc.invert(is_found)))
        ordered = _replaced(ordered, name, ordered[name].take(at))
    absent = pa.scalar(None, pa.string())
    return _replaced(ordered, UNCHANGED, pc.if_else(is_unknown, unchanged, absent))


def _replaced(rows: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), values)


def _with_one_row_a_key(table: SourceTable, ordered: pa.Table) -> pa.Table:
    """Return the images without the deletions of rows whose key another row has taken before, as
    deferred constraints allow: if the log shows which of the two rows was deleted, the newer one
    stays. Otherwise all states of the key become AMBIGUOUS."""
    if not pc.any(is_doubled := _is_doubled(table, ordered)).as_py():
        return ordered
    place = iota(ordered.num_rows)
    newer = ordered.take(pc.max_element_wise(pc.subtract(place, 1), 0))
    older = ordered.take(pc.max_element_wise(pc.subtract(place, 2), 0))
    names = row_schema(table).names
    is_of_older = _all_of(
        ordered[IS_DELETED],
        of_before(is_doubled),
        pc.equal(ordered[table.key], newer[table.key]),
        pc.equal(ordered[CHANGE], newer[CHANGE]),
        pc.invert(differs(ordered.select(names), older.select(names))),
    )
    is_resolved = pa.concat_arrays([is_of_older[1:], pa.array([False])])
    unresolved = ordered.filter(pc.and_(is_doubled, pc.invert(is_resolved)))[table.key]
    is_ambiguous = pc.is_in(ordered[table.key], value_set=flat(unresolved))
    marked = pc.if_else(is_ambiguous, AMBIGUOUS, ordered[UNCHANGED])
    return _replaced(ordered, UNCHANGED, marked).filter(pc.invert(is_of_older))


def _is_doubled(table: SourceTable, ordered: pa.Table) -> pa.Array:
    """Return for each image whether a row comes while another one has its key."""
    is_alive = flat(pc.invert(ordered[IS_DELETED]))
    follows = pc.invert(differs_from_next(ordered[table.key]))
    return _all_of(ordered[IS_INSERTED], of_before(pc.and_(is_alive, follows)))


def _all_of(*conditions: pa.Array | pa.ChunkedArray) -> pa.Array:
    return reduce(pc.and_, map(flat, conditions))


def _last_of_each_transaction(table: SourceTable, ordered: pa.Table) -> pa.Table:
    is_last = pc.or_(differs_from_next(ordered[table.key]), differs_from_next(ordered[CHANGE]))
    return ordered.filter(is_last)
