"""Write a DataFrame to a table of the warehouse over JDBC."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.sql import DataFrame, SparkSession

from glue_jobs.errors import StagingFailed
from glue_jobs.parquet import first_cause
from postgres import Address, Connection, Sql, jdbc_options, render, value

FIXED_OPTIONS = {
    "driver": "org.postgresql.Driver",
    "ApplicationName": "load_warehouse",
    "batchsize": "10000",
    "reWriteBatchedInserts": "true",
    "logServerErrorDetail": "false",  # the detail puts rows into error messages
    "connectTimeout": "10",  # seconds
    "loginTimeout": "30",
    "socketTimeout": "600",
    "tcpKeepAlive": "true",
    # Spark creates a table that it does not find; with this option PostgreSQL refuses that
    "createTableOptions": "with (staging_table_is_missing)",
}
TABLES = """
select cast(current_database() as text) as name, cast(count(to_regclass(staged)) as int) as tables
from unnest(cast({tables} as text[])) as staged
"""

Options = Mapping[str, str]
"""Spark's options of a JDBC connection: address, user, password, settings of the session."""


def options(connection: Connection, address: Address) -> Options:
    """Return the options of a JDBC connection to ``address`` with the settings of ``connection``.
    Raises InvalidAddress or StartupRefused."""
    session = {**FIXED_OPTIONS, **jdbc_options(connection, address)}
    user = {"url": address.jdbc_url, "user": address.user}
    password = {} if address.password is None else {"password": address.password}
    return {**session, **user, **password}


def prepare(
    session: SparkSession, address: Address, options: Options, tables: Sequence[Sql]
) -> None:
    """Send the executors what they need to connect. Raises StagingFailed if the JVM would shift
    timestamps, or if JDBC does not find the tables."""
    _check_time_zone(session)
    _send_ca_bundle(session, address)
    _check_tables(session, address, options, tables)


def append(rows: DataFrame, address: Address, options: Options, table: Sql) -> None:
    """Append the rows to a table. Raises StagingFailed, with the server's reason and no rows."""
    try:
        rows.write.format("jdbc").options(**options, dbtable=table).mode("append").save()
    except Py4JJavaError as failure:
        raise StagingFailed(
            f"Rows cannot be staged in {table} at {address}: {_reason(failure)}. Nothing was"
            " loaded. To fix: correct the reason; the next load tries again."
        ) from failure


def _check_tables(
    session: SparkSession, address: Address, options: Options, tables: Sequence[Sql]
) -> None:
    """Raise StagingFailed unless JDBC finds the tables, which have names of this run only: the two
    drivers must reach the same database before a row is sent."""
    array = Sql(f"array[{', '.join(value(table) for table in tables)}]")
    query = render(TABLES, tables=array)
    try:
        reader = session.read.format("jdbc").options(**options, query=query)
        [[database, found]] = reader.load().collect()
    except Py4JJavaError as failure:
        raise StagingFailed(
            f"The JDBC driver cannot query {address}: {_reason(failure)}. Nothing was loaded. To"
            " fix: correct the reason; the next load tries again."
        ) from failure
    if found != len(tables):
        raise StagingFailed(
            f"The JDBC driver reaches the database {database} at {address}, which contains"
            f" {found} of the {len(tables)} staging tables that this load created: it is another"
            " database. Nothing was loaded. To fix: give an address at which every connection"
            " reaches the same database."
        )


def _check_time_zone(session: SparkSession) -> None:
    """Raise StagingFailed unless the JVM runs in UTC: JDBC shifts timestamps by its time zone."""
    jvm: Any = session._jvm
    zone = jvm.java.util.TimeZone.getDefault()
    if zone.getRawOffset() or zone.useDaylightTime():
        raise StagingFailed(
            f"Java's time zone is {zone.getID()}, and JDBC would shift timestamps by it. Nothing"
            " was loaded. To fix: start Spark with -Duser.timezone=UTC in"
            " spark.driver.extraJavaOptions and spark.executor.extraJavaOptions."
        )


def _send_ca_bundle(session: SparkSession, address: Address) -> None:
    """Send the CA bundle to executors, which may run on other machines: a file name without a
    folder is found in the working directory, into which Spark puts the file."""
    if (bundle := address.authorities) and Path(bundle).name == bundle:
        session.sparkContext.addFile(bundle)


def _reason(failure: Py4JJavaError) -> str:
    """Return the message of the root cause, with the SQLSTATE if it is the server's."""
    cause = failure.java_exception
    while cause.getCause() is not None:
        cause = cause.getCause()
    try:
        return f"{first_cause(failure)} (SQLSTATE {cause.getSQLState()})"
    except Py4JError:  # not a java.sql.SQLException
        return first_cause(failure)
