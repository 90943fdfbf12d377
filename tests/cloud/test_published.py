"""Published tables in the Data Catalog: publishers at once, everything again, and the command."""

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog.glue import GlueCatalog

from artifacts.athena import athena_views
from lake import Lake
from lake.s3 import S3Store
from postgres import render
from publish import levels
from publish.athena_views import Athena, create_views
from publish.compactor import compact
from publish.errors import ViewsRefused
from publish.glue_catalog import GlueTables
from publish.publisher import publish
from publish.tables import published_tables
from tests.cloud.local_aws import ACCOUNT, REGION, ROOT, LocalAws
from tests.published import DIMENSION, FACT, LoggedLake

NAME, PREFIX = "totesys-published", "totesys_published"
BUCKETS = {"INGESTION_BUCKET": f"{NAME}-ingestion", "PROCESSED_BUCKET": f"{NAME}-processed"}
BATCHES = 6
WRITE = GlueCatalog._write_metadata
TRUSTED = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "*"}


class LakeInS3(LoggedLake):
    """A logged lake in two buckets."""

    def __init__(self, aws: LocalAws) -> None:
        super().__init__(Path("unused"))
        self._s3, self._glue = aws.client("s3"), aws.client("glue")

    @property
    def lake(self) -> Lake:
        ingestion, processed = (S3Store(self._s3, bucket) for bucket in BUCKETS.values())
        return Lake(ingestion, processed)

    @property
    def catalog(self) -> GlueTables:
        return GlueTables(self.lake, self._glue, PREFIX)

    def rows(self, name: str, *columns: str) -> Counter[tuple[Any, ...]]:
        found = self.table(name).scan(selected_fields=columns).to_arrow()
        return Counter(tuple(row[c] for c in columns) for row in found.to_pylist())


def write_slowly(**arguments: Any) -> None:
    """Write metadata, and let other publishers begin a commit before this one ends."""
    WRITE(**arguments)
    time.sleep(0.2)


@pytest.fixture(scope="module")
def logged(other_account: LocalAws) -> LakeInS3:
    """A lake with a few batches, which four publishers have published while they were added."""
    s3 = other_account.client("s3")
    for bucket in BUCKETS.values():
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for namespace in sorted({table.namespace for table in published_tables(1)}):
        database = {"Name": f"{PREFIX}_published_{namespace}"}  # as Terraform does
        other_account.client("glue").create_database(DatabaseInput=database)
    logged = LakeInS3(other_account)
    logged.add([1], staff=[1])
    logged.publish()

    def publish_all(_: int) -> None:
        while logged.lake.loads.head_seq() < BATCHES:
            logged.publish()
        logged.publish()

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(4) as threads:
        patch.setattr(GlueCatalog, "_write_metadata", staticmethod(write_slowly))
        publishers = threads.map(publish_all, range(4))
        for number in range(2, BATCHES + 1):
            logged.add([number], staff=[number])
        assert list(publishers) == [None] * 4
    return logged


def test_four_publishers_at_once_publish_every_row_once(logged: LakeInS3):
    assert logged.publish().commits == 0
    expected = Counter({(n, n): 1 for n in range(1, BATCHES + 1)})
    assert logged.rows(FACT, "sales_order_id", "batch_seq") == expected
    assert logged.rows(DIMENSION, "staff_id", "batch_seq") == expected


def test_catalog_says_where_and_how_to_read_a_table(logged: LakeInS3, other_account: LocalAws):
    glue = other_account.client("glue")
    found = glue.get_table(DatabaseName=f"{PREFIX}_published_processed_g1", Name=FACT)["Table"]
    assert found["Parameters"]["table_type"] == "ICEBERG"
    bucket = BUCKETS["PROCESSED_BUCKET"]
    folder = f"s3://{bucket}/_published/processed_g1/{FACT}/"
    assert found["Parameters"]["metadata_location"].startswith(folder)


@pytest.fixture
def function(other_account: LocalAws) -> Iterator[None]:
    """A function whose configuration names the buckets, as that of a deployment does."""
    iam, client, code = other_account.client("iam"), other_account.client("lambda"), io.BytesIO()
    policy = json.dumps({"Version": "2012-10-17", "Statement": [TRUSTED]})
    iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=policy)
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handler.py", "")
    client.create_function(
        FunctionName=f"{NAME}-ingestion",
        Role=f"arn:aws:iam::{ACCOUNT}:role/{NAME}",
        Runtime="python3.13",
        Handler="handler.handler",
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": BUCKETS},
    )
    yield
    client.delete_function(FunctionName=f"{NAME}-ingestion")
    iam.delete_role(RoleName=NAME)


