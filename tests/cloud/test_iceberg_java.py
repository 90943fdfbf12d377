"""Iceberg's Java library finds in the published tables, row for row, what the logs name: by the
names of the catalog of one machine and of the Data Catalog, also while the lake changes.

Neither side of the comparison uses the code that publishes: the expected rows come from the files
that the entries of the logs list, the others from Spark with Iceberg's library.
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lake import Lake
from lake.entries import BuildEntry, RetryEntry
from lake.local import open_local_lake
from lake.s3 import S3Store
from tests.cloud import glue_jars
from tests.cloud.local_aws import REGION, LocalAws

ROOT = Path(__file__).parents[2]
READER = "tests.cloud.iceberg_java"
PREFIX = "iceberg_java"
BUCKETS = "read-by-java-ingestion", "read-by-java-processed"
CATALOGS = "local", "glue"
BUILT = 4  # batches, before the lake changes

Row = Mapping[str, Any]
Rows = dict[str, list[Row]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new folder, with a space in its name."""
    return tmp_path_factory.mktemp("of iceberg")


@pytest.fixture(scope="module")
def read(folder: Path, other_account: LocalAws) -> Mapping[str, Any]:
    """Return, by catalog and step, the columns and rows that Iceberg's library reads."""
    jars = glue_jars.require("iceberg")
    for bucket in BUCKETS:
        other_account.client("s3").create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
    # the JVM does not know the authority of the endpoint
    environment = {**other_account.environment(), "AWS_ENDPOINT_URL": other_account.plain_url}
    command: list[str | Path] = [sys.executable, "-m", READER, jars, folder, *BUCKETS, PREFIX]
    ran = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    found: Mapping[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def expected(folder: Path, other_account: LocalAws, read: Mapping[str, Any]) -> Mapping[str, Rows]:
    """Return the rows of the files that the logs list, by catalog and published table."""
    assert read
    stores = [S3Store(other_account.client("s3"), bucket) for bucket in BUCKETS]
    lakes = {"local": open_local_lake(folder), "glue": Lake(stores[0], stores[1])}
    return {name: logged(lake) for name, lake in lakes.items()}


def logged(lake: Lake) -> Rows:
    """Return the rows of the files that the logs list, by published table."""
    found: Rows = {}
    for name, body in files(lake):
        found.setdefault(name, []).extend(pq.read_table(io.BytesIO(body)).to_pylist())
    return found


def files(lake: Lake) -> Iterator[tuple[str, bytes]]:
    """Yield the published table and the content of each file that an entry adds."""
    for batch in lake.batches.after(0):
        for name, changes in batch.tables.items():
            yield f"ingestion.{name}", lake.ingestion.get(changes.file.key)
    built: list[BuildEntry | RetryEntry]
    built = [*lake.dimensions.after(0), *lake.facts.after(0), *lake.retries.after(0)]
    for entry in built:
        tombstones = {f"{name}_tombstones": output for name, output in entry.tombstones.items()}
        for name, output in {**entry.tables, **tombstones}.items():
            for key in output.files:
                yield f"processed_g1.{name}", lake.processed.get(key)


def texts(rows: list[Row], columns: list[str], through: int) -> list[str]:
    """Return the rows of the batches up to one as the reader prints them."""
    chosen = (row for row in rows if row["batch_seq"] <= through)
    return sorted(repr(tuple(map(row.get, columns))) for row in chosen)


@pytest.mark.parametrize("catalog", CATALOGS)
@pytest.mark.parametrize("step", ["published", "compacted", "changed"])
def test_another_library_reads_every_value_that_the_logs_name(
    expected: Mapping[str, Rows], read: Mapping[str, Any], catalog: str, step: str
):
    tables, found = expected[catalog], read[catalog]
    assert found["compacted"].keys() == tables.keys()
    assert len(tables) > 20
    assert found["replaced"] >= 10
    assert len(found[step]) >= 3
    through = max(row["batch_seq"] for row in tables["ingestion.sales_order"])
    for name, table in found[step].items():
        columns = table["columns"]
        assert columns[0] in tables[name][0]
        assert {column for row in tables[name] for column in row} <= {*columns}
        last = through if step == "changed" else BUILT
        assert table["rows"] == texts(tables[name], columns, last), name


@pytest.mark.parametrize("catalog", CATALOGS)
def test_readers_see_whole_batches_while_loads_and_compactions_run(
    expected: Mapping[str, Rows], read: Mapping[str, Any], catalog: str
):
    """Each reading has exactly the rows of the batches up to one, which was published at the
    latest when the reading ended, and at the earliest when it began."""
    seen: dict[str, list[int]] = {}
    for reading in read[catalog]["readings"]:
        name, columns = reading["table"], reading["columns"]
        rows = expected[catalog][name]
        last = max(row["batch_seq"] for row in rows)
        possible = [
            seq
            for seq in range(reading["before"], last + 1)
            if texts(rows, columns, seq) == reading["rows"]
        ]
        assert possible, name
        seen.setdefault(name, []).append(possible[0])
    assert len(seen) == 3
    for name, batches in seen.items():
        assert batches == sorted(batches), name
        assert len({*batches}) > 2, name
