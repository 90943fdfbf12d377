"""The values of many rows at once, from the part TupleData of pgoutput's messages.

A tuple is the number of its columns, and for each the letter n (NULL), u (a large value that did
not change and is not sent) or t, a length and a text.
"""

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ingestion_lambda.source.log.messages import UnreadableLog

NULL, UNCHANGED, TEXT = b"nut"
LENGTH = 4


class Cells(NamedTuple):
    """A column of the tuples: its texts, NULL where there is none, and where that is because the
    value did not change."""

    texts: pa.BinaryArray
    unchanged: pa.BooleanArray


class Tuples:
    """Tuples in ``data`` that begin at the offsets ``starts``, each with ``width`` columns.

    Every step reads one column of all tuples, which takes a tenth of the time of a loop over rows.
    """

    def __init__(self, data: bytes, starts: pa.Array, width: int) -> None:
        self._data = data
        self._bytes = pa.Array.from_buffers(pa.uint8(), len(data), [None, pa.py_buffer(data)])
        self._columns: list[tuple[pa.Array, pa.Array, pa.Array]] = []
        at = pc.add(starts, 2)
        try:
            if not _all(pc.equal(self._number(starts, 2), width)):
                raise UnreadableLog(f"a row does not have the {width} columns of its table")
            for _ in range(width):
                at = self._read_column(at)
        except pa.ArrowIndexError as wrong:
            raise UnreadableLog("a row ends within a column") from wrong
        self.ends = at

    def column(self, number: int) -> Cells:
        """Return the column, in the order of the tuples."""
        kind, begins, ends = self._columns[number]
        texts = _slices(self._data, begins, ends)
        is_text = pc.equal(kind, TEXT)
        absent = pa.scalar(None, pa.binary())
        values = texts if _all(is_text) else pc.if_else(is_text, texts, absent)
        return Cells(values, pc.equal(kind, UNCHANGED))

    def _read_column(self, at: pa.Array) -> pa.Array:
        kind = self._bytes.take(at)
        is_text = pc.equal(kind, TEXT)
        if not _all(pc.or_(is_text, pc.is_in(kind, pa.array([NULL, UNCHANGED], pa.uint8())))):
            raise UnreadableLog("a column is neither text, NULL nor unchanged")
        after = pc.add(at, 1)
        if _all(is_text):
            begins = pc.add(after, LENGTH)
            ends = pc.add(begins, self._number(after, LENGTH))
        else:
            texts = pc.if_else(is_text, after, pa.scalar(None, pa.int64()))
            begins = pc.if_else(is_text, pc.add(after, LENGTH), after)
            ends = pc.add(begins, pc.fill_null(self._number(texts, LENGTH), 0))
        if pc.max(ends).as_py() > len(self._data):
            raise UnreadableLog("a row ends within a column")
        self._columns.append((kind, begins, ends))
        return ends

    def _number(self, at: pa.Array, size: int) -> pa.Array:
        """Return the big-endian numbers of ``size`` bytes at the offsets."""
        number = self._bytes.take(at).cast(pa.int64())
        for offset in range(1, size):
            following = self._bytes.take(pc.add(at, offset)).cast(pa.int64())
            number = pc.bit_wise_or(pc.shift_left(number, 8), following)
        return number


def _slices(data: bytes, begins: pa.Array, ends: pa.Array) -> pa.Array:
    """Return ``data[begin:end]`` for each pair; the pairs increase and do not overlap.

    The offsets b0 e0 b1 e1 ... divide the bytes into slices and the bytes between them.
    """
    count = len(begins)
    order = pa.array([place for row in range(count) for place in (row, count + row)], pa.int64())
    offsets = pa.concat_arrays([begins, ends]).take(order).cast(pa.int32())
    buffers = [None, offsets.buffers()[1], pa.py_buffer(data)]
    every = pa.Array.from_buffers(pa.binary(), 2 * count - 1, buffers)
    return every.take(pa.array(range(0, 2 * count, 2), pa.int64()))


def _all(condition: pa.Array) -> bool:
    return bool(pc.all(condition, min_count=0).as_py())