def report(aws: LocalAws, command: str, *options: str) -> dict[str, Any]:
    """Return the last line of a command."""
    done = subprocess.run(
        [sys.executable, "-m", "operations", command, "--name", NAME, "--region", REGION, *options],
        cwd=ROOT, env={**os.environ, **aws.environment()},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.usefixtures("function")
def test_command_publishes_and_makes_everything_new(logged: LakeInS3, other_account: LocalAws):
    assert report(other_account, "publish")["files"] == 0
    again = report(other_account, "publish", "--again")
    assert (again["files"], again["commits"]) == (3 * BATCHES, 3)
    expected = Counter({(n, n): 1 for n in range(1, BATCHES + 1)})
    assert logged.rows(FACT, "sales_order_id", "batch_seq") == expected


@pytest.mark.usefixtures("function")
def test_two_compactors_and_a_publisher_at_once_keep_every_row_once(
    logged: LakeInS3, other_account: LocalAws, monkeypatch: pytest.MonkeyPatch
):
    """One of the compactors wins. Tables that are made new have the large file, too."""
    logged.add([BATCHES + 1], staff=[BATCHES + 1])
    monkeypatch.setattr(levels, "FAN", 3)
    monkeypatch.setattr(GlueCatalog, "_write_metadata", staticmethod(write_slowly))
    steps = (compact, compact, publish)
    with ThreadPoolExecutor(len(steps)) as threads:
        list(threads.map(lambda step: step(logged.lake, logged.catalog), steps))
    monkeypatch.undo()
    expected = Counter({(n, n): 1 for n in range(1, BATCHES + 2)})
    for _ in ("exchanged", "made new"):
        [file] = logged.files(FACT)
        assert file.startswith(
            f"s3://{BUCKETS['PROCESSED_BUCKET']}/_compacted/processed_g1/{FACT}/"
        )
        assert logged.rows(FACT, "sales_order_id", "batch_seq") == expected
        assert logged.rows(DIMENSION, "staff_id", "batch_seq") == expected
        assert report(other_account, "publish", "--again")["files"] == 3
    assert report(other_account, "compact")["replaced"] == 0


def test_athena_gets_its_views_once_and_again_when_a_text_changes(
    logged: LakeInS3, other_account: LocalAws
):
    athena, glue = other_account.client("athena"), other_account.client("glue")
    glue.create_database(DatabaseInput={"Name": PREFIX})
    place = f"s3://{BUCKETS['PROCESSED_BUCKET']}/results/"
    settings = {"ResultConfiguration": {"OutputLocation": place}}
    athena.create_work_group(Name=NAME, Configuration=settings)
    names, views = Athena(athena, glue, NAME, PREFIX), athena_views()
    assert create_views(logged.lake, logged.catalog, names, views) == len(views)
    assert create_views(logged.lake, logged.catalog, names, views) == 0
    assert glue.get_table(DatabaseName=PREFIX, Name="top_designs")["Table"]["VersionId"] == "0"
    versions = {"fact_sales_order": str(logged.lake.batches.head_seq()), "fact_payment": "0"}
    for name, expected in versions.items():
        assert rows_in_athena(athena, render("select count(*) as n from {view}", view=name)) == [
            ["n"],
            [expected],
        ]
    glue.delete_table(DatabaseName=f"{PREFIX}_published_processed_g1", Name="fact_payment")
    assert create_views(logged.lake, logged.catalog, names, views) == 0
    assert rows_in_athena(athena, "select count(*) as n from fact_payment") == [["n"], ["0"]]
    changed = {**views, "top_designs": "select 1 as one"}
    assert create_views(logged.lake, logged.catalog, names, changed) == len(views)
    assert rows_in_athena(athena, "select * from top_designs") == [["one"], ["1"]]
    glue.delete_table(DatabaseName=PREFIX, Name="ledger")
    assert create_views(logged.lake, logged.catalog, names, changed) == len(views)
    broken = {**views, "top_designs": "select nothing from dim_design"}
    with pytest.raises(ViewsRefused, match=r"view top_designs: .*nothing"):
        create_views(logged.lake, logged.catalog, names, broken)
    assert create_views(logged.lake, logged.catalog, names, changed) == len(views)


def rows_in_athena(athena: Any, query: str) -> list[list[str]]:
    started = athena.start_query_execution(
        QueryString=query, QueryExecutionContext={"Database": PREFIX}, WorkGroup=NAME
    )["QueryExecutionId"]

    def status() -> Any:
        return athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]

    while status()["State"] in ("QUEUED", "RUNNING"):
        time.sleep(0.05)
    assert status()["State"] == "SUCCEEDED", status()
    found = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    return [[cell["VarCharValue"] for cell in row["Data"]] for row in found]
