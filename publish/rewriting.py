"""Read the files of a group, and write their rows into one file, sorted by key and batch."""

import io
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.arrow import FIELD_ID, arrow_type
from contracts.field_ids import field_ids
from contracts.observation import BATCH_SEQ, CHANGE_SEQ
from contracts.tables import Column
from lake import Lake
from lake.compactions import Part
from lake.concurrent import map_concurrently
from lake.landing import put_own
from publish.errors import WrongRowCount
from publish.tables import PublishedTable, address_of_file, store_of


def rewrite(lake: Lake, published: PublishedTable, group: Sequence[Part], key: str) -> Part:
    """Write the rows of a group into a new file. Raises WrongRowCount if the group does not have
    the rows that the logs record, or a file is damaged."""
    schema = _schema(published.columns)
    files = [file for part in group for file in part.files]
    read = map_concurrently(lambda file: _read(lake, published.namespace, file, schema), files)
    rows, expected = pa.concat_tables(read), sum(part.rows for part in group)
    if rows.num_rows != expected:
        raise WrongRowCount(
            f"{published.identifier} has {rows.num_rows} rows in the files from {files[0]} to"
            f" {files[-1]}, and the logs record {expected}. To fix: restore an earlier version of"
            " the damaged object, and compact again."
        )
    order = (published.key, BATCH_SEQ.name, CHANGE_SEQ.name)
    present = [(name, "ascending") for name in order if name in schema.names]
    body = io.BytesIO()
    pq.write_table(rows.sort_by(present), body, compression="zstd")
    put_own(lake.processed, key, body)
    return Part(
        log=group[0].log,
        files=(key,),
        rows=expected,
        first=min(part.first for part in group),
        last=max(part.last for part in group),
        level=group[0].level + 1,
    )


def count_rows(lake: Lake, namespace: str, files: Iterable[str]) -> int:
    """Return the number of rows in the files. Raises WrongRowCount for a damaged one."""
    return sum(_open(lake, namespace, file).metadata.num_rows for file in files)


def _read(lake: Lake, namespace: str, key: str, schema: pa.Schema) -> pa.Table:
    """Return the rows with the columns of the schema. A column that the file does not have is NULL:
    the contract added it later."""
    file = _open(lake, namespace, key)
    try:
        found = file.read()
    except (pa.ArrowException, OSError) as damage:
        raise _damaged(lake, namespace, key, damage) from damage
    columns = (
        found.column(field.name) if field.name in found.column_names else _nulls(found, field)
        for field in schema
    )
    return pa.table(list(columns), names=schema.names).cast(schema)


def _open(lake: Lake, namespace: str, key: str) -> pq.ParquetFile:
    """Open a file of a table. Raises WrongRowCount for a damaged one."""
    try:
        return pq.ParquetFile(io.BytesIO(store_of(lake, namespace, key).get(key)))
    except (pa.ArrowException, OSError) as damage:
        raise _damaged(lake, namespace, key, damage) from damage


def _damaged(lake: Lake, namespace: str, key: str, damage: Exception) -> WrongRowCount:
    return WrongRowCount(
        f"{address_of_file(lake, namespace, key)} cannot be read: {damage}. Nothing is changed. To"
        " fix: restore an earlier version of the object, and compact again."
    )


def _nulls(table: pa.Table, field: pa.Field) -> pa.Array:
    return pa.nulls(table.num_rows, field.type)


def _schema(columns: Sequence[Column]) -> pa.Schema:
    ids = field_ids(columns)
    return pa.schema(
        [pa.field(c.name, arrow_type(c.type), True, {FIELD_ID: str(ids[c.name])}) for c in columns]
    )
