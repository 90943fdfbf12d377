"""Rows of published tables as Iceberg's Java library reads them, by the names of two catalogs: the
SQLite database of a lake in a directory, and the Data Catalog.

``python -m tests.cloud.iceberg_java JARS FOLDER INGESTION PROCESSED PREFIX`` builds a small lake
with the jobs, copies it to two buckets, publishes both, and compacts both. Then batches are added,
published and compacted while the tables are read, and the clock is set back by ten minutes. It
prints JSON: by catalog, after each step and by table, the columns and the text of each row; and
every reading while the lake changed. All tables are read after the compaction, which leaves those
with one file as they were.

The library gets the address of a catalog and the names of tables, and nothing else.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Condition
from typing import Any

import boto3
from pyspark.sql import SparkSession

import contracts
from embedded.server import spark as embedded_spark
from glue_jobs import build_dimensions, build_facts
from lake import Lake, Store, open_lake
from lake.entries import LoadEntry
from publish import levels
from publish.catalog import PublishedTables
from publish.glue_catalog import GlueTables
from publish.local_catalog import NAME
from tests.cloud.wired import PATIENCE
from tests.lake_builder import LakeBuilder, row
from tests.published import DIMENSION, FACT, SOURCE, LoggedLake, clock_set_back

CATALOG = "processed/_published/catalog.db"
EXTREMES = {"unit_price": Decimal("-99999999.99"), "created_at": datetime(1900, 1, 1, 0, 0, 0, 1)}
BUSY = (f"ingestion.{SOURCE}", f"processed_g1.{DIMENSION}", f"processed_g1.{FACT}")
ADDED = 4  # batches, while the tables are read


class LakeInAws(LoggedLake):
    """A lake in two buckets, whose tables are in databases with a prefix."""

    def __init__(self, ingestion: str, processed: str, prefix: str) -> None:
        super().__init__(Path("unused"))
        self._addresses = f"s3://{ingestion}", f"s3://{processed}"
        self._prefix, self._glue = prefix, boto3.client("glue")
        for namespace in ("ingestion", "processed_g1"):
            name = f"{prefix}_published_{namespace}"
            self._glue.create_database(DatabaseInput={"Name": name})

    @property
    def lake(self) -> Lake:
        return open_lake(*self._addresses)

    @property
    def catalog(self) -> PublishedTables:
        return GlueTables(self.lake, self._glue, self._prefix)


def main(jars: Path, folder: Path, ingestion: str, processed: str, prefix: str) -> None:
    """Build the lakes, publish, compact and change them, and print what is read."""
    local = LoggedLake(folder)
    with spark_with(jars, folder) as spark:
        build(LakeBuilder(folder), spark)
        local.retry([100], deleted=[101])
        aws = LakeInAws(ingestion, processed, prefix)
        for store in ("ingestion", "processed"):
            copy(getattr(local.lake, store), getattr(aws.lake, store))
        lakes = {"local": (local, f"{NAME}."), "glue": (aws, f"glue.{prefix}_published_")}
        found = {name: steps(spark, *lake) for name, lake in lakes.items()}
        print(json.dumps(found))


@contextmanager
def spark_with(jars: Path, folder: Path) -> Iterator[SparkSession]:
    """Provide a session with Iceberg's library and both catalogs."""
    known = embedded_spark.SETTINGS
    known["spark.jars"] = ",".join(str(jar) for jar in jars.iterdir())
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    settings = {
        NAME: {
            "catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
            "uri": f"jdbc:sqlite:{folder / CATALOG}",
            "jdbc.init-catalog-tables": "false",
            "warehouse": str(folder),
        },
        "glue": {
            "catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
            "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
            "warehouse": "s3://unused",
            "glue.endpoint": endpoint,
            "s3.endpoint": endpoint,
            "s3.path-style-access": "true",
            "client.region": os.environ["AWS_REGION"],
        },
    }
    for name, own in settings.items():
        catalog = f"spark.sql.catalog.{name}"
        known[catalog] = "org.apache.iceberg.spark.SparkCatalog"
        known[f"{catalog}.cache-enabled"] = "false"
        known |= {f"{catalog}.{option}": value for option, value in own.items()}
    session = embedded_spark.EmbeddedSpark()
    yield session.get()
    session.stop()


