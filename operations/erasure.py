"""Take what tells of a person out of a lake: the one exception to objects that never change.

Every version of a row gets, in the columns that its contract calls personal, what the source says
now. So the row is corrected in the source first, and a poll has seen it (docs/privacy.md).
"""

import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import contracts
from contracts import UNKNOWN, Calendar, Column, PlatformError, SourceTable
from contracts.observation import UNFIT
from lake import Lake
from lake.local import open_local_lake

ERASED = "erased"
"""What a text that must not be NULL says of a row that is gone from the source."""

Row = dict[str, Any]


class NothingPersonal(PlatformError):
    """The table has no personal column, or the lake no such row."""

    exit_code = 2


@dataclass(frozen=True)
class Erased:
    """The keys of the objects that were written anew, and the rows in them that changed."""

    ingestion: tuple[str, ...]
    processed: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class _Person:
    """A row of a source table: all the versions that landed of it, and what its personal columns
    say from now on."""

    table: SourceTable
    key: int
    versions: list[Row]
    now: Row


@dataclass(frozen=True)
class _Place:
    """How a kind of object holds a person: its columns, each with the source's of which it is
    made, and the column of the row's key; '' where rows of another key show the person's values."""

    key: str
    columns: Mapping[Column, str]


def erase(folder: Path, table: str, key: int) -> Erased:
    """Rewrite every object of a lake in a directory that says otherwise of the row than the
    source does now. Again it changes nothing. Raises NothingPersonal."""
    person = _person(open_local_lake(folder), table, key)
    written: dict[str, list[str]] = {"ingestion": [], "processed": []}
    count = 0
    for store, keys in written.items():
        for path in sorted((folder / store).rglob("*.parquet")):
            name = path.relative_to(folder / store).as_posix()
            for place in _places(name.split("/"), person.table):
                if rows := _rewrite(path, place, person):
                    keys.append(name)
                    count += rows
    return Erased(tuple(written["ingestion"]), tuple(written["processed"]), count)


def _person(lake: Lake, name: str, key: int) -> _Person:
    tables = {
        t.name: t for t in contracts.source().tables.values() if any(c.personal for c in t.columns)
    }
    table = tables.get(name)
    if table is None:
        raise NothingPersonal(
            f"{name} is no table with a column that its contract calls personal."
            f" These have: {', '.join(sorted(tables))}."
        )
    versions = list(_landed(lake, table, key))
    if not versions:
        raise NothingPersonal(f"No batch of this lake has a row {key} of {name}. Check the key.")
    last = versions[-1]
    is_gone = last["op"] == "D"
    now = {c.name: _blank(c) if is_gone else last[c.name] for c in table.columns if c.personal}
    return _Person(table, key, versions, now)


def _landed(lake: Lake, table: SourceTable, key: int) -> Iterator[Row]:
    for batch in lake.batches.after(0):
        if changes := batch.tables.get(table.name):
            body = io.BytesIO(lake.ingestion.get(changes.file.key))
            yield from pq.read_table(body, filters=[(table.key, "=", key)]).to_pylist()


def _blank(column: Column) -> str | None:
    return ERASED if column.type.kind == "text" and not column.nullable else None


def _places(folders: list[str], of: SourceTable) -> Iterator[_Place]:
    """How objects in these folders hold rows of the table."""
    if of.name in folders:
        yield _Place(of.key, {c: c.name for c in of.columns if c.personal})
    for table in contracts.warehouse().tables.values():
        if table.name in folders and not isinstance(table, Calendar):
            own = {c: c.origin for c in table.columns if table.of == of.name and not c.lookup}
            looked_up = {c: c.origin_column for c in table.columns if c.lookup == of.name}
            for key, columns in ((table.key, own), ("", looked_up)):
                if held := {c: o for c, o in columns.items() if o and of.column(o).personal}:
                    yield _Place(key, held)


def _rewrite(path: Path, place: _Place, person: _Person) -> int:
    """Let the object say what is so now; how many rows that changed."""
    # Spark writes moments in a form of its own, and reads them from others in microseconds alone
    table = pq.ParquetFile(path, coerce_int96_timestamp_unit="us").read()
    rows: list[Row] = table.to_pylist()
    now = {c.name: _shown(c, person.now[origin]) for c, origin in place.columns.items()}
    known = [{c.name: _shown(c, v[o]) for c, o in place.columns.items()} for v in person.versions]
    changed = 0
    for row in rows:
        held = {name: row[name] for name in now}
        theirs = row[place.key] == person.key if place.key else held in known
        before = dict(row)
        if theirs:
            row.update(now)
            _forget_unfit(row, person)
        changed += row != before
    if changed:
        _put(pa.Table.from_pylist(rows, schema=table.schema), path)
    return changed


def _shown(column: Column, value: Any) -> Any:
    """As the warehouse shows it."""
    is_unknown = value is None and column.type.kind == "text" and not column.nullable
    return UNKNOWN if is_unknown else value


def _forget_unfit(row: Row, person: _Person) -> None:
    """The original texts of values that their type could not hold are personal like the values."""
    if row.get(UNFIT):
        left = {n: text for n, text in json.loads(row[UNFIT]).items() if n not in person.now}
        row[UNFIT] = json.dumps(left) if left else None


def _put(table: pa.Table, path: Path) -> None:
    """Whole and for the same readers, or as it was."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        anew = Path(file.name)  # which its owner alone may read
        try:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            shutil.copymode(path, anew)
            os.fsync(file.fileno())
            anew.replace(path)
        finally:
            anew.unlink(missing_ok=True)
