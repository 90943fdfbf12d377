"""The values of many rows at once, from the part TupleData of pgoutput's messages.

A tuple is the number of its columns, and for each the letter n (NULL), u (a large value that did
not change and is not sent) or t, a length and a text.
"""

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ingestion_lambda.source.log.bytes import Bytes
from ingestion_lambda.source.log.messages import UnreadableLog

NULL, UNCHANGED, TEXT = LETTERS = b"nut"
COUNT = 2
HEAD, LENGTH = 5, 0xFFFFFFFF
"""Bytes of a column before its text: the letter and the length, which are one number."""


class Cells(NamedTuple):
    """A column of the tuples: its texts, NULL where there is none, and where that is because the
    value did not change, None if nowhere."""

    texts: pa.BinaryArray
    unchanged: pa.BooleanArray | None = None


class Tuples:
    """Tuples that begin at the increasing offsets ``starts``, each with ``width`` columns."""

    def __init__(self, data: Bytes, starts: pa.Array, width: int) -> None:
        self._data = data
        self._columns: list[tuple[pa.Array | None, pa.Array, pa.Array]] = []
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
        letters, begins, ends = self._columns[number]
        texts = self._data.slices(begins, ends)
        if letters is None:
            return Cells(texts)
        values = pc.if_else(pc.equal(letters, TEXT), texts, pa.scalar(None, pa.binary()))
        return Cells(values, pc.equal(letters, UNCHANGED))

    def _read_column(self, at: pa.Array) -> pa.Array:
        """Return where the next column begins. Its letters are kept unless all are TEXT."""
        head = self._data.numbers(at, HEAD)
        letters, begins = pc.shift_right(head, 32), pc.add(at, HEAD)
        ends = pc.add(begins, pc.bit_wise_and(head, LENGTH))
        is_text = pc.equal(letters, TEXT)
        if is_all := _all(is_text):
            self._columns.append((None, begins, ends))
        else:
            begins, ends = (pc.if_else(is_text, each, pc.add(at, 1)) for each in (begins, ends))
            self._columns.append((letters, begins, ends))
        if not (is_all or _all(pc.is_in(letters, pa.array(LETTERS, pa.int64())))):
            raise UnreadableLog("a column is neither text, NULL nor unchanged")
        if (pc.max(ends).as_py() or 0) > len(self._data):
            raise UnreadableLog("a row ends within a column")
        return ends


def _all(condition: pa.Array) -> bool:
    return bool(pc.all(condition, min_count=0).as_py())