def build(built: LakeBuilder, spark: SparkSession) -> None:
    """Fill the lake and build it batch by batch; all batches are loaded."""
    fill(built)
    for job in (build_dimensions, build_facts):
        job.main(built.by_batch, spark)
    lake = built.lake
    for seq in range(1, lake.batches.head_seq() + 1):
        lake.loads.commit(LoadEntry(seq, f"load-{seq}", datetime.now(UTC)))


def fill(built: LakeBuilder) -> LakeBuilder:
    """Commit batches with every table, extreme values, NULL, a changed, a deleted and an unfit
    row."""
    built.insert(**{name: [row(name, 1), row(name, 2)] for name in contracts.source().tables})
    built.update(
        sales_order=[row("sales_order", 1, **EXTREMES), row("sales_order", 3, unit_price=None)],
        staff=[row("staff", 1, first_name="Žofie 😀 ''", last_name="")],
    )
    gone, unfit = row("sales_order", 2), row("sales_order", 4, agreed_payment_date="never")
    built.batch({"sales_order": [("D", gone), ("I", unfit)]})
    built.batch({"sales_order": [("D", unfit)]})
    return built


def copy(of: Store, to: Store) -> None:
    """Copy every object of a store to another one."""
    for stored in of.under(""):
        to.put_new(stored.key, of.get(stored.key))


def steps(spark: SparkSession, logged: LoggedLake, place: str) -> dict[str, Any]:
    """Publish, compact and change a lake, and return what is read after each step, and between."""
    result = logged.publish()
    names = [each.partition(".") for each in result.files]
    tables = {f"{namespace}.{name}": f"{place}{namespace}.{name}" for namespace, _, name in names}
    published = {name: rows(spark, tables[name]) for name in BUSY}
    levels.FAN = 2
    replaced = logged.compact().replaced
    compacted = {name: rows(spark, at) for name, at in tables.items()}
    readings = [*while_it_changes(spark, logged, tables)]
    changed = {name: rows(spark, tables[name]) for name in BUSY}
    return {
        "published": published,
        "compacted": compacted,
        "replaced": replaced,
        "readings": readings,
        "changed": changed,
    }


@dataclass
class Rounds:
    """Rounds of readings of all tables, which another thread can wait for."""

    ended: int = 0
    _changed: Condition = field(default_factory=Condition)

    def end(self) -> None:
        with self._changed:
            self.ended += 1
            self._changed.notify_all()

    def wait(self) -> None:
        """Wait until a round that begins now or later has ended."""
        with self._changed:
            last = self.ended + 2  # the next one to end may have begun before
            assert self._changed.wait_for(lambda: self.ended >= last, PATIENCE)


def while_it_changes(
    spark: SparkSession, logged: LoggedLake, tables: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield readings of tables, each with the last batch that was published before it began, while
    a thread adds batches, publishes and compacts. All are read before, in the middle, and after."""
    published, rounds = logged.lake.loads.last_batch(), Rounds()

    def change() -> None:
        nonlocal published
        for number in range(ADDED):
            if number in (0, ADDED // 2):
                rounds.wait()
            added = logged.add([number, 1000 + number], staff=[number])
            logged.publish()
            published = added
            if number % 2:
                logged.compact()

    def change_after_the_clock_is_set_back() -> None:
        with clock_set_back(timedelta(minutes=10)):
            change()

    with ThreadPoolExecutor(1) as thread:
        changing = thread.submit(change_after_the_clock_is_set_back)
        while True:
            is_last = changing.done()
            for name in BUSY:
                before = published
                yield {"table": name, "before": before, **rows(spark, tables[name])}
            rounds.end()
            if is_last:
                break
    changing.result()


def rows(spark: SparkSession, table: str) -> dict[str, Any]:
    """Return the columns and the rows of a table."""
    frame = spark.table(table)
    return {"columns": frame.columns, "rows": sorted(repr(tuple(row)) for row in frame.collect())}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
