"""The rights of a reader, its cache, and the errors that it raises."""

import pytest
from pg8000.native import Connection

from contracts import PlatformError
from dashboard.errors import NotAllowed, NotMigrated, TookTooLong
from dashboard.reader import Reader, reading
from dashboard.settings import Settings
from embedded.demo.dashboard_process import reader_dsn
from embedded.server import Server
from postgres import NotAuthenticated, QueryFailed, Unreachable, from_dsn

ROLE = "dashboard_tests_other"


@pytest.fixture
def own_warehouse(migrated: Connection) -> Connection:
    """The owner's session with a warehouse that the test may damage."""
    return migrated


@pytest.fixture
def own_settings(server: Server, own_warehouse: Connection, warehouse_dsn: str) -> Settings:
    database = from_dsn(warehouse_dsn).database
    return Settings(from_dsn(reader_dsn(server, database, ROLE)))


def test_reader_cannot_write(reader: Reader):
    with pytest.raises(QueryFailed, match="read-only"), reading(reader.settings) as other:
        other.run("delete from etl.ledger")


def test_result_is_cached_by_statement_and_parameters(owner: Connection, reader: Reader):
    statement = "select clock_timestamp(), :n as n"
    first = reader.run(statement, n=1)
    assert reader.run(statement, n=1) == first
    assert reader.run(statement, n=2) != first


def test_database_without_a_warehouse_is_not_migrated(server: Server, warehouse_dsn: str):
    settings = Settings(from_dsn(warehouse_dsn))
    with pytest.raises(NotMigrated, match="warehouse migrate"), reading(settings) as reader:
        reader.query("ledger", max_rows=1, window="1 day")


def test_warehouse_without_a_view_of_this_version_is_not_migrated(
    own_warehouse: Connection, own_settings: Settings
):
    own_warehouse.run("drop view warehouse.fact_sales_order_wide")
    with pytest.raises(NotMigrated, match="warehouse migrate"), reading(own_settings) as reader:
        reader.run("select from fact_sales_order_wide")


@pytest.mark.parametrize(
    "revoke",
    [
        "revoke usage on schema warehouse from warehouse_reader",
        "revoke select on etl.ledger from warehouse_reader",
    ],
)
def test_user_without_rights_gets_the_grant_that_the_owner_must_run(
    own_warehouse: Connection, own_settings: Settings, revoke: str
):
    own_warehouse.run(revoke)
    with (
        pytest.raises(NotAllowed, match=f"grant warehouse_reader to {ROLE}"),
        reading(own_settings) as reader,
    ):
        reader.query("ledger", max_rows=1, window="1 day")


def query_in_ended_session(settings: Settings, owner: Connection) -> None:
    with reading(settings) as reader:
        [backend] = reader.fetch("select pg_backend_pid() as pid", {})
        owner.run("select pg_terminate_backend(:pid, 5000)", pid=backend["pid"])
        reader.run("select 1")


def test_session_that_the_server_ends_raises_a_typed_error(owner: Connection, settings: Settings):
    with pytest.raises(PlatformError, match=r"administrator command|closed|network"):
        query_in_ended_session(settings, owner)


def slow(settings: Settings) -> None:
    with reading(settings) as reader:
        reader.fetch("set statement_timeout = '50ms'", {})
        reader.run("select pg_sleep(5)")


def test_slow_query_is_canceled(settings: Settings):
    with pytest.raises(TookTooLong, match="shorter period"):
        slow(settings)


def test_wrong_password_and_missing_server_keep_their_own_errors(
    server: Server, own_settings: Settings
):
    reader_dsn(server, own_settings.warehouse.database, ROLE)  # sets a new password
    with pytest.raises(NotAuthenticated), reading(own_settings) as reader:
        reader.query("ledger", max_rows=1, window="1 day")
    nowhere = from_dsn("postgresql://a:b@127.0.0.1:1/c")
    with pytest.raises(Unreachable, match="Nothing answers"), reading(Settings(nowhere)) as reader:
        reader.query("ledger", max_rows=1, window="1 day")
