"""A warehouse on another machine, loaded by executors in separate processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyspark
import pytest
from pyspark.sql import SparkSession

from embedded.server.java import driver, java_home
from glue_jobs.load_warehouse import main
from postgres import connected, from_dsn
from tests.processed import ProcessedLake, calendar, version_row
from tests.tls_front import elsewhere
from warehouse import migrate

ROOT = Path(__file__).parents[4]
LOAD_WITH_EXECUTORS = """
import sys
from glue_jobs import load_warehouse
from glue_jobs.load import staging
staging.MANY_ROWS = 1
load_warehouse.main(sys.argv[1:])
"""


@pytest.fixture
def remote_dsn(warehouse_dsn: str, tmp_path: Path) -> Iterator[str]:
    """Return the DSN of a migrated warehouse that appears to be on another machine, with TLS."""
    with connected(from_dsn(warehouse_dsn), "tests") as connection:
        migrate(connection)
    with elsewhere(warehouse_dsn, tmp_path) as dsn:
        yield dsn


def orders(dsn: str) -> int:
    with connected(from_dsn(dsn), "tests") as connection:
        [[count]] = connection.run("select count(*) from warehouse.fact_sales_order_current")
    return int(count)


@pytest.fixture
def spark_home(tmp_path: Path) -> Path:
    """Return a copy of the installed Spark with its own folder for executors."""
    home = tmp_path / "spark"
    home.mkdir()
    for part in Path(pyspark.__file__).parent.iterdir():
        (home / part.name).symlink_to(part)
    return home


def test_ca_bundle_in_a_folder_is_read_from_there(
    tmp_path: Path,
    remote_dsn: str,
    warehouse_dsn: str,
    spark: SparkSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WAREHOUSE", remote_dsn)
    processed = ProcessedLake(tmp_path / "lake")
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    lake = [f"--ingestion={processed.ingestion}", f"--processed={processed.processed}"]
    main([*lake, "--warehouse=env:WAREHOUSE", f"--ca-bundle={tmp_path / 'ca.pem'}"], spark)
    assert orders(warehouse_dsn) == 1


def test_executors_verify_the_warehouse_with_the_ca_bundle_of_the_driver(
    tmp_path: Path, remote_dsn: str, warehouse_dsn: str, spark_home: Path
) -> None:
    processed = ProcessedLake(tmp_path / "lake")
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    settings = [
        "--master=local-cluster[1,1,512]",
        "--conf=spark.executor.memory=512m",
        f"--conf=spark.executor.extraClassPath={driver()}",
        f"--driver-class-path={driver()}",
        "--conf=spark.ui.enabled=false",
        "--conf=spark.driver.host=127.0.0.1",
        "--conf=spark.driver.bindAddress=127.0.0.1",
        "pyspark-shell",
    ]
    done = subprocess.run(
        [
            *(sys.executable, "-c", LOAD_WITH_EXECUTORS),
            f"--ingestion={processed.ingestion}",
            f"--processed={processed.processed}",
            *("--warehouse=env:WAREHOUSE", "--ca-bundle=ca.pem"),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "JAVA_HOME": str(java_home()),
            "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_SUBMIT_ARGS": " ".join(settings),
            "PYTHONPATH": str(ROOT),
            "SPARK_HOME": str(spark_home),
            "SPARK_SCALA_VERSION": "2.12",
            "WAREHOUSE": remote_dsn,
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert orders(warehouse_dsn) == 1
    assert list((spark_home / "work").glob("app-*/*/ca.pem"))
