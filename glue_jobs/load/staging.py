"""Unlogged staging tables of one run, and the copy of Parquet files into them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain

import contracts
from contracts import Column, Fact, WarehouseTable
from contracts.errors import PlatformError
from contracts.observation import BATCH_SEQ, CHANGE_SEQ, tombstone_columns
from glue_jobs.errors import StagedCountsDiffer
from glue_jobs.load.connection import load_transaction
from glue_jobs.load.copying import copy_files
from glue_jobs.load.pending import NO_FILES, Files, Pending
from lake import Store
from postgres import Address, Connection, Sql, render

CREATE = "create unlogged table {name} ({columns}) with (autovacuum_enabled = false)"
DROP = "drop table if exists {name}"
COUNT = "select count(*) from {name}"
ABANDONED = """
select tablename from pg_tables
where schemaname = 'etl' and pg_has_role(tableowner, 'USAGE')
    and tablename like 'staging\\_%' and tablename < 'staging_'
    || to_char(now() at time zone 'UTC' - interval '1 day', 'YYYYMMDD"T"HH24MISS"Z"')
"""


@dataclass(frozen=True)
class StagingTable:
    """A staging table for rows of a warehouse table, or for the tombstones of a fact, with the
    files to copy. Of files that are cut, only the rows of batches in ``span`` are copied."""

    table: WarehouseTable
    name: Sql
    columns: tuple[Column, ...]
    files: Files = NO_FILES
    span: tuple[int, int] = (0, 0)
    is_tombstones: bool = False

    @property
    def rows(self) -> int:
        """The number of rows to copy."""
        return self.files.rows


def staging_tables(pending: Pending, run: str) -> list[StagingTable]:
    """Return the staging tables of a load: dimensions before the facts that refer to them, and
    tombstones after the versions from which they take their values. Names begin with the time at
    which the run started."""
    warehouse = contracts.warehouse()
    ordered: Iterable[WarehouseTable] = chain(
        warehouse.calendars, warehouse.dimensions, warehouse.facts
    )
    tables = []
    for table in ordered:
        files, name = pending.files_of(table.name), _name(run, table.name)
        # the rows of a dimension are ordered as versions are, too
        order = () if isinstance(table, Fact) else (BATCH_SEQ, CHANGE_SEQ)
        columns = *table.columns, *order
        tables.append(StagingTable(table, name, columns, files, pending.span))
    for fact in warehouse.facts:
        files, name = pending.tombstones_of(fact.name), _name(run, f"{fact.name}_gone")
        columns = tombstone_columns(fact)
        tables.append(StagingTable(fact, name, columns, files, pending.span, is_tombstones=True))
    return [table for table in tables if table.rows]


@contextmanager
def created(address: Address, tables: Sequence[StagingTable]) -> Iterator[None]:
    """Create empty staging tables for the block. Drop them afterwards if the block raises;
    otherwise the block drops them."""
    with load_transaction(address) as connection:
        drop_abandoned(connection)
        for table in tables:
            columns = _definitions(table.columns)
            connection.run(render(CREATE, name=table.name, columns=columns))
    with ExitStack() as cleanup:
        cleanup.callback(_drop_after_error, address, tables)
        yield
        cleanup.pop_all()


def _drop_after_error(address: Address, tables: Sequence[StagingTable]) -> None:
    # the error of the block matters more; a later load drops the tables
    with suppress(PlatformError), load_transaction(address) as connection:
        drop(connection, tables)


def drop(connection: Connection, tables: Iterable[StagingTable]) -> None:
    """Drop the staging tables that exist."""
    for table in tables:
        connection.run(render(DROP, name=table.name))


def drop_abandoned(connection: Connection) -> None:
    """Drop the staging tables of runs that started more than a day ago and did not drop them,
    except those of other roles, which only their owners can drop."""
    for (name,) in connection.run(ABANDONED):
        connection.run(render(DROP, name=render("etl.{name}", name=name)))


def stage_all(store: Store, address: Address, tables: Sequence[StagingTable]) -> None:
    """Copy the files into their staging tables. Raises MissingFile or StagingFailed."""
    if not tables:
        return
    with load_transaction(address) as connection:
        for table in tables:
            to = table.columns, table.name
            copy_files(connection, store, table.files.whole, *to)
            copy_files(connection, store, table.files.cut, *to, table.span)


def check_counts(connection: Connection, tables: Iterable[StagingTable]) -> None:
    """Raise StagedCountsDiffer unless every row was staged exactly once."""
    for table in tables:
        [[count]] = connection.run(render(COUNT, name=table.name))
        if count != table.rows:
            raise StagedCountsDiffer(
                f"{table.table.name}: {count} rows were staged, and the log records {table.rows}."
                " Nothing was loaded. To fix: load again; if it fails again, restore the files of"
                " the lake that the log records."
            )


def _name(run: str, table: str) -> Sql:
    return render("etl.{name}", name=f"staging_{run}_{table}")


def _definitions(columns: Iterable[Column]) -> Sql:
    return Sql(", ".join(render("{name} {type}", name=c.name, type=_type(c)) for c in columns))


def _type(column: Column) -> Sql:
    return Sql("text" if column.type.kind == "time" else str(column.type))
