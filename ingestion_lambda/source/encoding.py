"""The encoding of a source's text, and what becomes of cells that are not text in it."""

import codecs
from dataclasses import dataclass

import pyarrow as pa

from ingestion_lambda.source.cast import cast
from postgres import Connection, Sql, value

UNTRANSLATABLE = ("22P05", "22021")
"""SQLSTATEs of a conversion that ended at text without an equivalent in UTF-8."""


@dataclass(frozen=True)
class Encoding:
    """The encoding in which COPY sends text, and the codec of Python that reads it."""

    copy: Sql
    codec: str = "utf-8"

    def decode(self, cells: pa.Array) -> pa.Array:
        """Return the cells as text, with NULL for each one that is not text."""
        if self.codec == "utf-8" or not pa.types.is_binary(cells.type):
            return cast(cells, pa.string())
        return pa.array([self._decode(cell) for cell in cells.to_pylist()], pa.string())

    def original(self, cell: str | bytes) -> str:
        r"""Return the text of a cell, or its bytes as PostgreSQL writes a bytea: ``\x52656ee9``."""
        if isinstance(cell, str):
            return cell
        text = self._decode(cell)
        return f"\\x{cell.hex()}" if text is None else text

    def name(self, stored: bytes) -> str:
        """Return a name of the catalog, in which bytes that are not text are replaced."""
        return stored.decode(self.codec, errors="replace")

    def _decode(self, cell: bytes | None) -> str | None:
        try:
            return None if cell is None else cell.decode(self.codec)
        except UnicodeDecodeError:
            return None


CONVERTED = Encoding(value("UTF8"))
"""The server converts its text to UTF-8, and ends the COPY at text that has no equivalent."""


def as_stored(connection: Connection) -> Encoding:
    """Return the encoding in which the server sends its bytes as it stores them."""
    name = _server_encoding(connection)
    return Encoding(value("SQL_ASCII"), "utf-8" if is_utf8(connection) else _codec(name))


def is_utf8(connection: Connection) -> bool:
    """Return whether text is UTF-8 as it is stored. SQL_ASCII stores any bytes; they are taken for
    UTF-8, because PostgreSQL cannot convert them."""
    return _server_encoding(connection) in ("UTF8", "SQL_ASCII")


def _server_encoding(connection: Connection) -> str:
    return str(connection.parameter_statuses["server_encoding"])


def _codec(name: str) -> str:
    """Return Python's codec for a server's encoding; ASCII if Python does not have it."""
    try:
        return codecs.lookup(name.replace("WIN", "cp").replace("KOI8", "koi8_")).name
    except LookupError:
        return "ascii"
