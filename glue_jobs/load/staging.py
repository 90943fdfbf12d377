"""Unlogged staging tables of one run, and the copy of Parquet files into them."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

import contracts
from contracts import Column, Fact, WarehouseTable
from contracts.errors import PlatformError
from contracts.observation import BATCH_SEQ, CHANGE_SEQ, tombstone_columns
from contracts.spark import spark_schema
from glue_jobs import parquet
from glue_jobs.errors import StagedCountsDiffer
from glue_jobs.load import jdbc
from glue_jobs.load.connection import load_connection, load_transaction
from glue_jobs.load.copying import copy_files
from glue_jobs.load.pending import NO_FILES, Files, Pending
from glue_jobs.session import Session
from lake import Store, layout
from postgres import Address, Connection, Sql, render, transaction

MANY_ROWS = 50_000
CONNECTIONS = 4  # of a table with many rows
CONCURRENT_TABLES = 2

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
def created(address: Address, tables: Sequence[StagingTable]) -> Iterator[jdbc.Options]:
    """Create empty staging tables for the block, and provide the JDBC options with which Spark
    reaches them. Drop them afterwards if the block raises; otherwise the block drops them. No
    session is open during the block, because Spark may take long."""
    with load_connection(address) as connection:
        options = jdbc.options(connection, address)  # a transaction may have a pool's last session
        with transaction(connection):
            drop_abandoned(connection)
            for table in tables:
                columns = _definitions(table.columns)
                connection.run(render(CREATE, name=table.name, columns=columns))
    with ExitStack() as cleanup:
        cleanup.callback(_drop_after_error, address, tables)
        yield options
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


def stage_all(
    spark: Session,
    store: Store,
    address: Address,
    options: jdbc.Options,
    tables: Sequence[StagingTable],
) -> None:
    """Copy the files into their staging tables: the few rows of usual loads over a connection of
    this process, many rows, or a part of the rows of large files, with Spark. Raises MissingFile or
    StagingFailed."""
    few = [table for table in tables if table.rows < MANY_ROWS and not table.files.cut]
    if few:
        with load_transaction(address) as connection:
            for table in few:
                copy_files(connection, store, table.files.whole, table.columns, table.name)
    many = [table for table in tables if table not in few]
    if many:
        _stage_with_spark(spark, store, address, options, many)


def _stage_with_spark(
    spark: Session,
    store: Store,
    address: Address,
    options: jdbc.Options,
    tables: Sequence[StagingTable],
) -> None:
    """Copy two tables concurrently: Spark plans one while the rows of the other are sent."""
    session = spark()
    jdbc.prepare(session, address, options, [table.name for table in tables])
    with ThreadPoolExecutor(CONCURRENT_TABLES) as threads:
        copies = [
            threads.submit(jdbc.append, _read(spark, store, table), address, options, table.name)
            for table in tables
        ]
        for copy in copies:
            copy.result()


def check_counts(connection: Connection, tables: Iterable[StagingTable]) -> None:
    """Raise StagedCountsDiffer unless every row was staged exactly once: Spark repeats a task whose
    result was lost, and appends its rows again (SPARK-19335)."""
    for table in tables:
        [[count]] = connection.run(render(COUNT, name=table.name))
        if count != table.rows:
            raise StagedCountsDiffer(
                f"{table.table.name}: {count} rows were staged, and the log records {table.rows}."
                " Nothing was loaded. To fix: load again; if it fails again, restore the files of"
                " the lake that the log records."
            )


def _read(spark: Session, store: Store, table: StagingTable) -> DataFrame:
    """Return the rows to copy, in one partition, or in several if there are many."""
    rows = _rows(spark, store, table, table.files.whole)
    if table.files.cut:
        is_pending = F.col(BATCH_SEQ.name).between(*table.span)
        cut = _rows(spark, store, table, table.files.cut).where(is_pending)
        rows = rows.unionByName(cut) if table.files.whole else cut
    return rows.coalesce(1) if table.rows < MANY_ROWS else rows.repartition(CONNECTIONS)


def _rows(spark: Session, store: Store, table: StagingTable, files: Sequence[str]) -> DataFrame:
    rows = parquet.read(spark, store, files, spark_schema(table.table))
    if files and not isinstance(table.table, Fact):
        # files of earlier versions have the batch only in their keys
        seq = F.regexp_extract(F.col("_metadata.file_path"), layout.SEQ_IN_KEY, 1).cast("long")
        rows = rows.withColumn(BATCH_SEQ.name, F.coalesce(BATCH_SEQ.name, seq))
    return rows.select(*(column.name for column in table.columns))


def _name(run: str, table: str) -> Sql:
    return render("etl.{name}", name=f"staging_{run}_{table}")


def _definitions(columns: Iterable[Column]) -> Sql:
    return Sql(", ".join(render("{name} {type}", name=c.name, type=_type(c)) for c in columns))


def _type(column: Column) -> Sql:
    return Sql("text" if column.type.kind == "time" else str(column.type))
