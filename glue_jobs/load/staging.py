"""The rows of a load, on their way from the files into the tables of the warehouse."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

import contracts
from contracts import Column, Fact, WarehouseTable
from contracts.observation import BATCH_SEQ, CHANGE_SEQ, tombstone_columns
from glue_jobs.errors import StagedCountsDiffer
from glue_jobs.load.copying import copy_files
from glue_jobs.load.pending import NO_FILES, Files, Pending
from lake import Store
from postgres import Connection, Sql, render

CREATE = "create unlogged table {name} ({columns})"
DROP = "drop table {name}"


@dataclass(frozen=True)
class Incoming:
    """Rows of a warehouse table, or the tombstones of a fact, with the files to copy. Of files that
    are cut, only the rows of batches in ``span`` are copied."""

    table: WarehouseTable
    columns: tuple[Column, ...]
    files: Files = NO_FILES
    span: tuple[int, int] = (0, 0)
    is_tombstones: bool = False

    @property
    def name(self) -> str:
        """The name of the rows, which no others of the load have."""
        return f"{self.table.name}{'_gone' if self.is_tombstones else ''}"


def incoming(pending: Pending) -> list[Incoming]:
    """Return the rows of a load: dimensions before the facts that refer to them, and tombstones
    after the versions from which they take their values."""
    warehouse = contracts.warehouse()
    ordered: Iterable[WarehouseTable] = chain(
        warehouse.calendars, warehouse.dimensions, warehouse.facts
    )
    found = []
    for table in ordered:
        # the rows of a dimension are ordered as versions are, too
        order = () if isinstance(table, Fact) else (BATCH_SEQ, CHANGE_SEQ)
        files = pending.files_of(table.name)
        found.append(Incoming(table, (*table.columns, *order), files, pending.span))
    for fact in warehouse.facts:
        files, columns = pending.tombstones_of(fact.name), tombstone_columns(fact)
        found.append(Incoming(fact, columns, files, pending.span, is_tombstones=True))
    return [rows for rows in found if rows.files.rows]


def copy(connection: Connection, store: Store, rows: Incoming, table: Sql) -> None:
    """Copy the rows into the table. Raises MissingFile or StagingFailed, and StagedCountsDiffer
    unless every row was copied exactly once."""
    to = rows.columns, table
    copied = copy_files(connection, store, rows.files.whole, *to)
    copied += copy_files(connection, store, rows.files.cut, *to, rows.span)
    if copied != rows.files.rows:
        raise StagedCountsDiffer(
            f"{rows.table.name}: {copied} rows were staged, and the log records {rows.files.rows}."
            " Nothing was loaded. To fix: load again; if it fails again, restore the files of the"
            " lake that the log records."
        )


@contextmanager
def staged(connection: Connection, store: Store, rows: Incoming) -> Iterator[Sql]:
    """Copy the rows into a staging table for the block, and yield its name. The transaction of the
    load creates and drops it, so no crash leaves one. Raises what ``copy`` does."""
    name = render("etl.{name}", name=f"staging_{rows.name}")
    connection.run(render(CREATE, name=name, columns=_definitions(rows.columns)))
    copy(connection, store, rows, name)
    yield name
    connection.run(render(DROP, name=name))


def _definitions(columns: Iterable[Column]) -> Sql:
    return Sql(
        ", ".join(render("{name} {type}", name=c.name, type=Sql(str(c.type))) for c in columns)
    )
