"""The log as a temporary file: what a replication slot shows, without moving it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from struct import Struct
from typing import BinaryIO, NamedTuple

from ingestion_lambda.source.log.messages import UnreadableLog
from postgres import Connection, Sql, names, render, value

# The first message of a transaction has the time of its commit, in microseconds since 2000 in UTC.
# The server converts it, so that it has the same zone and the same rules as every other time.
PEEK = """
COPY (
    SELECT data, CASE WHEN get_byte(data, 0) = 66 THEN (
        timestamptz '2000-01-01 00:00:00+00' + interval '1 microsecond'
        * ('x' || encode(substr(data, 10, 8), 'hex'))::bit(64)::bigint)::timestamp END
    FROM pg_logical_slot_peek_binary_changes(
        {slot}, {upto}, NULL, 'proto_version', '1', 'publication_names', {publications})
) TO STDOUT (FORMAT binary)
"""

SIGNATURE = b"PGCOPY\n\xff\r\n\0"
HEADER = Struct(">11sII")
RECORD, LENGTH, TIME = Struct(">hi"), Struct(">i"), Struct(">q")
TRAILER = b"\xff\xff"
FIELDS = 2
TIME_MISSING = -1

EPOCH = 946_684_800_000_000
"""2000-01-01, in microseconds since 1970."""

BLOCK = 1 << 22
"""Bytes of the file in memory at a time, unless a message is larger."""


class Record(NamedTuple):
    """A message at ``data[start:end]`` of its block. ``committed_at`` is the time of a Begin, in
    microseconds since 1970 on the source's clock."""

    start: int
    end: int
    committed_at: int | None


class Block(NamedTuple):
    """A part of the log with its messages."""

    data: bytes
    records: list[Record]


@contextmanager
def spool_log(connection: Connection, slot: str, publication: str, upto: str) -> Iterator[BinaryIO]:
    """Write the transactions that committed after the slot's position, up to the LSN ``upto`` at
    least, to a file that exists for the block. The slot stays where it is."""
    publications = value(str(names([publication])))
    with tempfile.TemporaryFile() as file:
        copy = render(PEEK, slot=value(slot), upto=value(upto), publications=publications)
        connection.run(Sql(copy.strip()), stream=file)
        file.seek(0)
        yield file


def read_blocks(file: BinaryIO, size: int = BLOCK) -> Iterator[Block]:
    """Yield the messages in the file of ``spool_log``. Raises UnreadableLog."""
    header = file.read(HEADER.size)
    if len(header) < HEADER.size or HEADER.unpack(header)[0] != SIGNATURE:
        raise UnreadableLog("the log does not begin as a binary COPY")
    data = b""
    while part := file.read(max(size, len(data))):  # a message larger than a block doubles it
        data += part
        records, rest = _records(data)
        if records:
            yield Block(data, records)
        data = data[rest:]
    if data != TRAILER:
        raise UnreadableLog("the log ends within a message")


def _records(data: bytes) -> tuple[list[Record], int]:
    """Return the complete messages, and the offset after them."""
    records, at, last = list[Record](), 0, len(data) - RECORD.size - LENGTH.size
    while at <= last:
        fields, length = RECORD.unpack_from(data, at)
        if fields != FIELDS or length < 0:
            raise UnreadableLog("the log has a row without a message")
        start = at + RECORD.size
        end = start + length
        if end > last + RECORD.size:
            break
        [size] = LENGTH.unpack_from(data, end)
        after = end + LENGTH.size
        if size == TIME_MISSING:
            records.append(Record(start, end, None))
            at = after
        elif after + TIME.size > len(data):
            break
        else:
            records.append(Record(start, end, TIME.unpack_from(data, after)[0] + EPOCH))
            at = after + TIME.size
    return records, at
