"""Rows of published tables as Iceberg's Java library reads them.

``python -m tests.cloud.iceberg_java JARS FOLDER`` builds a small lake with the jobs and publishes
it, then compacts it. It prints JSON: after each step and by table, the columns and the text of each
row.

The library gets the address of each table's metadata from the catalog's database, and nothing else.
"""

import json
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import contracts
from embedded.server import spark as embedded_spark
from glue_jobs import build_dimensions, build_facts
from lake.entries import LoadEntry
from publish import levels
from publish.compactor import compact
from publish.local_catalog import LocalCatalog
from publish.publisher import publish
from tests.lake_builder import LakeBuilder, row
from tests.published import LoggedLake

CATALOG = "processed/_published/catalog.db"
TABLES = "select table_namespace || '.' || table_name, metadata_location from iceberg_tables"
EXTREMES = {"unit_price": Decimal("-99999999.99"), "created_at": datetime(1900, 1, 1, 0, 0, 0, 1)}


def main(jars: Path, folder: Path) -> None:
    """Build the lake, publish and compact it, and print its rows."""
    embedded_spark.SETTINGS["spark.jars"] = ",".join(str(jar) for jar in jars.iterdir())
    session = embedded_spark.EmbeddedSpark()
    spark = session.get()
    built = fill(LakeBuilder(folder))
    for job in (build_dimensions, build_facts):
        job.main(built.by_batch, spark)
    lake = built.lake
    for seq in range(1, lake.batches.head_seq() + 1):
        lake.loads.commit(LoadEntry(seq, f"load-{seq}", datetime.now(UTC)))
    LoggedLake(folder).retry([100], deleted=[101])
    publish(lake, LocalCatalog(lake))
    published = {name: rows(spark, at) for name, at in located(folder).items()}
    levels.FAN = 2
    result = compact(lake, LocalCatalog(lake))
    compacted = {name: rows(spark, at) for name, at in located(folder).items()}
    found = {"published": published, "compacted": compacted, "replaced": result.replaced}
    print(json.dumps(found))
    session.stop()


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


def located(folder: Path) -> Mapping[str, str]:
    """Return the address of the metadata of every published table."""
    with closing(sqlite3.connect(folder / CATALOG)) as catalog:
        return dict(catalog.execute(TABLES).fetchall())


def rows(spark: Any, metadata: str) -> dict[str, Any]:
    """Return the columns and the rows of a table."""
    frame = spark.read.format("iceberg").load(metadata)
    return {"columns": frame.columns, "rows": sorted(repr(tuple(row)) for row in frame.collect())}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
