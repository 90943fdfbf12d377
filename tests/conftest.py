"""Fixtures of tests at every level: a real PostgreSQL server and databases on it."""

import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.client import ClientCreator
from botocore.loaders import JSONFileLoader
from botocore.model import ServiceModel
from hypothesis import settings

from embedded.server import Server, running
from postgres import Connection, connected, from_dsn
from totesys.simulator import Simulator
from warehouse import migrate_at

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

UNSAFE_AND_FAST = {
    "fsync": "off",  # but synchronous_commit stays on: a committed transaction counts as flushed
    "full_page_writes": "off",
    "autovacuum": "off",  # it uses transaction ids, and a test may want a quiet source
    "max_prepared_transactions": "10",
}
MEMORY, ROOM = Path("/dev/shm"), 6 * 2**30  # nosec B108 # only the folder's name
"""A folder in memory, and the bytes that must be free there. A copy of a database takes less than
half of the CPU time of one on a disk, and a poll a fifth less."""

SEEDED_ORDERS = 40
_numbers = count(1)

# of Hypothesis: the same examples each time, however slow the machine is
PROFILE = settings.get_profile("ci")
# `make chaos`: new examples each time
settings.register_profile("chaos", PROFILE, max_examples=2_000, derandomize=False)
# `make test-lambda`: `make test` has run all examples on another Python
settings.register_profile("brief", PROFILE, max_examples=25)
if settings.get_current_profile_name() == "default":
    settings.load_profile("ci")
EXAMPLES = 100
"""The examples of a test, unless a profile says otherwise."""


@dataclass(frozen=True)
class ServerOfTests(Server):
    """A server that creates and drops all databases in one session, as there are hundreds."""

    connection: Connection | None = None

    @contextmanager
    def session(self) -> Iterator[Connection]:
        assert self.connection
        yield self.connection


def pytest_configure() -> None:
    """Put temporary files into memory, those of programs that a test starts too."""
    if folder := _fast_folder():
        os.environ.setdefault("TMPDIR", str(folder))
        tempfile.tempdir = None  # it is looked up again


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep modules and tests out of garbage collections, which would visit them again and again for
    a tenth of the CPU time of the unit tests. What tests create is collected as before."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_unconfigure() -> None:
    """Let the interpreter collect what it kept, as libraries expect when it ends."""
    gc.unfreeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give a test that runs more examples as much more time."""
    times = settings().max_examples / EXAMPLES
    for item in items if times > 1 else []:
        marker = item.get_closest_marker("timeout")
        limit = float(marker.args[0] if marker else config.getini("timeout"))
        item.add_marker(pytest.mark.timeout(times * limit), append=False)


@pytest.fixture(scope="session", autouse=True)
def load_service_models_once() -> Iterator[None]:
    """Read each of botocore's service models once: every new session would parse them again."""
    loader = JSONFileLoader()
    load_file = cache(loader.load_file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: load_file(path))
        yield


@pytest.fixture(scope="session", autouse=True)
def create_client_classes_once() -> Iterator[None]:
    """Create the class of each of botocore's clients once, instead of once for each client."""
    create = ClientCreator._create_client_class  # type: ignore[attr-defined]  # private
    classes = dict[str, type]()

    def create_once(self: ClientCreator, name: str, model: ServiceModel) -> type:
        if name not in classes:
            classes[name] = create(self, name, model)
        return classes[name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientCreator, "_create_client_class", create_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_fsync() -> Iterator[None]:
    """Skip waits for the disk, which are half of a poll: the lake of a test need not be durable."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(autouse=True)
def close_logs() -> Iterator[None]:
    """Remove the handlers of a program that ran in this process: they write to the output of its
    test, which is closed after it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One PostgreSQL server for the whole run."""
    # not tmp_path: only its owner may enter it, and as root the server is another user
    directory = Path(tempfile.mkdtemp(prefix="totesys-tests-", dir=_fast_folder()))
    try:
        with running(directory, UNSAFE_AND_FAST) as server:
            _send_passwords(server)
            with server.session() as connection:
                yield ServerOfTests(server.port, server.password, server.cluster, connection)
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def totesys_template(server: Server) -> str:
    """Return the name of a template database with the empty tables of the source."""
    server.create_database("totesys_template")
    with connected(from_dsn(server.dsn("totesys_template")), "tests") as connection:
        Simulator(connection).create_schema()
    return "totesys_template"


@pytest.fixture(scope="session")
def seeded_template(server: Server, totesys_template: str) -> str:
    """Return the name of a template database with a source of 40 orders."""
    server.create_database("seeded_template", totesys_template)
    with connected(from_dsn(server.dsn("seeded_template")), "tests") as connection:
        Simulator(connection).seed(SEEDED_ORDERS)
    return "seeded_template"


@pytest.fixture
def source_dsn(server: Server, totesys_template: str) -> Iterator[str]:
    """A source of its own for the test: the tables of totesys, empty."""
    with _database(server, "source", totesys_template) as dsn:
        yield dsn


@pytest.fixture
def seeded_source_dsn(server: Server, seeded_template: str) -> Iterator[str]:
    """A source of its own for the test, with 40 orders."""
    with _database(server, "source", seeded_template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def migrated_template(server: Server) -> str:
    """Return the name of a template database with a warehouse without rows. A copy takes a fifth of
    the CPU time of the migrations."""
    server.create_database("migrated_template")
    migrate_at(from_dsn(server.dsn("migrated_template")))
    return "migrated_template"


@pytest.fixture
def warehouse_dsn(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of its own for the test: empty, or with a warehouse if it requests `migrated`."""
    is_migrated = "migrated" in request.fixturenames
    template = request.getfixturevalue("migrated_template") if is_migrated else None
    with _database(server, "warehouse", template) as dsn:
        yield dsn


@pytest.fixture
def migrated(warehouse_dsn: str) -> Iterator[Connection]:
    """The owner's session with a warehouse without rows."""
    with connected(from_dsn(warehouse_dsn), "tests") as connection:
        yield connection


@pytest.fixture(scope="session")
def spark() -> "Iterator[SparkSession]":
    """One Spark session for the whole run."""
    from embedded.server.spark import EmbeddedSpark  # noqa: PLC0415 - the Lambda's Python has no Spark

    embedded = EmbeddedSpark()
    yield embedded.get()
    embedded.stop()


def _fast_folder() -> Path | None:
    """Return MEMORY if it has room and may hold programs, else None for the usual folder of
    temporary files."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM
    return MEMORY if has_room and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC else None


def _send_passwords(server: Server) -> None:
    """Let clients send passwords as they are. Java hashes them for 20 ms in each connection, which
    is a sixth of a load; the tests of the server itself use another one."""
    assert server.cluster
    rules = server.cluster.data / "pg_hba.conf"
    rules.write_text(rules.read_text().replace("scram-sha-256", "password"))
    with connected(from_dsn(server.dsn()), "tests") as connection:
        connection.run("select pg_reload_conf()")


@contextmanager
def _database(server: Server, kind: str, template: str | None = None) -> Iterator[str]:
    name = f"{kind}_{next(_numbers)}"
    server.create_database(name, template)
    try:
        yield server.dsn(name)
    finally:
        server.drop_database(name)
