"""The messages of the output plugin pgoutput, protocol version 1, except those of rows.

The layouts are in PostgreSQL's manual, "Logical Replication Message Formats". Integers are
big-endian. The plugin sends no other kinds unless the reader asks for them.
"""

from collections.abc import Callable, Mapping
from struct import Struct, error
from typing import NamedTuple

BEGIN = Struct(">qqI")
COMMIT = Struct(">Bqqq")
INT64, INT32, INT16, COLUMN = Struct(">q"), Struct(">I"), Struct(">H"), Struct(">Ii")

INSERT, UPDATE, DELETE = b"IUD"
NEW, KEY, OLD = b"NKO"
TUPLE_AT = 5
"""Offset, in the message of a row, of the letter before its first tuple: it follows the letter of
the operation and the oid of the table."""


class UnreadableLog(Exception):
    """The log holds bytes that are not messages of the protocol, or cannot be attributed."""


class LogUnavailable(Exception):
    """The log of an interval cannot be read now, or is not complete; the slot itself is good."""


class Begin(NamedTuple):
    """The start of a committed transaction. ``position`` is the LSN of its commit, ``xid`` the 32
    bits of its top-level id."""

    position: int
    xid: int


class Commit(NamedTuple):
    """The end of a transaction. ``end`` is the LSN after its commit."""

    position: int
    end: int


class Relation(NamedTuple):
    """A table, as the changes that follow describe it: its oid, replica identity and columns."""

    oid: int
    schema: str
    name: str
    identity: str
    columns: tuple[str, ...]


class Truncate(NamedTuple):
    """Tables that lost all rows."""

    relations: tuple[int, ...]


class Ignored(NamedTuple):
    """A message that changes no row: the origin of a transaction, or a type."""

    kind: str


Message = Begin | Commit | Relation | Truncate | Ignored


def decode(data: bytes, start: int, end: int) -> Message:
    """Return the message in ``data[start:end]``, which is not that of a row. Raises
    UnreadableLog."""
    tag = data[start] if start < end else 0
    try:
        if read := READERS.get(tag):
            message, stop = read(data, start + 1)
            if stop == end:
                return message
    except (error, ValueError) as wrong:  # UnicodeDecodeError is a ValueError
        raise _unreadable(tag) from wrong
    raise _unreadable(tag)


def _begin(data: bytes, at: int) -> tuple[Message, int]:
    position, _, xid = BEGIN.unpack_from(data, at)  # the query reads the time of the commit
    return Begin(position, xid), at + BEGIN.size


def _commit(data: bytes, at: int) -> tuple[Message, int]:
    _, position, end, _ = COMMIT.unpack_from(data, at)
    return Commit(position, end), at + COMMIT.size


def _relation(data: bytes, at: int) -> tuple[Message, int]:
    [oid] = INT32.unpack_from(data, at)
    schema, at = _text(data, at + INT32.size)
    name, at = _text(data, at)
    identity = data[at : at + 1].decode("ascii")
    [count] = INT16.unpack_from(data, at + 1)
    at += 1 + INT16.size
    columns = []
    for _ in range(count):
        column, at = _text(data, at + 1)  # after the flag of a key column
        COLUMN.unpack_from(data, at)
        columns.append(column)
        at += COLUMN.size
    return Relation(oid, schema or "pg_catalog", name, identity, tuple(columns)), at


def _truncate(data: bytes, at: int) -> tuple[Message, int]:
    [count] = INT32.unpack_from(data, at)
    at += INT32.size + 1  # after the options
    relations = Struct(f">{count}I")
    return Truncate(relations.unpack_from(data, at)), at + relations.size


def _origin(data: bytes, at: int) -> tuple[Message, int]:
    return Ignored("origin"), _text(data, at + INT64.size)[1]


def _type(data: bytes, at: int) -> tuple[Message, int]:
    _, at = _text(data, at + INT32.size)
    return Ignored("type"), _text(data, at)[1]


def _text(data: bytes, at: int) -> tuple[str, int]:
    """Return the text that ends with a zero byte, and the offset after it."""
    end = data.index(b"\0", at)
    return data[at:end].decode(), end + 1


READERS: Mapping[int, Callable[[bytes, int], tuple[Message, int]]] = {
    ord("B"): _begin,
    ord("C"): _commit,
    ord("R"): _relation,
    ord("T"): _truncate,
    ord("O"): _origin,
    ord("Y"): _type,
}


def _unreadable(tag: int) -> UnreadableLog:
    return UnreadableLog(f"a message of kind {chr(tag)!r} is not one of pgoutput's protocol 1")
