"""A function that a provider refuses is named, with the statement that grants it."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from pg8000.native import Connection

from ingestion_lambda.errors import SourceMismatch
from ingestion_lambda.source import scope
from ingestion_lambda.source.functions import EVERYWHERE, ON_AURORA, WITH_WAL, refused_functions
from postgres import Address, Sql, connected, render
from tests.aurora import make_aurora
from tests.integration.ingestion_lambda.conftest import Pipeline
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime

ROLE = """
CREATE ROLE {role} LOGIN PASSWORD 'reads'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}
"""
CONNECTING = ("set_config(text,text,boolean)", "current_setting(text,boolean)")
"""Functions that set the settings of any connection of the platform."""

# Functions that operators, casts and indexes call: SQL cannot do without them.
REVOKE_ALL = """
DO $$
DECLARE function regprocedure;
BEGIN
    REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA pg_catalog FROM PUBLIC;
    FOR function IN
        SELECT oprcode::oid FROM pg_operator WHERE oprcode <> 0
        UNION SELECT castfunc FROM pg_cast WHERE castfunc <> 0
        UNION SELECT amproc::oid FROM pg_amproc
        UNION SELECT aggtransfn::oid FROM pg_aggregate
        UNION SELECT aggfinalfn::oid FROM pg_aggregate WHERE aggfinalfn <> 0
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', function);
    END LOOP;
END $$
"""


@pytest.fixture
def reader(pipeline: Pipeline, source: Connection) -> Address:
    role = f"reader_of_{pipeline.address.database}"
    source.run(render(ROLE, role=role))
    return replace(pipeline.address, user=role, password="reads")


def grant(source: Connection, signature: str) -> None:
    source.run(Sql(f"GRANT EXECUTE ON FUNCTION pg_catalog.{signature} TO PUBLIC"))


def revoke(source: Connection, signature: str) -> None:
    source.run(Sql(f"REVOKE EXECUTE ON FUNCTION pg_catalog.{signature} FROM PUBLIC"))


def test_functions_are_tried_on_a_source_whose_first_default_is_a_generated_column(
    source: Connection, reader: Address
) -> None:
    source.run(
        "DO $$ DECLARE d record; BEGIN FOR d IN SELECT adrelid::regclass AS t, attname AS c"
        " FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum LOOP"
        " EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', d.t, d.c);"
        " END LOOP; END $$"
    )
    source.run("CREATE TABLE doubled (a int, b int GENERATED ALWAYS AS (a * 2) STORED)")
    with connected(reader, "poll") as connection:
        assert list(refused_functions(connection)) == []


def poll(pipeline: Pipeline, reader: Address) -> Mapping[str, Mapping[str, int]]:
    with connected(reader, "poll") as connection:
        return pipeline.poll_through(connection).changes


@pytest.mark.parametrize(("is_aurora", "own"), [(False, WITH_WAL), (True, ON_AURORA)])
def test_poll_calls_the_functions_of_the_table_and_no_other(
    pipeline: Pipeline,
    source: Connection,
    simulator: Simulator,
    reader: Address,
    is_aurora: bool,
    own: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
):
    if is_aurora:
        make_aurora(source)
    source.run(REVOKE_ALL)
    for signature in (*CONNECTING, *EVERYWHERE, *own):
        grant(source, signature)
    simulator.delete_sales_order()
    assert poll(pipeline, reader)["payment"]["I"] == 40
    simulator.place_sales_order()
    simulator.delete_sales_order()
    assert poll(pipeline, reader)["sales_order"] == {"I": 1, "U": 0, "D": 1}
    simulator.edit_sales_order_silently()
    monkeypatch.setattr(scope, "FEW", 0)  # ages are compared after many transactions only
    for signature in (*EVERYWHERE, *own):
        revoke(source, signature)
        with pytest.raises(SourceMismatch) as refused:
            poll(pipeline, reader)
        [statement] = re.findall(r"must run (.+)\.$", str(refused.value))
        assert statement == f"GRANT EXECUTE ON FUNCTION pg_catalog.{signature} TO PUBLIC"
        source.run(Sql(statement))
    assert poll(pipeline, reader) == {"sales_order": {"I": 0, "U": 1, "D": 0}}


def test_function_that_the_server_does_not_support_is_named(
    pipeline: Pipeline, source: Connection, reader: Address
):
    """A server that fails as Aurora does, but is not Aurora."""
    make_aurora(source)
    source.run("DROP FUNCTION pg_catalog.aurora_version()")
    revoke(source, "pg_control_system()")
    with pytest.raises(SourceMismatch, match=r"docs/compatibility\.md") as refused:
        poll(pipeline, reader)
    message = str(refused.value)
    assert "pg_current_wal_lsn(): wal_level must be set to 'logical' (SQLSTATE 55000)" in message
    assert "pg_control_system(): permission denied" in message
    assert "GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO PUBLIC" in message
    assert "pg_control_checkpoint" not in message, "it is not refused"
