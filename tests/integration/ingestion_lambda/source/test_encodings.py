"""Sources in another encoding than UTF-8: every text arrives, or its cell is quarantined."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pg8000.native import Connection

from embedded.server import Server
from ingestion_lambda.errors import SourceMismatch
from lake import open_lake
from postgres import connected, from_dsn, render, value
from tests.integration.ingestion_lambda.conftest import Pipeline
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime


FIVE_STAFF = """
INSERT INTO department VALUES (1, 'Sales', NULL, NULL, now(), now());
INSERT INTO staff
SELECT g, 'Ann', 'Lee', 1, 'a@example.org', now(), now() FROM generate_series(1, 5) g
"""


@contextmanager
def database(server: Server, encoding: str) -> Iterator[str]:
    """Create a seeded source in this encoding for the block, and return its DSN."""
    name = f"source_{encoding.lower()}"
    create = "CREATE DATABASE {name} ENCODING {encoding} TEMPLATE template0 LOCALE 'C'"
    with connected(from_dsn(server.dsn("postgres")), "tests") as connection:
        connection.run(render(create, name=name, encoding=value(encoding)))
    try:
        yield server.dsn(name)
    finally:
        server.drop_database(name)


@pytest.fixture
def pipeline(request: pytest.FixtureRequest, server: Server, tmp_path) -> Iterator[Pipeline]:
    """Polls of a source in the encoding of the parameter."""
    lake = open_lake(f"file://{tmp_path}/ingestion", f"file://{tmp_path}/processed")
    with database(server, request.param) as dsn:
        with connected(from_dsn(dsn), "tests") as connection:
            Simulator(connection).create_schema()
            connection.run(FIVE_STAFF)
        yield Pipeline(from_dsn(dsn), lake, tmp_path)


def set_bytes(source: Connection, key: int, text: bytes) -> None:
    """Store these bytes as the text of a cell, whatever the client's encoding."""
    source.run("SET client_encoding = SQL_ASCII")
    update = (
        "UPDATE staff SET first_name = convert_from({text}, 'SQL_ASCII') WHERE staff_id = {key}"
    )
    source.run(render(update, text=value("\\x" + text.hex()), key=key))
    source.run("SET client_encoding = UTF8")


@pytest.mark.parametrize("pipeline", ["SQL_ASCII"], indirect=True)
def test_cell_that_is_not_utf8_is_quarantined_with_its_bytes_and_all_else_flows(
    pipeline: Pipeline, source: Connection
):
    set_bytes(source, 3, b"Ren\xe9")
    set_bytes(source, 4, "Zoë".encode())
    assert pipeline.poll().changes["staff"]["I"] == len(pipeline.mirrored("staff"))
    staff = pipeline.mirrored("staff")
    assert staff[2]["first_name"] is None
    assert json.loads(staff[2]["_unfit"]) == {"first_name": r"\x52656ee9"}
    assert staff[3]["first_name"] == "Zoë"
    assert [row["staff_id"] for row in staff if row["_unfit"]] == [3]
    assert pipeline.poll().changes == {}
    set_bytes(source, 3, "René".encode())
    assert pipeline.poll().changes == {"staff": {"I": 0, "U": 1, "D": 0}}
    assert pipeline.mirrored("staff")[2]["first_name"] == "René"


@pytest.mark.parametrize(
    ("pipeline", "text"),
    [
        ("LATIN1", "René"),
        ("LATIN2", "Łódź"),
        ("WIN1252", "5 €"),
        ("EUC_JP", "日本"),
        ("KOI8R", "Пётр"),
        ("UTF8", "\N{GRINNING FACE}"),
    ],
    indirect=["pipeline"],
)
def test_text_of_a_source_in_another_encoding_arrives(
    pipeline: Pipeline, source: Connection, text: str
):
    source.run("UPDATE staff SET first_name = :text WHERE staff_id = 3", text=text)
    pipeline.poll()
    assert pipeline.mirrored("staff")[2]["first_name"] == text


@pytest.mark.parametrize("pipeline", ["WIN1252"], indirect=True)
def test_byte_that_the_server_cannot_convert_is_quarantined_and_all_else_flows(
    pipeline: Pipeline, source: Connection
):
    set_bytes(source, 3, b"\xc3\x81")  # undefined in WIN1252, and a letter in UTF-8
    set_bytes(source, 4, b"\x80")
    assert pipeline.poll().changes["staff"]["I"] == 5
    staff = pipeline.mirrored("staff")
    assert staff[2]["first_name"] is None
    assert json.loads(staff[2]["_unfit"]) == {"first_name": r"\xc381"}
    assert staff[3]["first_name"] == "€"
    source.run("UPDATE staff SET first_name = 'Bob' WHERE staff_id = 1")
    assert pipeline.poll().changes == {"staff": {"I": 0, "U": 1, "D": 0}}
    assert pipeline.poll().changes == {}


def run_bytes(source: Connection, statement: bytes) -> None:
    """Run a statement whose names and literals have these bytes, whatever the encodings."""
    do = "DO $do$ BEGIN EXECUTE convert_from({statement}, 'SQL_ASCII'); END $do$"
    source.run(render(do, statement=value("\\x" + statement.hex())))


NAMES = {
    "column that no contract names": b"ALTER TABLE staff ADD COLUMN caf%s int",
    "label of an enum": b"""ALTER TYPE "TransactionType" ADD VALUE 'lab%s'""",
    "name of a type": b"CREATE DOMAIN typ%s AS text; ALTER TABLE staff ALTER last_name TYPE typ%s",
    "expression of a virtual column": b"ALTER TABLE staff DROP COLUMN email_address, ADD COLUMN"
    b" email_address text GENERATED ALWAYS AS (first_name || '%s') VIRTUAL",
}


@pytest.mark.parametrize(
    ("pipeline", "byte"), [("SQL_ASCII", b"\xe9"), ("WIN1252", b"\x81")], indirect=["pipeline"]
)
def test_name_in_the_catalog_that_is_not_text_stops_no_poll(
    pipeline: Pipeline, source: Connection, byte: bytes, caplog: pytest.LogCaptureFixture
):
    for kind, statement in NAMES.items():
        if source.version >= 18 or "VIRTUAL" not in statement.decode():
            run_bytes(source, statement.replace(b"%s", byte))
            assert pipeline.poll().seq, kind
    [record] = [record for record in caplog.records if "left out" in record.message][:1]
    assert record.columns == ("caf\N{REPLACEMENT CHARACTER}",)  # type: ignore[attr-defined]  # extra
    source.run("UPDATE staff SET first_name = 'Bob' WHERE staff_id = 1")
    assert pipeline.poll().changes == {"staff": {"I": 0, "U": 1, "D": 0}}
    run_bytes(source, b"CREATE TYPE typ2%s AS (word text)".replace(b"%s", byte))
    run_bytes(source, b"ALTER TABLE staff DROP last_name, ADD last_name typ2" + byte)
    with pytest.raises(SourceMismatch, match=r"last_name is .*typ2\ufffd.* at the source"):
        pipeline.poll()


@pytest.mark.parametrize("pipeline", ["LATIN1"], indirect=True)
def test_column_is_found_by_its_name_in_the_encoding_of_the_source(
    pipeline: Pipeline, source: Connection, caplog: pytest.LogCaptureFixture
):
    source.run("ALTER TABLE staff ADD COLUMN größe int")
    assert pipeline.poll().seq == 1
    [record] = [record for record in caplog.records if "left out" in record.message]
    assert record.columns == ("größe",)  # type: ignore[attr-defined]  # extra
