"""Replace personal values in the rows of a Parquet file, some rows at a time: a file of a million
rows needs no more memory than one of some thousand."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts import PlatformError
from contracts.observation import UNFIT
from lake.directory import new_unfinished

Row = Mapping[str, Any]

PART_ROWS = 65_536
"""Rows in memory at once, and of a row group that is written."""

READABLE_BY_OWNER = 0o600


class UnreadableFile(PlatformError):
    """A file of the lake is damaged, so that it may keep values that an erasure must replace."""


@dataclass(frozen=True)
class Replacement:
    """New ``values`` of columns, for the rows that have any of the ``found`` values: the key of a
    row, or earlier values of the same columns. The texts of ``unfit`` columns are removed."""

    found: Sequence[Row]
    values: Row
    unfit: frozenset[str]

    def mask(self, rows: pa.RecordBatch) -> pa.Array:
        """Return which rows have any of the values."""
        nothing = pa.repeat(pa.scalar(False), rows.num_rows)
        return reduce(pc.or_, (_equal(rows, values) for values in self.found), nothing)


def replace_values(path: Path, store: Path, replacement: Replacement) -> int:
    """Replace values in a file of the store in the directory ``store``, completely and with the
    same permissions, or leave it as it was. Return the count of rows that changed. A file that
    another process removes has no rows, and neither has an empty one, of a killed writer. Raises
    UnreadableFile."""
    try:
        changed = sum(count for _, count in _parts(path, replacement)) if path.stat().st_size else 0
    except FileNotFoundError:
        return 0  # a compaction must not commit a file that it wrote before the erasure began
    except pa.ArrowException as damage:
        raise UnreadableFile(
            f"{path} cannot be read: {damage}. It may have values of the row, and the erasure has"
            " not ended. To fix: if it is in a folder _temporary, remove it: a build was killed"
            " while it wrote it. Otherwise restore an earlier version. Then erase again."
        ) from damage
    if changed:
        _replace(path, store, (rows for rows, _ in _parts(path, replacement)))
    return changed


def parts_of(file: Path | BinaryIO) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file, in parts."""
    # Spark writes INT96 timestamps, and reads those of others only in microseconds
    with pq.ParquetFile(file, coerce_int96_timestamp_unit="us", buffer_size=1 << 20) as opened:
        schema = opened.schema_arrow
        for rows in opened.iter_batches(PART_ROWS, use_threads=False):
            yield rows.cast(schema)


def _parts(path: Path, replacement: Replacement) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield the rows of a file with the new values, in parts, and how many rows of each changed."""
    for rows in parts_of(path):
        yield _replaced(rows, replacement)


def _replaced(rows: pa.RecordBatch, replacement: Replacement) -> tuple[pa.RecordBatch, int]:
    """Return the rows with the new values, and how many of them differ."""
    chosen = replacement.mask(rows)
    if not pc.any(chosen).as_py():
        return rows, 0
    columns = {name: rows.column(name) for name in rows.schema.names}
    changed = pa.repeat(pa.scalar(False), rows.num_rows)
    for name, value in _present(rows, replacement.values).items():
        new = pc.if_else(chosen, pa.scalar(value, columns[name].type), columns[name])
        changed, columns[name] = pc.or_(changed, _differ(columns[name], new)), new
    if UNFIT in columns:
        new = _fit(columns[UNFIT], chosen, replacement.unfit)
        changed, columns[UNFIT] = pc.or_(changed, _differ(columns[UNFIT], new)), new
    return pa.record_batch(list(columns.values()), rows.schema), pc.sum(changed).as_py()


def _present(rows: pa.RecordBatch, values: Row) -> Row:
    """Return the values of the columns that the file has: one may have been added later."""
    return {name: value for name, value in values.items() if name in rows.schema.names}


def _equal(rows: pa.RecordBatch, values: Row) -> pa.Array:
    """Return which rows have exactly these values, as far as the file has the columns; NULL is a
    value. A file with none of them has no such row."""
    present = _present(rows, values)
    same = pa.repeat(pa.scalar(bool(present)), rows.num_rows)
    for name, value in present.items():
        column = rows.column(name)
        other = pa.repeat(pa.scalar(value, column.type), rows.num_rows)
        same = pc.and_(same, pc.invert(_differ(column, other)))
    return same


def _differ(before: pa.Array, after: pa.Array) -> pa.Array:
    """Return where two arrays differ. NULL differs from every other value."""
    one_is_null = pc.xor(pc.is_null(before), pc.is_null(after))
    return pc.or_(one_is_null, pc.fill_null(pc.not_equal(before, after), False))


def _fit(texts: pa.Array, chosen: pa.Array, removed: frozenset[str]) -> pa.Array:
    """Remove the original texts of unfit personal values: they are as personal as the values."""
    found = texts.to_pylist()
    for number in pc.indices_nonzero(pc.and_(chosen, pc.is_valid(texts))).to_pylist():
        left = {n: text for n, text in json.loads(found[number]).items() if n not in removed}
        found[number] = json.dumps(left) if left else None
    return pa.array(found, texts.type)


def _replace(path: Path, store: Path, parts: Iterable[pa.RecordBatch]) -> None:
    new = new_unfinished(store)
    try:
        new.touch(READABLE_BY_OWNER)
        with new.open("wb") as file:
            _write(file, parts)
            file.flush()
            shutil.copymode(path, new)
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _write(file: Any, parts: Iterable[pa.RecordBatch]) -> None:
    writer = None
    for rows in parts:
        writer = writer or pq.ParquetWriter(file, rows.schema, compression="zstd")
        writer.write_batch(rows)
    if writer:
        writer.close()
