"""The messages of pgoutput, byte by byte as PostgreSQL's manual describes them."""

from contextlib import suppress
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_lambda.source.log.messages import (
    Begin,
    Commit,
    Ignored,
    Message,
    Relation,
    Truncate,
    UnreadableLog,
    decode,
)

pytestmark = pytest.mark.lambda_runtime

EVERY = {
    b"B" + bytes.fromhex("00000000016b3748 0002cd7c3a5b0000 000002ee"): Begin(0x16B3748, 750),
    b"C" + bytes.fromhex("00 00000000016b3748 00000000016b3778 0002cd7c3a5b0000"): Commit(
        0x16B3748, 0x16B3778
    ),
    b"O" + bytes.fromhex("00000000016b3748") + b"elsewhere\0": Ignored("origin"),
    b"Y" + bytes.fromhex("00004010") + b"public\0mood\0": Ignored("type"),
    b"R" + bytes.fromhex("00004000") + b"public\0staff\0d" + bytes.fromhex("0002 01") + b"id\0"
    + bytes.fromhex("00000017 ffffffff 00") + b"name\0" + bytes.fromhex("00000019 ffffffff"):
        Relation(0x4000, "public", "staff", "d", ("id", "name")),
    b"R" + bytes.fromhex("00004000") + b"\0pg_class\0n" + bytes.fromhex("0000"): Relation(
        0x4000, "pg_catalog", "pg_class", "n", ()
    ),
    b"T" + bytes.fromhex("00000002 01 00004000 00004001"): Truncate((0x4000, 0x4001)),
}  # fmt: skip


@pytest.mark.parametrize(("data", "message"), EVERY.items(), ids=lambda x: repr(x)[:30])
def test_message_is_decoded_wherever_it_is_in_its_block(data: bytes, message: Message):
    assert decode(data, 0, len(data)) == message
    assert decode(b"before" + data + b"after", 6, 6 + len(data)) == message


@pytest.mark.parametrize("data", EVERY, ids=lambda x: repr(x)[:30])
def test_message_that_is_too_short_or_too_long_is_unreadable(data: bytes):
    for end in range(len(data)):
        with pytest.raises(UnreadableLog):
            decode(data[:end], 0, end)
    with pytest.raises(UnreadableLog):
        decode(data + b"\0", 0, len(data) + 1)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_unreadable(data: bytes):
    with suppress(UnreadableLog):
        assert isinstance(decode(data, 0, len(data)), Message)


def test_name_that_is_not_text_is_unreadable():
    data = b"Y" + pack(">I", 1) + b"\xff\0\xfe\0"
    with pytest.raises(UnreadableLog):
        decode(data, 0, len(data))
