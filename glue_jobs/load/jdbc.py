"""Write a DataFrame to a table of the warehouse over JDBC."""

from pathlib import Path
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession

from glue_jobs.errors import StagingFailed
from glue_jobs.parquet import first_cause
from postgres import Address, Sql

ROWS_PER_STATEMENT = 10_000


def append(rows: DataFrame, address: Address, table: Sql) -> None:
    """Append the rows to a table. Raises StagingFailed, with the server's reason and no rows."""
    try:
        rows.write.format("jdbc").options(**_options(address), dbtable=table).mode("append").save()
    except Py4JJavaError as failure:
        raise StagingFailed(
            f"Rows cannot be staged in {table} at {address}: {first_cause(failure)}. Nothing was"
            " loaded. To fix: correct the reason; the next load tries again."
        ) from failure


def prepare(session: SparkSession, address: Address) -> None:
    """Send the executors what they need to connect. Raises StagingFailed if the JVM would shift
    timestamps."""
    _check_time_zone(session)
    _send_ca_bundle(session, address)


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


def _options(address: Address) -> dict[str, str]:
    options = {
        "url": address.jdbc_url,
        "driver": "org.postgresql.Driver",
        "user": address.user,
        "batchsize": str(ROWS_PER_STATEMENT),
        "reWriteBatchedInserts": "true",
        "logServerErrorDetail": "false",  # the detail puts rows into error messages
    }
    return options if address.password is None else {**options, "password": address.password}
