"""The rows of the log's messages, in the schema of their contract."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from contracts import SourceTable
from contracts.arrow import row_schema
from ingestion_lambda.source.conform import conform
from ingestion_lambda.source.log.bytes import Bytes
from ingestion_lambda.source.log.messages import (
    DELETE,
    INSERT,
    KEY,
    NEW,
    OLD,
    TUPLE_AT,
    UPDATE,
    Relation,
    UnreadableLog,
)
from ingestion_lambda.source.log.tuples import Cells, Tuples

PLACE, CHANGE, UNCHANGED = "_place", "_change", "_unchanged"
IS_DELETED, IS_INSERTED = "_is_deleted", "_is_inserted"
IMAGE = (
    pa.field(PLACE, pa.int64()),
    pa.field(CHANGE, pa.int32()),
    pa.field(IS_DELETED, pa.bool_()),
    pa.field(IS_INSERTED, pa.bool_()),
    pa.field(UNCHANGED, pa.string()),
)
"""Columns of an image after those of the row: its place in the log, the number of its transaction,
whether the row is gone or came, also from another key, and the columns whose large value did not
change and was not sent, by number, as ``,3,7,``."""

OLD_LETTERS = pa.array([KEY, OLD], pa.uint8())
WITH_ZONE, PADDED = "timestamptz", "bpchar"
ZONE = r"[+-]\d\d(?::\d\d){0,2}( BC)?$"
"""The end of a time with its zone. The time before it is in the zone of the session."""


def image_schema(table: SourceTable) -> pa.Schema:
    """Return the schema of an image: a row as one change left it."""
    return pa.schema([*row_schema(table), *IMAGE])


MESSAGE = ("op", "start", "end", "number", "change")
"""Columns of the messages of rows: the operation, the offsets, the number of the message in the
log, and that of its transaction."""


@dataclass(frozen=True)
class RowReader:
    """Reads messages of one table that one ``relation`` describes; ``types`` are the types of the
    table's columns at the source."""

    table: SourceTable
    types: Mapping[str, str]
    relation: Relation

    def images(self, data: Bytes, messages: pa.Table) -> Iterator[pa.RecordBatch]:
        """Yield the images that the messages in ``data`` describe. An update that changes the key
        is also the deletion of the old key. Raises UnreadableLog."""
        letter = data.take(pc.add(messages["start"], TUPLE_AT))
        is_new, is_old = pc.equal(letter, NEW), pc.is_in(letter, OLD_LETTERS)
        is_insert, is_delete = (pc.equal(messages["op"], op) for op in (INSERT, DELETE))
        wrong = pc.or_(pc.and_(is_insert, is_old), pc.and_(is_delete, is_new))
        if pc.any(pc.or_(wrong, pc.invert(pc.or_(is_new, is_old)))).as_py():
            raise UnreadableLog("a row has a tuple that its operation does not have")
        if (new := messages.filter(is_new)).num_rows:
            tuples = self._tuples(data, pc.add(new["start"], TUPLE_AT + 1))
            yield self._images(tuples, new, pc.equal(new["op"], INSERT))
        if (old := messages.filter(is_old)).num_rows:
            yield from self._images_with_old(data, old)

    def _images_with_old(self, data: Bytes, messages: pa.Table) -> Iterator[pa.RecordBatch]:
        old = self._tuples(data, pc.add(messages["start"], TUPLE_AT + 1))
        is_update = pc.equal(messages["op"], UPDATE).combine_chunks()
        is_deletion = pc.invert(is_update)
        deleted, updated = messages.filter(is_deletion), messages.filter(is_update)
        _check_ends(old.ends.filter(is_deletion), deleted)
        yield self._deletions(old, is_deletion, deleted)
        if updated.num_rows:
            letters = old.ends.filter(is_update)
            if not pc.all(pc.equal(data.take(letters), NEW)).as_py():
                raise UnreadableLog("an update ends after its old row")
            new = self._tuples(data, pc.add(letters, 1))
            before = self._cells(old, self.table.key).texts.filter(is_update)
            is_moved = pc.not_equal(before, self._cells(new, self.table.key).texts)
            yield self._images(new, updated, is_moved)
            place = pc.indices_nonzero(is_update).filter(is_moved)
            yield self._deletions(old, place, updated.filter(is_moved))

    def _tuples(self, data: Bytes, starts: pa.ChunkedArray) -> Tuples:
        flat = starts.combine_chunks() if isinstance(starts, pa.ChunkedArray) else starts
        return Tuples(data, flat, len(self.relation.columns))

    def _images(
        self, tuples: Tuples, messages: pa.Table, is_inserted: pa.Array | pa.ChunkedArray
    ) -> pa.RecordBatch:
        _check_ends(tuples.ends, messages)
        cells = [self._cells(tuples, name) for name in self.table.column_names]
        unchanged = _numbers([cell.unchanged for cell in cells], messages.num_rows)
        return self._batch(self._texts(cells), messages, unchanged, is_inserted)

    def _deletions(self, old: Tuples, which: pa.Array, messages: pa.Table) -> pa.RecordBatch:
        """Return the images of deleted rows: their key and, if the log has them, other values."""
        cells = [self._cells(old, name) for name in self.table.column_names]
        select = pa.Array.filter if pa.types.is_boolean(which.type) else pa.Array.take
        texts = [select(text, which) for text in self._texts(cells)]
        return self._batch(texts, messages, None, pa.repeat(False, messages.num_rows))

    def _texts(self, cells: Sequence[Cells]) -> list[pa.Array]:
        return [
            _plain(cell.texts, self.types.get(name, ""))
            for name, cell in zip(self.table.column_names, cells, strict=True)
        ]

    def _batch(
        self,
        cells: Sequence[pa.Array],
        messages: pa.Table,
        unchanged: pa.Array | None,
        is_inserted: pa.Array | pa.ChunkedArray,
    ) -> pa.RecordBatch:
        """Return the images; the deletion of an old key comes before the image of the new one."""
        named = pa.RecordBatch.from_arrays(list(cells), names=list(self.table.column_names))
        rows, count, is_deleted = conform(named, self.table), messages.num_rows, unchanged is None
        if rows.column(self.table.key).null_count:
            raise UnreadableLog(f"a row of {self.table.name} has no key")
        image = [
            pc.add(pc.multiply(messages["number"], 2), 0 if is_deleted else 1).combine_chunks(),
            messages["change"].combine_chunks().cast(pa.int32()),
            pa.repeat(is_deleted, count),
            _flat(is_inserted),
            pa.nulls(count, pa.string()) if unchanged is None else unchanged,
        ]
        return pa.RecordBatch.from_arrays([*rows.columns, *image], schema=image_schema(self.table))

    def _cells(self, tuples: Tuples, column: str) -> Cells:
        try:
            return tuples.column(self.relation.columns.index(column))
        except ValueError:
            name = self.table.name
            raise UnreadableLog(f"the log of {name} does not have the column {column}") from None


def _plain(texts: pa.Array, source_type: str) -> pa.Array:
    """Return the texts as the poll reads them: without the blanks that pad them, or without the
    zone that a time ends with."""
    if source_type == PADDED:
        return pc.utf8_rtrim(texts.cast(pa.string()), characters=" ")
    if source_type == WITH_ZONE:
        return pc.replace_substring_regex(texts.cast(pa.string()), ZONE, r"\1")
    return texts


def _numbers(unchanged: Sequence[pa.BooleanArray | None], rows: int) -> pa.Array:
    """Return for each row the numbers of its unchanged columns."""
    absent = pa.scalar(None, pa.string())
    parts = [
        pc.if_else(column, f"{number},", absent)
        for number, column in enumerate(unchanged)
        if column is not None
    ]
    if not parts:
        return pa.nulls(rows, pa.string())
    comma = pa.repeat(",", rows)
    every = pc.binary_join_element_wise(comma, *parts, "", null_handling="skip")
    return pc.if_else(pc.equal(every, ","), absent, every)


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _check_ends(ends: pa.Array, messages: pa.Table) -> None:
    if not pc.all(pc.equal(ends, messages["end"].combine_chunks()), min_count=0).as_py():
        raise UnreadableLog("a row does not end with its message")
