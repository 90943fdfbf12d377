"""The rows of the log's messages, in the schema of their contract."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from contracts import SourceTable
from contracts.arrow import row_schema
from ingestion_lambda.source.conform import conform
from ingestion_lambda.source.log.messages import NEW, TUPLE_AT, UPDATE, Relation, UnreadableLog
from ingestion_lambda.source.log.tuples import Cells, Tuples

PLACE, CHANGE, IS_DELETED, UNCHANGED = "_place", "_change", "_is_deleted", "_unchanged"
IMAGE = (
    pa.field(PLACE, pa.int64()),
    pa.field(CHANGE, pa.int32()),
    pa.field(IS_DELETED, pa.bool_()),
    pa.field(UNCHANGED, pa.string()),
)
"""Columns of an image after those of the row: its place in the log, the number of its transaction,
whether the row is gone, and the columns whose large value did not change and was not sent, by
number, as ``,3,7,``."""

WITH_ZONE, PADDED = "timestamptz", "bpchar"
ZONE = r"[+-]\d\d(?::\d\d){0,2}( BC)?$"
"""The end of a time with its zone. The time before it is in the zone of the session."""


class Mark(NamedTuple):
    """The message of a row: its operation, its bytes, its number in the log and the number of its
    transaction."""

    op: int
    start: int
    end: int
    number: int
    change: int


def image_schema(table: SourceTable) -> pa.Schema:
    """Return the schema of an image: a row as one change left it."""
    return pa.schema([*row_schema(table), *IMAGE])


@dataclass
class RowGroup:
    """Messages of one table in one block of the log, all described by one ``relation``; ``types``
    are the types of the table's columns at the source."""

    table: SourceTable
    types: Mapping[str, str]
    relation: Relation
    marks: list[Mark] = field(default_factory=list)

    def images(self, data: bytes) -> Iterator[pa.RecordBatch]:
        """Yield the images that the messages in ``data`` describe. An update that changes the key
        is also the deletion of the old key. Raises UnreadableLog."""
        with_old = [mark for mark in self.marks if data[mark.start + TUPLE_AT] != NEW]
        only_new = [mark for mark in self.marks if data[mark.start + TUPLE_AT] == NEW]
        if only_new:
            new = self._tuples(data, [mark.start + TUPLE_AT + 1 for mark in only_new])
            yield self._images(new, only_new)
        if with_old:
            yield from self._images_with_old(data, with_old)

    def _images_with_old(self, data: bytes, marks: Sequence[Mark]) -> Iterator[pa.RecordBatch]:
        old = self._tuples(data, [mark.start + TUPLE_AT + 1 for mark in marks])
        keys, ends = self._cells(old, self.table.key).texts, old.ends.to_pylist()
        is_update = pa.array([mark.op == UPDATE for mark in marks])
        deleted = [mark for mark in marks if mark.op != UPDATE]
        updated = [mark for mark in marks if mark.op == UPDATE]
        _check_ends(old.ends.filter(pc.invert(is_update)), deleted)
        yield self._deletions(keys.filter(pc.invert(is_update)), deleted)
        if updated:
            starts = [end for mark, end in zip(marks, ends, strict=True) if mark.op == UPDATE]
            if any(data[start : start + 1] != bytes([NEW]) for start in starts):
                raise UnreadableLog("an update ends after its old row")
            new = self._tuples(data, [start + 1 for start in starts])
            yield self._images(new, updated)
            before = keys.filter(is_update)
            is_moved = pc.not_equal(before, self._cells(new, self.table.key).texts)
            moved = [m for m, is_ in zip(updated, is_moved.to_pylist(), strict=True) if is_]
            yield self._deletions(before.filter(is_moved), moved)

    def _tuples(self, data: bytes, starts: Sequence[int]) -> Tuples:
        return Tuples(data, pa.array(starts, pa.int64()), len(self.relation.columns))

    def _images(self, tuples: Tuples, marks: Sequence[Mark]) -> pa.RecordBatch:
        _check_ends(tuples.ends, marks)
        cells = [self._cells(tuples, name) for name in self.table.column_names]
        texts = [
            _plain(cell.texts, self.types.get(name, ""))
            for name, cell in zip(self.table.column_names, cells, strict=True)
        ]
        unchanged = _numbers([cell.unchanged for cell in cells])
        return self._batch(texts, marks, [mark.number * 2 + 1 for mark in marks], unchanged)

    def _deletions(self, keys: pa.Array, marks: Sequence[Mark]) -> pa.RecordBatch:
        """Return the images of deleted rows, which have a key and nothing else."""
        nothing = pa.nulls(len(marks), pa.binary())
        cells = [keys if name == self.table.key else nothing for name in self.table.column_names]
        return self._batch(cells, marks, [mark.number * 2 for mark in marks], None)

    def _batch(
        self,
        cells: Sequence[pa.Array],
        marks: Sequence[Mark],
        places: Sequence[int],
        unchanged: pa.Array | None,
    ) -> pa.RecordBatch:
        named = pa.RecordBatch.from_arrays(list(cells), names=list(self.table.column_names))
        rows, is_deleted = conform(named, self.table), unchanged is None
        if rows.column(self.table.key).null_count:
            raise UnreadableLog(f"a row of {self.table.name} has no key")
        image = [
            pa.array(places, pa.int64()),
            pa.array([mark.change for mark in marks], pa.int32()),
            pa.repeat(is_deleted, len(marks)),
            pa.nulls(len(marks), pa.string()) if unchanged is None else unchanged,
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


def _numbers(unchanged: Sequence[pa.BooleanArray]) -> pa.Array:
    """Return for each row the numbers of its unchanged columns."""
    absent, rows = pa.scalar(None, pa.string()), len(unchanged[0])
    parts = [
        pc.if_else(column, f"{number},", absent)
        for number, column in enumerate(unchanged)
        if pc.any(column).as_py()
    ]
    if not parts:
        return pa.nulls(rows, pa.string())
    comma = pa.repeat(",", rows)
    every = pc.binary_join_element_wise(comma, *parts, "", null_handling="skip")
    return pc.if_else(pc.equal(every, ","), absent, every)


def _check_ends(ends: pa.Array, marks: Sequence[Mark]) -> None:
    if ends.to_pylist() != [mark.end for mark in marks]:
        raise UnreadableLog("a row does not end with its message")
