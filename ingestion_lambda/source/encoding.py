"""The encoding of a source's text, and what becomes of cells that are not text in it."""

from dataclasses import dataclass

import pyarrow as pa

from ingestion_lambda.source.cast import cast
from postgres import Connection, Sql, value
from postgres.encoding import codec


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

    def _decode(self, cell: bytes | None) -> str | None:
        try:
            return None if cell is None else cell.decode(self.codec)
        except UnicodeDecodeError:
            return None


CONVERTED = Encoding(value("UTF8"))
"""The server converts its text to UTF-8, and ends the COPY at text that has no equivalent."""


def as_stored(connection: Connection) -> Encoding:
    """Return the encoding in which the server sends its bytes as it stores them."""
    return Encoding(value("SQL_ASCII"), codec(connection))
