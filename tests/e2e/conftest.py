"""The whole platform: a source, a lake, a warehouse, and real Spark between them."""

import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pg8000.native import Connection
from pyspark.sql import SparkSession

from embedded.platform import Platform
from embedded.server import Server
from postgres import connected, from_dsn
from tests.pages import Shell
from totesys.simulator import Simulator


@dataclass(frozen=True)
class Loaded:
    """A source, a lake and a warehouse after the first cycle, of which each test gets copies. The
    lake knows its source by the oid of the database, so the copy of the source has the same."""

    source: str
    source_oid: int
    warehouse: str
    lake: Path


@pytest.fixture(scope="session")
def loaded(
    server: Server,
    seeded_template: str,
    spark: SparkSession,
    tmp_path_factory: pytest.TempPathFactory,
) -> Loaded:
    """Run the first cycle, which takes most of the time of a test, once for all tests that are
    marked `loaded`."""
    lake = tmp_path_factory.mktemp("loaded") / "lake"
    server.create_database("loaded_first", seeded_template)
    server.create_database("loaded_warehouse")
    first, warehouse = server.dsn("loaded_first"), server.dsn("loaded_warehouse")
    Platform(lake, first, warehouse, spark=lambda: spark).cycle()
    with connected(from_dsn(first), "tests") as connection:
        query = "select oid::bigint from pg_database where datname = current_database()"
        [[oid]] = connection.run(query)
    server.create_database("loaded_source", "loaded_first")
    server.drop_database("loaded_first")
    return Loaded("loaded_source", oid, "loaded_warehouse", lake)


@pytest.fixture
def state(request: pytest.FixtureRequest) -> Loaded | None:
    """The state before a test that is marked `loaded`."""
    is_loaded = request.node.get_closest_marker("loaded")
    return request.getfixturevalue("loaded") if is_loaded else None


@pytest.fixture
def seeded_source_dsn(server: Server, seeded_template: str, state: Loaded | None) -> Iterator[str]:
    """A source of its own for the test, with 40 orders."""
    name = "source_of_test"
    if state:
        server.create_database(name, state.source, state.source_oid)
    else:
        server.create_database(name, seeded_template)
    yield server.dsn(name)
    server.drop_database(name)


@pytest.fixture
def warehouse_dsn(server: Server, state: Loaded | None) -> Iterator[str]:
    """A warehouse of its own for the test: an empty database, or one with the first batch."""
    name = "warehouse_of_test"
    server.create_database(name, state.warehouse if state else None)
    yield server.dsn(name)
    server.drop_database(name)


@pytest.fixture
def lake_folder(tmp_path: Path, state: Loaded | None) -> Path:
    """The folder of the test's lake: missing, or with the first batch."""
    folder = tmp_path / "lake"
    if state:
        shutil.copytree(state.lake, folder)
    return folder


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
    lake_folder: Path, seeded_source_dsn: str, warehouse_dsn: str, spark: SparkSession
) -> Platform:
    return Platform(lake_folder, seeded_source_dsn, warehouse_dsn, spark=lambda: spark)


@pytest.fixture
def shell(
    lake_folder: Path,
    seeded_source_dsn: str,
    warehouse_dsn: str,
    spark: SparkSession,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """Run commands in the folder of `platform`'s lake; they use the session-wide Spark."""
    monkeypatch.chdir(lake_folder.parent)
    logger = logging.getLogger("ingestion_lambda")  # the Lambda's handler may have changed it
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "propagate", True)
    return Shell(
        {"source": seeded_source_dsn, "warehouse": warehouse_dsn, "lake": "./lake"}, capsys
    )
