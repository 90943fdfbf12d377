"""Copy the rows of a few small files into a staging table, over a connection of this process.

Spark takes longer to plan a query than this takes for all rows of a usual load.
"""

import io
import re

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pg8000.exceptions import DatabaseError

from contracts import Column
from contracts.observation import BATCH_SEQ
from contracts.spark import WHERE_ABSENT
from glue_jobs.errors import MissingFile, StagingFailed
from lake import NotFound, Store, layout
from lake.concurrent import map_concurrently
from postgres import Connection, Sql, names, render, sqlstate, sqlstate_message

COPY = "copy {table} ({columns}) from stdin"
NULL = "\\N"
ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}  # the backslash first
"""The characters with a meaning in COPY's text format. Source: PostgreSQL, "COPY", text format."""


def copy_files(
    connection: Connection,
    store: Store,
    files: tuple[str, ...],
    columns: tuple[Column, ...],
    table: Sql,
) -> None:
    """Append the rows of the files to the table. A column that a file does not have is NULL or the
    value of WHERE_ABSENT, and ``batch_seq`` is that of the file's key. Raises MissingFile or
    StagingFailed."""
    statement = render(COPY, table=table, columns=names([column.name for column in columns]))
    for body in map_concurrently(lambda key: _body(store, key, columns), files):
        try:
            connection.run(statement, stream=io.BytesIO(body))
        except DatabaseError as refusal:
            # without the context of the error, which contains a row
            raise StagingFailed(
                f"Rows cannot be staged in {table}: {sqlstate_message(refusal)} (SQLSTATE"
                f" {sqlstate(refusal)}). Nothing was loaded. To fix: correct the reason; the next"
                " load tries again."
            ) from None


def _body(store: Store, key: str, columns: tuple[Column, ...]) -> bytes:
    try:
        file = pq.ParquetFile(io.BytesIO(store.get(key)))
        return b"".join(_lines(batch, key, columns) for batch in file.iter_batches())
    except NotFound:
        raise MissingFile(
            f"{store.uri(key)} is named in the log and does not exist. To fix: restore the object,"
            " from an earlier version if the store keeps them."
        ) from None
    except (pa.ArrowException, OSError) as damage:
        raise StagingFailed(
            f"{store.uri(key)} cannot be read as Parquet: {damage}. Nothing was loaded. To fix:"
            " restore an earlier version of the object; the next load tries again."
        ) from damage


def _lines(batch: pa.RecordBatch, key: str, columns: tuple[Column, ...]) -> bytes:
    """Return the rows as lines of COPY's text format."""
    cells = [_cells(batch, key, column.name) for column in columns]
    lines = pc.binary_join_element_wise(*cells, "\t")
    return "".join(f"{line}\n" for line in lines.to_pylist()).encode()


def _cells(batch: pa.RecordBatch, key: str, name: str) -> pa.Array:
    """Return the values of a column as COPY reads them."""
    if name not in batch.schema.names:
        absent = _seq(key) if name == BATCH_SEQ.name else WHERE_ABSENT.get(name, NULL)
        return pa.repeat(absent, batch.num_rows)
    return pc.fill_null(_escaped(_text(batch.column(name))), NULL)


def _text(values: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("us"))  # without the zone UTC that Spark writes
    return values.cast(pa.string())


def _escaped(text: pa.Array) -> pa.Array:
    for character, escape in ESCAPES.items():
        text = pc.replace_substring(text, character, escape)
    return text


def _seq(key: str) -> str:
    match = re.search(layout.SEQ_IN_KEY, key)
    return str(int(match[1])) if match else NULL
