"""Erases personal data from a lake: the one exception to objects that never change.

In every version of a row, the columns that its contract marks as personal get their values in the
source. So the row must be corrected in the source first, and a poll must have seen it
(docs/privacy.md).
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

import contracts
from contracts import UNKNOWN, Calendar, Column, PlatformError, SourceTable
from contracts.observation import BATCH_SEQ, CHANGE_SEQ
from lake import Lake, new_run, now
from lake.directory import remove_unfinished
from lake.erasures import ErasureEntry
from lake.local import open_local_lake
from operations.personal_rows import Replacement, Row, parts_of, replace_values
from publish.local_catalog import LocalCatalog

STORES = ("ingestion", "processed")
UNFINISHED_FOR = timedelta(minutes=10)
"""The age from which an unfinished file is of a killed writer: it may have rows."""

ERASED = "erased"
"""Replaces a text that must not be NULL, if the row is deleted in the source."""


class NothingPersonal(PlatformError):
    """The table has no personal column, or the lake has no row of that key."""

    exit_code = 2


@dataclass(frozen=True)
class Erased:
    """The keys of the rewritten objects, and the count of rows that changed in them."""

    ingestion: tuple[str, ...]
    processed: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class _Person:
    """A row of a source table: all of its landed versions, and the new values of its personal
    columns."""

    table: SourceTable
    key: int
    versions: Sequence[Row]
    values: Row


@dataclass(frozen=True)
class _Location:
    """Columns of one kind of object that have values of the row, each with its source column,
    and the column of the row's key, or '' if rows with other keys show the values."""

    key: str
    columns: Mapping[Column, str]


def erase(folder: Path, table: str, key: int) -> Erased:
    """Rewrite every object of the lake in ``folder`` whose personal values of the row differ from
    the source, remove what killed writers left, and drop the published tables, which name the
    sizes of files. Log the begin and the end. A second call changes nothing, and ends an erasure
    that was killed. Raises NothingPersonal, UnreadableFile, and SeqTaken if another erasure begins
    at the same time."""
    lake = open_local_lake(folder)
    person = _person(lake, table, key)
    begun = _log(lake, person)
    for store in STORES:
        remove_unfinished(folder / store, now() - UNFINISHED_FOR)
    erased = _rewrite_all(folder, person)
    LocalCatalog(lake).forget()
    _log(lake, person, ends=begun.seq)
    return erased


def _log(lake: Lake, person: _Person, ends: int = 0) -> ErasureEntry:
    entry = ErasureEntry(
        seq=lake.erasures.head_seq() + 1,
        run=new_run(),
        committed_at=now(),
        table=person.table.name,
        key=person.key,
        ends=ends,
    )
    lake.erasures.commit(entry)
    return entry


def _rewrite_all(folder: Path, person: _Person) -> Erased:
    written: dict[str, list[str]] = {store: [] for store in STORES}
    count = 0
    for store, keys in written.items():
        for path in sorted((folder / store).rglob("*.parquet")):
            name = path.relative_to(folder / store).as_posix()
            for location in _locations(name.split("/"), person.table):
                if rows := replace_values(path, folder / store, _replacement(location, person)):
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
            f"{name} is not a table with personal columns in its contract. To fix: name a table"
            f" with personal columns: {', '.join(sorted(tables))}."
        )
    versions = list(_landed(lake, table, key))
    if not versions:
        raise NothingPersonal(
            f"No batch of this lake has a row {key} of {name}. To fix: check the key."
        )
    last = max(versions, key=lambda row: (row[BATCH_SEQ.name], row.get(CHANGE_SEQ.name, 0)))
    is_deleted = last["op"] == "D"
    values = {
        c.name: _blank(c) if is_deleted else last.get(c.name) for c in table.columns if c.personal
    }
    return _Person(table, key, versions, values)


def _landed(lake: Lake, table: SourceTable, key: int) -> Iterator[Row]:
    for batch in lake.batches.after(0):
        if changes := batch.tables.get(table.name):
            for rows in parts_of(io.BytesIO(lake.ingestion.get(changes.file.key))):
                yield from rows.filter(pc.equal(rows[table.key], key)).to_pylist()


def _blank(column: Column) -> str | None:
    return ERASED if column.type.kind == "text" and not column.nullable else None


def _locations(folders: list[str], of: SourceTable) -> Iterator[_Location]:
    """Yield where objects in these folders have values of the table."""
    if of.name in folders:
        yield _Location(of.key, {c: c.name for c in of.columns if c.personal})
    for table in contracts.warehouse().tables.values():
        if table.name in folders and not isinstance(table, Calendar):
            own = {c: c.origin for c in table.columns if table.of == of.name and not c.lookup}
            looked_up = {c: c.origin_column for c in table.columns if c.lookup == of.name}
            for key, columns in ((table.key, own), ("", looked_up)):
                if personal := {c: o for c, o in columns.items() if o and of.column(o).personal}:
                    yield _Location(key, personal)


def _replacement(location: _Location, person: _Person) -> Replacement:
    """Return the new values of the columns at a location, and the rows that get them."""

    def in_warehouse(row: Row) -> Row:
        return {c.name: _value(c, row.get(origin)) for c, origin in location.columns.items()}

    earlier = [in_warehouse(version) for version in person.versions]
    found = [{location.key: person.key}] if location.key else earlier
    distinct = [row for number, row in enumerate(found) if row not in found[:number]]
    return Replacement(distinct, in_warehouse(person.values), frozenset(person.values))


def _value(column: Column, value: Any) -> Any:
    """Return the value in the form of the warehouse."""
    is_unknown = value is None and column.type.kind == "text" and not column.nullable
    return UNKNOWN if is_unknown else value
