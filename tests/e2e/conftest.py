"""The whole platform: a source, a lake, a warehouse, and real Spark between them."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from pg8000.native import Connection
from pyspark.sql import SparkSession

from embedded.platform import Platform
from postgres import connected, from_dsn
from tests.pages import Shell
from totesys.simulator import Simulator


@pytest.fixture
def source(seeded_source_dsn: str) -> Iterator[Connection]:
    """Open a session that writes to the source."""
    with connected(from_dsn(seeded_source_dsn), "writer") as connection:
        yield connection


@pytest.fixture
def simulator(source: Connection) -> Simulator:
    return Simulator(source)


@pytest.fixture
def warehouse(warehouse_dsn: str) -> Iterator[Connection]:
    """Open a session that reads the warehouse."""
    with connected(from_dsn(warehouse_dsn), "reader") as connection:
        yield connection


@pytest.fixture
def platform(
    tmp_path: Path, seeded_source_dsn: str, warehouse_dsn: str, spark: SparkSession
) -> Platform:
    return Platform(tmp_path / "lake", seeded_source_dsn, warehouse_dsn, spark=lambda: spark)


@pytest.fixture
def shell(
    tmp_path: Path,
    seeded_source_dsn: str,
    warehouse_dsn: str,
    spark: SparkSession,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """Run commands in the folder of `platform`'s lake; they use the session-wide Spark."""
    monkeypatch.chdir(tmp_path)
    logger = logging.getLogger("ingestion_lambda")  # the Lambda's handler may have changed it
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "propagate", True)
    return Shell(
        {"source": seeded_source_dsn, "warehouse": warehouse_dsn, "lake": "./lake"}, capsys
    )
