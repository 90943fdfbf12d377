"""The values of many rows at once, from the part TupleData of pgoutput's messages.

A tuple is the number of its columns, and for each the letter n (NULL), u (a large value that did
not change and is not sent) or t, a length and a text.
"""

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ingestion_lambda.source.log.bytes import Bytes
from ingestion_lambda.source.log.messages import UnreadableLog

NULL, UNCHANGED, TEXT = b"nut"
COUNT, LENGTH = 2, 4


class Cells(NamedTuple):
    """A column of the tuples: its texts, NULL where there is none, and where that is because the
    value did not change."""

    texts: pa.BinaryArray
    unchanged: pa.BooleanArray


class Tuples:
    """Tuples that begin at the increasing offsets ``starts``, each with ``width`` columns."""

    def __init__(self, data: Bytes, starts: pa.Array, width: int) -> None:
        self._data = data
        self._columns: list[tuple[pa.Array, pa.Array, pa.Array]] = []
        at = pc.add(starts, COUNT)
        try:
            if not _all(pc.equal(data.numbers(starts, COUNT), width)):
                raise UnreadableLog(f"a row does not have the {width} columns of its table")
            for _ in range(width):
                at = self._read_column(at)
        except pa.ArrowIndexError as wrong:
            raise UnreadableLog("a row ends within a column") from wrong
        self.ends = at

    def column(self, number: int) -> Cells:
        """Return the column, in the order of the tuples."""
        kind, begins, ends = self._columns[number]
        texts = self._data.slices(begins, ends)
        is_text = pc.equal(kind, TEXT)
        absent = pa.scalar(None, pa.binary())
        values = texts if _all(is_text) else pc.if_else(is_text, texts, absent)
        return Cells(values, pc.equal(kind, UNCHANGED))

    def _read_column(self, at: pa.Array) -> pa.Array:
        kind = self._data.take(at)
        is_text = pc.equal(kind, TEXT)
        if not _all(pc.or_(is_text, pc.is_in(kind, pa.array([NULL, UNCHANGED], pa.uint8())))):
            raise UnreadableLog("a column is neither text, NULL nor unchanged")
        after = pc.add(at, 1)
        if _all(is_text):
            begins = pc.add(after, LENGTH)
            ends = pc.add(begins, self._data.numbers(after, LENGTH))
        else:
            texts = pc.if_else(is_text, after, pa.scalar(None, pa.int64()))
            begins = pc.if_else(is_text, pc.add(after, LENGTH), after)
            ends = pc.add(begins, pc.fill_null(self._data.numbers(texts, LENGTH), 0))
        if (pc.max(ends).as_py() or 0) > len(self._data):
            raise UnreadableLog("a row ends within a column")
        self._columns.append((kind, begins, ends))
        return ends


def _all(condition: pa.Array) -> bool:
    return bool(pc.all(condition, min_count=0).as_py())
