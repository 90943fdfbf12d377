"""The snapshot of the source: locks, visibility, and what the owner may hide or shadow."""

import dataclasses
import re

import pytest

import contracts
from ingestion_lambda import batch
from ingestion_lambda.errors import SourceBusy, SourceMismatch
from ingestion_lambda.source import snapshot
from postgres import Connection, Unreachable, connected, locks, render
from tests.integration.ingestion_lambda.conftest import Pipeline
from tests.sessions import PATIENCE, refusal, terminate
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime


def test_flush_is_detected_on_a_real_source(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    with (
        connected(pipeline.address, "test") as connection,
        snapshot.open_snapshot(connection, contracts.source()),
    ):
        pass  # the first reader of a page may prune it, which writes WAL
    source.run("CREATE TABLE committed ()")  # its commit flushes the WAL
    with (
        connected(pipeline.address, "test") as connection,
        snapshot.open_snapshot(connection, contracts.source()) as now,
    ):
        with monkeypatch.context() as patient:  # the server may have written something besides
            patient.setattr(snapshot, "FLUSH_WAIT", PATIENCE)
            assert snapshot.is_flushed(connection, now)
        beyond = dataclasses.replace(now, insert_lsn="FFFFFFFF/0")
        assert not snapshot.is_flushed(connection, beyond)


def test_table_locked_by_another_session_is_an_error_and_loses_nothing(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    def poll_within(limit: float) -> None:
        monkeypatch.setattr(snapshot, "LOCK_TIMEOUT", limit)
        pipeline.poll()

    monkeypatch.setattr(locks, "INTERVAL", 0.1)
    source.run("BEGIN; LOCK TABLE payment IN ACCESS EXCLUSIVE MODE")
    who = rf"a lock on payment, held by pid {source.pid}, user postgres, application 'writer'"
    message = refusal(poll_within, SourceBusy)
    assert re.search(rf"stayed locked for [\d.]+ s: .*{who}.*To fix: end that", message)
    source.run("ROLLBACK")
    assert pipeline.poll().seq == 1


def test_source_that_ends_the_session_of_a_poll_is_unreachable_for_its_own_reason(
    pipeline: Pipeline, source: Connection
):
    reason = "connection of poll to .+ broke: terminating connection due to administrator command"
    for _ in range(20):  # after the reason, the connection ends or is reset
        with (  # noqa: PT012 - the error leaves through both blocks
            pytest.raises(Unreachable, match=reason),
            connected(pipeline.address, "poll") as connection,
            snapshot.open_snapshot(connection, contracts.source()),
        ):
            terminate(source, connection.pid)
            connection.run("SELECT 1")


def test_truncation_waits_for_the_poll_so_the_table_is_not_read_as_empty(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    """The truncation waits for the poll: the lock comes before the snapshot."""
    source.run("SET lock_timeout = '50ms'")
    refused = []
    land = batch.NextBatch._land

    def truncate_first(self, table, what):
        try:
            source.run("TRUNCATE payment")
        except Exception as error:  # noqa: BLE001 - what it is, is asserted
            refused.append(error)
        return land(self, table, what)

    monkeypatch.setattr(batch.NextBatch, "_land", truncate_first)
    assert pipeline.poll().changes["payment"]["I"] == 40
    assert len(refused) == len(contracts.source().tables)
    assert all("lock timeout" in str(error) for error in refused)


def test_missing_table_is_an_error_that_names_it(pipeline: Pipeline, source: Connection):
    source.run("DROP TABLE payment")
    with pytest.raises(SourceMismatch, match=r"payment.*does not exist"):
        pipeline.poll()


def test_role_without_select_is_an_error_that_names_the_grant(
    pipeline: Pipeline, source: Connection
):
    source.run("DROP ROLE IF EXISTS nobody; CREATE ROLE nobody LOGIN PASSWORD 'none'")
    role = dataclasses.replace(pipeline.address, user="nobody", password="none")
    with connected(role, "poll") as connection, pytest.raises(SourceMismatch, match="GRANT SELECT"):
        pipeline.poll_through(connection)
    source.run("DROP ROLE nobody")


def test_role_with_select_alone_is_sufficient(pipeline: Pipeline, source: Connection):
    source.run(
        "DROP ROLE IF EXISTS only_select; CREATE ROLE only_select LOGIN PASSWORD 'select';"
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO only_select"
    )
    role = type(pipeline.address)(
        pipeline.address.host, pipeline.address.port, pipeline.address.database,
        "only_select", "select",
    )  # fmt: skip
    with connected(role, "poll") as connection:
        assert pipeline.poll_through(connection).seq == 1
    source.run("DROP OWNED BY only_select; DROP ROLE only_select")


def test_function_shadowed_by_the_search_path_is_not_called(
    pipeline: Pipeline, source: Connection, simulator: Simulator
):
    source.run(
        "CREATE FUNCTION public.pg_current_snapshot() RETURNS pg_snapshot LANGUAGE sql"
        " AS $$ select '10:10:'::pg_snapshot $$"
    )
    alter = "ALTER DATABASE {database} SET search_path = public, pg_catalog"
    source.run(render(alter, database=pipeline.address.database))
    pipeline.poll()
    simulator.edit_sales_order_silently()
    assert pipeline.poll().changes == {"sales_order": {"I": 0, "U": 1, "D": 0}}


def test_rows_hidden_by_a_policy_are_an_error_and_not_a_deletion(
    pipeline: Pipeline, source: Connection
):
    source.run(
        "DROP ROLE IF EXISTS policed; CREATE ROLE policed LOGIN PASSWORD 'policed';"
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO policed;"
        "ALTER TABLE staff ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY most ON staff USING (staff_id <> 3)"
    )
    role = dataclasses.replace(pipeline.address, user="policed", password="policed")
    with (
        pytest.raises(SourceMismatch, match=r"rows of public\.staff .* BYPASSRLS"),
        connected(role, "poll") as connection,
    ):
        pipeline.poll_through(connection)
    source.run("DROP OWNED BY policed; DROP ROLE policed")
