"""Bring Parquet files of the lake into unlogged tables of one run, beside the warehouse."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection
from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts import Column, Fact, Type, WarehouseTable
from contracts.spark import spark_schema
from glue_jobs import parquet
from glue_jobs.errors import StagedCountsDiffer, StagingFailed
from glue_jobs.session import Session
from lake import Store, layout
from postgres import Address, Sql, render

BATCHSIZE = 10_000
MANY_ROWS = 50_000
CONNECTIONS = 4
CONCURRENCY = 2
BATCH_SEQ = Column("batch_seq", Type("bigint"), False, "The batch that brought the row.")

CREATE = "create unlogged table {name} ({columns}) with (autovacuum_enabled = false)"
DROP = "drop table if exists {name}"
COUNT = "select count(*) from {name}"
LEFT_BEHIND = """
select tablename from pg_tables
where schemaname = 'etl' and pg_has_role(tableowner, 'USAGE')
    and tablename like 'staging\\_%' and tablename < 'staging_'
    || to_char(now() at time zone 'UTC' - interval '1 day', 'YYYYMMDD"T"HH24MISS"Z"')
"""


@dataclass(frozen=True)
class Staged:
    """A warehouse table's staging, with the rows that it must hold."""

    table: WarehouseTable
    name: Sql
    files: tuple[str, ...]
    rows: int

    @property
    def columns(self) -> tuple[Column, ...]:
        """The table's columns; a dimension's rows are told apart by their batch too."""
        own = self.table.columns
        return own if isinstance(self.table, Fact) else (*own, BATCH_SEQ)


@dataclass(frozen=True)
class Tombstones(Staged):
    """The staging of a fact's deletions that came without conforming values."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """What is known of them."""
        return tuple(self.table.column(c) for c in (self.table.key, "observed_at", "batch_seq"))


def staging_name(run: str, name: str) -> Sql:
    """The staging table of a run, whose name begins with the time of its start."""
    return render("etl.{name}", name=f"staging_{run}_{name}")


@contextmanager
def staging_tables(connection: Connection, staged: Iterable[Staged]) -> Iterator[None]:
    """Staging tables for the block, empty; none is left, however the block ends."""
    for table in staged:
        connection.run(render(CREATE, name=table.name, columns=_definitions(table.columns)))
    with ExitStack() as undoing:
        undoing.callback(_drop_after_error, connection, staged)
        yield
        undoing.pop_all()
    drop(connection, staged)


def _drop_after_error(connection: Connection, staged: Iterable[Staged]) -> None:
    with suppress(DatabaseError, InterfaceError):  # the block's own error matters more
        drop(connection, staged)


def drop(connection: Connection, staged: Iterable[Staged]) -> None:
    """Drop staging tables, those that are there."""
    for table in staged:
        connection.run(render(DROP, name=table.name))


def drop_left_behind(connection: Connection) -> None:
    """Drop the staging of runs that began more than a day ago, and so ended without tidying; only
    ours, for nobody may drop another role's."""
    for (name,) in connection.run(LEFT_BEHIND):
        connection.run(render(DROP, name=render("etl.{name}", name=name)))


def stage_all(spark: Session, store: Store, address: Address, staged: Sequence[Staged]) -> None:
    """Copy the rows of all tables, two at a time: while one is planned another one's rows travel.
    Raises StagingFailed, also where timestamps would be shifted."""
    if not staged:
        return
    session = spark()
    _refuse_other_zones(session)
    _send_authorities(session, address)
    with ThreadPoolExecutor(CONCURRENCY) as threads:
        copies = [threads.submit(stage, lambda: session, store, address, each) for each in staged]
        for copy in copies:
            copy.result()


def stage(spark: Session, store: Store, address: Address, staged: Staged) -> None:
    """Copy the files' rows into the staging table. Raises StagingFailed."""
    options = {**_jdbc(address), "dbtable": staged.name}
    try:
        rows = _spread(_read(spark, store, staged), staged.rows)
        rows.write.format("jdbc").options(**options).mode("append").save()
    except Py4JJavaError as failure:
        raise StagingFailed(
            f"{staged.table.name} cannot be staged at {address}: {parquet.first_cause(failure)}."
            " The warehouse is as it was; the next load tries again."
        ) from failure


def check_counts(connection: Connection, staged: Iterable[Staged]) -> None:
    """Raise StagedCountsDiffer unless every row was staged exactly once: Spark repeats a task
    whose answer got lost, and appends its rows again (SPARK-19335)."""
    for table in staged:
        [[found]] = connection.run(render(COUNT, name=table.name))
        if found != table.rows:
            raise StagedCountsDiffer(
                f"{table.table.name}: {found} rows were staged, and the log counts {table.rows}."
                " Nothing was loaded. Load again; if it stays so, the lake's files are not those"
                " that the log counts."
            )


def _read(spark: Session, store: Store, staged: Staged) -> DataFrame:
    """The rows of exactly these files."""
    rows = parquet.read(spark, store, staged.files, spark_schema(staged.table))
    if isinstance(staged.table, Fact):
        return rows.select(*(column.name for column in staged.columns))
    seq = F.regexp_extract(F.col("_metadata.file_path"), layout.SEQ_IN_KEY, 1).cast("long")
    return rows.withColumn(BATCH_SEQ.name, seq)


def _spread(rows: DataFrame, count: int) -> DataFrame:
    """Over one connection, or over a few where there are many rows."""
    return rows.coalesce(1) if count < MANY_ROWS else rows.repartition(CONNECTIONS)


def _refuse_other_zones(session: SparkSession) -> None:
    """JDBC would shift timestamps, which have no zone, by that of the JVM."""
    jvm: Any = session._jvm
    zone = jvm.java.util.TimeZone.getDefault()
    if zone.getRawOffset() or zone.useDaylightTime():
        raise StagingFailed(
            f"Java's time zone is {zone.getID()}, and timestamps would be loaded shifted by it."
            " Nothing was loaded. Start Spark with -Duser.timezone=UTC in"
            " spark.driver.extraJavaOptions and spark.executor.extraJavaOptions."
        )


def _send_authorities(session: SparkSession, address: Address) -> None:
    """Let the executors, which may be other machines, find the CA bundle as we do: what is named
    without a folder is looked for in the working directory, where Spark puts what it sends."""
    if (bundle := address.authorities) and Path(bundle).name == bundle:
        session.sparkContext.addFile(bundle)


def _jdbc(address: Address) -> dict[str, str]:
    options = {
        "url": address.jdbc_url,
        "driver": "org.postgresql.Driver",
        "user": address.user,
        "batchsize": str(BATCHSIZE),
        "reWriteBatchedInserts": "true",
        "logServerErrorDetail": "false",  # it would put rows into error messages
    }
    return options if address.password is None else {**options, "password": address.password}


def _definitions(columns: Iterable[Column]) -> Sql:
    return Sql(", ".join(render("{name} {type}", name=c.name, type=_type(c)) for c in columns))


def _type(column: Column) -> Sql:
    return Sql("text" if column.type.kind == "time" else str(column.type))
