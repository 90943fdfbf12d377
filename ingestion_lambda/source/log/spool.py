"""The log as a temporary file: what a replication slot shows, without moving it."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from struct import Struct
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pg8000.exceptions import DatabaseError

from ingestion_lambda.source.log.access import SlotAccess
from ingestion_lambda.source.log.bytes import Bytes, iota
from ingestion_lambda.source.log.messages import UnreadableLog
from postgres import Connection, Sql, render, sqlstate

# A row holds many messages, because the driver takes longer for a row than the server for a
# message; but it is in memory, so that a large message ends the query by a division by zero, and a
# second query sends each message in a row of its own. A window that lets each large message begin
# a row would take a third of the query's time. The first message of a transaction has the time of
# its commit, in microseconds since 2000 in UTC. The server converts it, so that it has the same
# zone and rules as every other time.
PEEK = """
COPY (
    SELECT string_agg(int4send(octet_length(data))
                      || coalesce(timestamp_send(committed_at), {unknown}), ''::bytea ORDER BY n),
           string_agg(data, ''::bytea ORDER BY n)
    FROM (
        SELECT data, n, n / {together} AS part, CASE WHEN get_byte(data, 0) = 66 THEN (
            timestamptz '2000-01-01 00:00:00+00' + interval '1 microsecond'
            * ('x' || encode(substr(data, 10, 8), 'hex'))::bit(64)::bigint)::timestamp
            END AS committed_at
        FROM {log} WITH ORDINALITY AS log (lsn, xid, data, n)
    ) AS messages
    GROUP BY part ORDER BY part
) TO STDOUT (FORMAT binary)
"""
TOGETHER = Sql("CASE WHEN octet_length(data) > 16384 THEN 0 ELSE 256 END")
"""The messages in a row, unless one has more bytes."""

ALONE, DIVISION_BY_ZERO = Sql("1"), "22012"
SORT_IN_MEMORY = "SET work_mem TO '64MB'"
"""Memory of the session for the messages of about 300,000 rows; more are sorted on its disk."""

SIGNATURE = b"PGCOPY\n\xff\r\n\0"
HEADER, FIELDS, LENGTH = Struct(">11sII"), Struct(">h"), Struct(">i")
TRAILER = b"\xff\xff"
MESSAGE_HEADER = 12
"""Bytes before each message, in the first field: its length, and the time of its commit or 0."""

EPOCH = 946_684_800_000_000
"""2000-01-01, in microseconds since 1970."""

BLOCK = 1 << 22
"""Bytes of messages in memory at a time, unless a row has more."""


class Block:
    """Messages of the log, one after the other in ``bytes``, from the offsets ``starts`` to
    ``ends``; the two fields of each row of the file."""

    def __init__(self, headers: Sequence[bytes], messages: Sequence[bytes]) -> None:
        self._headers, self.bytes = Bytes(*headers), Bytes(*messages)
        at = pc.multiply(iota(len(self._headers) // MESSAGE_HEADER), MESSAGE_HEADER)
        lengths = self._headers.numbers(at, LENGTH.size)
        self.ends = pc.cumulative_sum(lengths)
        self.starts = pc.subtract(self.ends, lengths)
        is_whole = len(self._headers) % MESSAGE_HEADER == 0
        if not is_whole or (pc.sum(lengths).as_py() or 0) != len(self.bytes):
            raise UnreadableLog("the lengths of messages are not those of the log")

    def __len__(self) -> int:
        return len(self.starts)

    def committed_at(self, message: int) -> int:
        """Return the time of a Begin, in microseconds since 1970 on the source's clock."""
        at = pa.array([message * MESSAGE_HEADER + LENGTH.size], pa.int64())
        return int(self._headers.numbers(at, 8)[0].as_py()) + EPOCH


@contextmanager
def spool_log(connection: Connection, access: SlotAccess, upto: str) -> Iterator[BinaryIO]:
    """Write the transactions that committed after the slot's position, up to the LSN ``upto`` at
    least, to a file that exists for the block. The slot stays where it is."""
    with tempfile.TemporaryFile() as file:
        connection.run(SORT_IN_MEMORY)
        log = access.sql("peek", upto)
        try:
            _copy(connection, log, TOGETHER, file)
        except DatabaseError as error:
            if sqlstate(error) != DIVISION_BY_ZERO:
                raise
            _copy(connection, log, ALONE, file)
        file.seek(0)
        yield file


def _copy(connection: Connection, log: Sql, together: Sql, file: BinaryIO) -> None:
    file.seek(0)
    file.truncate()
    unknown = Sql(r"'\x0000000000000000'::bytea")
    copy = render(PEEK, log=log, together=together, unknown=unknown)
    connection.run(Sql(copy.strip()), stream=file)


def read_blocks(file: BinaryIO, size: int = BLOCK) -> Iterator[Block]:
    """Yield the messages in the file of ``spool_log``. Raises UnreadableLog."""
    header = file.read(HEADER.size)
    if len(header) < HEADER.size or HEADER.unpack(header)[0] != SIGNATURE:
        raise UnreadableLog("the log does not begin as a binary COPY")
    headers, parts, held = list[bytes](), list[bytes](), 0
    while (fields := file.read(FIELDS.size)) != TRAILER:
        if fields != FIELDS.pack(2):
            raise UnreadableLog("the log ends within a row, or a row has other fields")
        headers.append(_field(file))
        parts.append(_field(file))
        held += len(parts[-1])
        if held >= size:
            yield Block(headers, parts)
            headers, parts, held = [], [], 0
    if parts:
        yield Block(headers, parts)


def _field(file: BinaryIO) -> bytes:
    size = file.read(LENGTH.size)
    length = LENGTH.unpack(size)[0] if len(size) == LENGTH.size else -1
    field = file.read(length) if length >= 0 else b""
    if len(field) != length:
        raise UnreadableLog("the log ends within a message")
    return field
