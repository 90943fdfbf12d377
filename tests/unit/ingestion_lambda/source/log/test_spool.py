"""The spooled log: a binary COPY, read in blocks of any size."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_lambda.source.log.messages import UnreadableLog
from ingestion_lambda.source.log.spool import read_blocks
from tests.pgoutput import TIME, begin, commit, copied, insert

pytestmark = pytest.mark.lambda_runtime

UNIX_TIME = TIME + 946_684_800_000_000
messages = st.lists(st.one_of(st.just(begin()), st.just(commit()), st.binary(max_size=80)))


def read(data: bytes, size: int) -> list[tuple[bytes, int | None]]:
    blocks = read_blocks(io.BytesIO(data), size)
    return [(b.data[r.start : r.end], r.committed_at) for b in blocks for r in b.records]


@given(messages, st.integers(1, 200))
def test_messages_are_the_same_whatever_the_size_of_a_block(messages: list[bytes], size: int):
    sent = [m for m in messages if m[:1] != b"B" or m == begin()]
    expected = [(m, UNIX_TIME if m == begin() else None) for m in sent]
    assert read(copied(*sent), size) == expected


def test_message_larger_than_a_block_is_read_whole():
    large = insert(1, "x" * 10_000)
    assert read(copied(begin(), large, commit()), 64)[1] == (large, None)


def test_log_that_ends_anywhere_but_at_its_end_is_unreadable():
    whole = copied(begin(), insert(1, "x"), commit())
    for end in range(len(whole)):
        with pytest.raises(UnreadableLog):
            read(whole[:end], 1 << 20)


def test_row_without_a_message_is_unreadable():
    with pytest.raises(UnreadableLog, match="without a message"):
        read(copied(b"")[:-2] + b"\0\2\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1 << 20)
