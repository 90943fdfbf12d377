"""Text as the server stores it: names that it cannot convert to UTF-8 are read all the same."""

import codecs

from postgres.driver import Connection
from postgres.sql import Sql

UNTRANSLATABLE = ("22P05", "22021")
"""SQLSTATEs of a conversion that ended at text without an equivalent in UTF-8."""


def stored(text: str) -> Sql:
    """Return the expression of an SQL text's bytes as they are stored (``stored_name``)."""
    return Sql(f"convert_to({text}, getdatabaseencoding())")


def stored_name(connection: Connection, name: bytes) -> str:
    """Return a name of the catalog, in which bytes that are not text are replaced."""
    return name.decode(codec(connection), errors="replace")


def is_utf8(connection: Connection) -> bool:
    """Return whether text is UTF-8 as it is stored. SQL_ASCII stores any bytes; they are taken for
    UTF-8, because PostgreSQL cannot convert them."""
    return _server_encoding(connection) in ("UTF8", "SQL_ASCII")


def codec(connection: Connection) -> str:
    """Return Python's codec for the server's encoding; ASCII if Python does not have it."""
    if is_utf8(connection):
        return "utf-8"
    name = _server_encoding(connection).replace("WIN", "cp").replace("KOI8", "koi8_")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "ascii"


def _server_encoding(connection: Connection) -> str:
    return str(connection.parameter_statuses["server_encoding"])
