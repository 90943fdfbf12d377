"""What a reader may do, and how what goes wrong is told."""

import pytest
from pg8000.native import Connection

from dashboard.errors import NotAllowed, NotMigrated, TookTooLong
from dashboard.reader import Reader, reading
from dashboard.settings import Settings
from embedded.dashboard_process import reader_dsn
from embedded.server import Server
from postgres import NotAuthenticated, QueryFailed, Unreachable, from_dsn


def test_reader_may_write_nothing(reader: Reader):
    with pytest.raises(QueryFailed, match="read-only"), reading(reader.settings) as other:
        other.run("delete from etl.ledger")


def test_answer_is_remembered_and_the_parameters_count(owner: Connection, reader: Reader):
    question = "select clock_timestamp(), :n as n"
    first = reader.run(question, n=1)
    assert reader.run(question, n=1) == first
    assert reader.run(question, n=2) != first


def test_database_without_a_warehouse_is_told_with_the_remedy(server: Server, warehouse_dsn: str):
    settings = Settings(from_dsn(warehouse_dsn))
    with pytest.raises(NotMigrated, match="warehouse migrate"), reading(settings) as reader:
        reader.ask("span")


def test_older_warehouse_without_a_view_is_told_with_the_remedy(
    owner: Connection, settings: Settings
):
    owner.run("drop view warehouse.fact_sales_order_wide")
    with pytest.raises(NotMigrated, match="brings it up to date"), reading(settings) as reader:
        reader.ask("designs_ordered", scope="sales", most=1, since="2024-01-01",
                   until="2024-01-01", currencies=[], countries=[], departments=[])  # fmt: skip


@pytest.mark.parametrize(
    "revoke",
    [
        "revoke usage on schema warehouse from warehouse_reader",
        "revoke select on etl.ledger from warehouse_reader",
    ],
)
def test_user_without_rights_is_told_what_the_owner_grants(
    owner: Connection, settings: Settings, revoke: str
):
    owner.run(revoke)
    with (
        pytest.raises(NotAllowed, match="grant warehouse_reader to dashboard"),
        reading(settings) as reader,
    ):
        reader.ask("span")


def slow(settings: Settings) -> None:
    with reading(settings) as reader:
        reader.fetch("set statement_timeout = '50ms'", {})
        reader.run("select pg_sleep(5)")


def test_question_that_takes_too_long_is_given_up(settings: Settings):
    with pytest.raises(TookTooLong, match="shorter period"):
        slow(settings)


def test_wrong_password_and_a_server_that_is_not_there_keep_their_own_words(
    server: Server, settings: Settings
):
    warehouse = settings.warehouse
    reader_dsn(server, warehouse.database)  # a new password
    with pytest.raises(NotAuthenticated), reading(settings) as reader:
        reader.ask("span")
    nowhere = from_dsn("postgresql://a:b@127.0.0.1:1/c")
    with pytest.raises(Unreachable, match="Nothing answers"), reading(Settings(nowhere)) as reader:
        reader.ask("span")
