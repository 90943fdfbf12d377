"""Messages of pgoutput, protocol 1, and the binary COPY that carries them, written by hand.

The layouts are those of PostgreSQL's manual ("Logical Replication Message Formats", "COPY").
"""

from struct import pack
from types import EllipsisType

Cell = str | bytes | EllipsisType | None  # ... is a large value that did not change

POSITION = 0x16B3748
TIME = 788_918_400_000_000  # 2025-01-01, in microseconds since 2000


def begin(xid: int = 750, position: int = POSITION, time: int = TIME) -> bytes:
    return b"B" + pack(">qqI", position, time, xid)


def commit(position: int = POSITION) -> bytes:
    return b"C" + pack(">Bqqq", 0, position, position + 48, TIME)


def origin() -> bytes:
    return b"O" + pack(">q", POSITION) + b"elsewhere\0"


def type_(oid: int = 16400) -> bytes:
    return b"Y" + pack(">I", oid) + b"public\0mood\0"


def relation(oid: int, name: str, columns: list[str], identity: bytes = b"d") -> bytes:
    described = b"".join(
        pack(">B", number == 0) + column.encode() + b"\0" + pack(">Ii", 25, -1)
        for number, column in enumerate(columns)
    )
    head = b"R" + pack(">I", oid) + b"public\0" + name.encode() + b"\0" + identity
    return head + pack(">H", len(columns)) + described


def row(*cells: Cell) -> bytes:
    return pack(">H", len(cells)) + b"".join(map(_cell, cells))


def insert(oid: int, *cells: Cell) -> bytes:
    return b"I" + pack(">I", oid) + b"N" + row(*cells)


def update(oid: int, *cells: Cell, key: bytes = b"", old: bytes = b"") -> bytes:
    before = (b"K" + key if key else b"") or (b"O" + old if old else b"")
    return b"U" + pack(">I", oid) + before + b"N" + row(*cells)


def delete(oid: int, *cells: Cell, letter: bytes = b"K") -> bytes:
    return b"D" + pack(">I", oid) + letter + row(*cells)


def truncate(*oids: int) -> bytes:
    return b"T" + pack(f">IB{len(oids)}I", len(oids), 0, *oids)


def copied(*messages: bytes, together: int = 64) -> bytes:
    """Return the messages as the query sends them: several in a row, with lengths and times."""
    groups = [messages[at : at + together] for at in range(0, len(messages), together)]
    rows = (
        pack(">h", 2) + _field(b"".join(map(_header, group))) + _field(b"".join(group))
        for group in groups
    )
    return b"PGCOPY\n\xff\r\n\0" + pack(">II", 0, 0) + b"".join(rows) + pack(">h", -1)


def _header(message: bytes) -> bytes:
    time = int.from_bytes(message[9:17], "big") if message[:1] == b"B" else 0
    return pack(">iq", len(message), time)


def _field(data: bytes) -> bytes:
    return pack(">i", len(data)) + data


def _cell(value: Cell) -> bytes:
    if value is None:
        return b"n"
    if value is ...:
        return b"u"
    text = value if isinstance(value, bytes) else str(value).encode()
    return b"t" + pack(">i", len(text)) + text
