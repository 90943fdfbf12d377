"""The spooled log: a binary COPY, read in blocks of any size."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_lambda.source.log.messages import UnreadableLog
from ingestion_lambda.source.log.spool import EPOCH, read_blocks
from tests.pgoutput import TIME, begin, commit, copied, insert

pytestmark = pytest.mark.lambda_runtime

UNIX_TIME = TIME + EPOCH
messages = st.lists(st.one_of(st.just(begin()), st.just(commit()), st.binary(max_size=80)))


def read(data: bytes, size: int) -> list[tuple[bytes, int]]:
    return [
        (block.bytes.data[start:end], block.committed_at(number))
        for block in read_blocks(io.BytesIO(data), size)
        for number, (start, end) in enumerate(
            zip(block.starts.to_pylist(), block.ends.to_pylist(), strict=True)
        )
    ]


@given(messages, st.integers(1, 200), st.integers(1, 5))
def test_messages_are_the_same_whatever_the_size_of_a_block(
    messages: list[bytes], size: int, together: int
):
    sent = [m for m in messages if m[:1] != b"B" or m == begin()]
    expected = [(m, UNIX_TIME if m == begin() else EPOCH) for m in sent]
    assert read(copied(*sent, together=together), size) == expected


def test_log_that_ends_anywhere_but_at_its_end_is_unreadable():
    whole = copied(begin(), insert(1, "x"), commit(), together=2)
    for end in range(len(whole)):
        with pytest.raises(UnreadableLog):
            read(whole[:end], 1 << 20)


def test_lengths_that_are_not_those_of_the_messages_are_unreadable():
    whole = copied(begin())
    with pytest.raises(UnreadableLog, match="lengths"):
        read(whole.replace(b"\0\0\0\x15\0", b"\0\0\0\x16\0", 1), 1 << 20)
