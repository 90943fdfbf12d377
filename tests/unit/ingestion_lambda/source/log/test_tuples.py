"""The values of rows in TupleData: text, NULL, and large values that are not sent."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_lambda.source.log.bytes import Bytes
from ingestion_lambda.source.log.messages import UnreadableLog
from ingestion_lambda.source.log.tuples import Tuples
from tests.pgoutput import row

pytestmark = pytest.mark.lambda_runtime

cells = st.one_of(st.binary(max_size=20), st.none(), st.just(...))
tables = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.tuples(*[cells] * width), min_size=1, max_size=20)
)


def tuples(rows: list[bytes], width: int, between: bytes = b"") -> Tuples:
    data, starts = b"", []
    for one in rows:
        data += between
        starts.append(len(data))
        data += one
    return Tuples(Bytes(data), pa.array(starts, pa.int64()), width)


@given(tables, st.binary(max_size=3))
def test_every_value_is_read_as_it_was_sent(table: list[tuple[Any, ...]], between: bytes):
    width = len(table[0])
    read = tuples([row(*cells) for cells in table], width, between)
    for number in range(width):
        column = read.column(number)
        sent = [one[number] for one in table]
        assert column.texts.to_pylist() == [c if isinstance(c, bytes) else None for c in sent]
        unchanged = column.unchanged.to_pylist() if column.unchanged else [False] * len(sent)
        assert unchanged == [c is ... for c in sent]


def test_ends_are_the_offsets_after_the_tuples():
    rows = [row(b"one", None), row(b"", ...)]
    assert tuples(rows, 2).ends.to_pylist() == [len(rows[0]), len(rows[0]) + len(rows[1])]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (row(b"1", b"2", b"3"), "2 columns"),
        (row(b"1"), "2 columns"),
        (b"\0\2nx", "neither"),
        (b"\0\2nb\0\0\0\1x", "neither"),  # binary values are only sent if the reader asks for them
        (row(b"1", b"234")[:-1], "ends within"),
        (row(b"1", b"234")[:4], "ends within"),
        (b"\0", "2 columns"),
        (b"\0\2nt\xff\xff\xff\xff", "ends within"),
    ],
)
def test_bytes_that_are_no_tuple_are_unreadable(data: bytes, reason: str):
    with pytest.raises(UnreadableLog, match=reason):
        tuples([data], 2)
