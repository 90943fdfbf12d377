"""Capture by log without REPLICATION: the owner's functions reach one slot and no other."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

import ingestion_lambda.source.log
from ingestion_lambda.capture.options import CaptureOptions
from ingestion_lambda.source.log.access import find_access
from operations.slots import SlotNotDropped, drop_slot, list_slots
from postgres import Sql, connected, names, render, sqlstate
from tests.integration.ingestion_lambda.capture.conftest import Capture
from tests.integration.ingestion_lambda.capture.test_gaps import (
    edits_are_captured,
    edits_are_one_version,
    reasons,
)
from tests.integration.ingestion_lambda.conftest import Pipeline, publish

pytestmark = pytest.mark.lambda_runtime

FUNCTIONS = Path(ingestion_lambda.source.log.__file__).parent / "slot_functions.sql"
NOT_GRANTED = "42501"


@pytest.fixture
def reader(pipeline: Pipeline, source: Connection) -> Iterator[Capture]:
    """Polls of a role that may read the tables and call the functions, whose owner has REPLICATION
    but does not own the server."""
    publish(source)
    role, owner = (f"{name}_{pipeline.address.database}" for name in ("reader", "owner"))
    source.run(
        render(
            "CREATE ROLE {role} LOGIN PASSWORD 'reads';"
            " GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};"
            " CREATE ROLE {owner} REPLICATION; GRANT CREATE ON DATABASE {database} TO {owner};"
            " SET ROLE {owner}",
            role=role,
            owner=owner,
            database=pipeline.address.database,
        )
    )
    create_functions(source, role)
    source.run("RESET ROLE")
    pipeline.address = replace(pipeline.address, user=role, password="reads")
    yield Capture(pipeline, source)
    slots = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = "
    source.run(f"{slots} current_database()")


def test_role_without_replication_captures_by_the_functions(reader: Capture, source: Connection):
    reader.poll()
    edits_are_captured(reader, source)
    assert [s.name for s in list_slots(reader.pipeline.address)] == ["warehouse_log"]
    with pytest.raises(SlotNotDropped, match="It has: warehouse_log"):
        drop_slot(reader.pipeline.address, "")
    assert drop_slot(reader.pipeline.address, "warehouse_log") == "warehouse_log"
    edits_are_one_version(reader, source)
    assert reader.reasons == ["the replication slot is new"]
    edits_are_captured(reader, source)


@pytest.mark.parametrize(
    "options", [CaptureOptions("log", slot="mine"), CaptureOptions("log", publication="other")]
)
def test_other_slots_and_publications_are_out_of_reach(
    reader: Capture, source: Connection, caplog: pytest.LogCaptureFixture, options: CaptureOptions
):
    source.run("CREATE PUBLICATION other FOR TABLE staff")
    reader.options = options
    reader.poll()
    [line] = reasons(caplog, "the log is not read")
    assert re.search("cannot be created: .* to use replication slots", line)  # its words differ
    assert reader.head.capture is None
    for call in (
        "pg_logical_slot_peek_binary_changes('warehouse_log', NULL, NULL,"
        " 'proto_version', '1', 'publication_names', 'other')",
        "pg_drop_replication_slot('warehouse_log')",
        "pg_create_logical_replication_slot('mine', 'pgoutput')",
    ):
        assert refusal(reader, call) == NOT_GRANTED


def test_functions_are_closed_to_other_roles_and_ignore_their_search_path(
    reader: Capture, source: Connection
):
    everyone = render("CREATE ROLE {role} LOGIN PASSWORD 'x'", role=f"{reader_of(reader)}_2")
    source.run(everyone)
    address = reader.pipeline.address
    reader.pipeline.address = replace(address, user=f"{reader_of(reader)}_2", password="x")
    assert refusal(reader, "warehouse_log.peek_slot(NULL)") == NOT_GRANTED
    open_to_all = (
        "SELECT proname FROM pg_proc WHERE pronamespace = 'warehouse_log'::regnamespace AND"
        " (has_function_privilege({role}, oid, 'EXECUTE') OR proconfig IS NULL"
        "  OR proconfig[1] <> 'search_path=pg_catalog, pg_temp')"
    )
    role = Sql(f"'{reader_of(reader)}'")
    assert source.run(render(open_to_all, role=role)) == []


def test_owner_without_replication_is_named(
    reader: Capture, source: Connection, caplog: pytest.LogCaptureFixture
):
    owner = f"owner_{reader.pipeline.address.database}"
    source.run(render("ALTER ROLE {owner} NOREPLICATION", owner=owner))
    reader.poll()
    [line] = reasons(caplog, "the log is not read")
    statement = line.split(". To fix: ")[1].partition(";")[0]
    assert statement == f'ALTER ROLE "{owner}" REPLICATION'
    source.run(Sql(statement))
    edits_are_one_version(reader, source)
    edits_are_captured(reader, source)


def test_schema_or_function_of_another_role_is_refused(reader: Capture, source: Connection):
    source.run("ALTER SCHEMA warehouse_log OWNER TO CURRENT_USER")
    with pytest.raises(DatabaseError, match="belongs to another role"):
        create_functions(source, reader_of(reader))  # one function of the first owner is enough
    source.run("ROLLBACK; DROP SCHEMA warehouse_log CASCADE")
    app = f"owner_{reader.pipeline.address.database}"
    source.run(render("CREATE SCHEMA warehouse_log AUTHORIZATION {app}", app=app))
    with pytest.raises(DatabaseError, match="belongs to another role"):
        create_functions(source, reader_of(reader))
    source.run("ROLLBACK")


def test_functions_that_run_as_their_owner_call_none_that_another_role_could_replace(
    reader: Capture, source: Connection
):
    bodies = "SELECT prosrc FROM pg_proc WHERE pronamespace = 'warehouse_log'::regnamespace"
    found = [body for [body] in source.run(bodies)]
    assert len(found) == 6
    assert not [body for body in found if "warehouse_log." in body]


def test_functions_that_run_as_the_caller_are_not_called(reader: Capture, source: Connection):
    source.run("ALTER FUNCTION warehouse_log.slot() SECURITY INVOKER")
    with connected(reader.pipeline.address, "reader") as connection:
        assert not find_access(connection, "").has_functions


def test_second_role_replaces_the_first(reader: Capture, source: Connection):
    owner, second = (f"{n}_{reader.pipeline.address.database}" for n in ("owner", "second"))
    source.run(render("CREATE ROLE {role} LOGIN PASSWORD 'x'", role=second))
    source.run(render("SET ROLE {owner}", owner=owner))
    create_functions(source, second)
    source.run("RESET ROLE")
    assert refusal(reader, "warehouse_log.slot()") == NOT_GRANTED
    address = replace(reader.pipeline.address, user=second, password="x")
    with connected(address, "second") as connection:
        assert find_access(connection, "").has_functions


def create_functions(owner: Connection, role: str) -> None:
    """Run the script of docs/deploy.md for a role, as the role that ``owner`` has now."""
    owner.run(Sql(FUNCTIONS.read_text(encoding="utf-8").replace(':"role"', names([role]))))


def reader_of(capture: Capture) -> str:
    return capture.pipeline.address.user


def refusal(capture: Capture, call: str) -> str:
    """Return the SQLSTATE with which the server refuses a call by the role of the polls."""
    with connected(capture.pipeline.address, "reader") as connection:
        with pytest.raises(DatabaseError) as refused:
            connection.run(Sql(f"SELECT * FROM {call}"))  # nosec B608 # of this file
        return sqlstate(refused.value)
