"""Columns of the source whose type changed: converted without loss, or refused."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pg8000.native import Connection

import contracts
from ingestion_lambda.errors import SourceMismatch
from postgres import Sql, render, value
from tests.integration.ingestion_lambda.conftest import Pipeline

pytestmark = pytest.mark.lambda_runtime

ZONE = "USING {column} AT TIME ZONE 'UTC'"
CONVERTED = [
    ("payment", "created_at", "timestamptz(3)", ZONE),
    ("payment", "created_at", "timestamptz", ZONE),
    ("payment", "created_at", "timestamp(6)", ""),
    ("staff", "staff_id", "smallint", ""),
    ("payment", "company_ac_number", "bigint", ""),
    ("payment", "payment_amount", "numeric", ""),
    ("payment", "payment_amount", "numeric(38,10)", ""),
    ("payment", "payment_date", "varchar(40)", ""),
    ("payment", "payment_date", "char(40)", ""),
    ("payment", "payment_date", "name", ""),
    ("payment", "payment_date", "date", "USING {column}::date"),
    ("payment_type", "payment_type_name", "text", ""),
    ("payment_type", "payment_type_name", "kind_of_payment", "USING {column}::text"),
    ("payment", "payment_amount", "amount", ""),
]
REFUSED = [
    ("payment", "created_at", "text", ""),
    ("payment", "payment_amount", "float8", ""),
    ("payment", "payment_amount", "money", ""),
    ("payment", "payment_amount", "text", ""),
    ("payment", "company_ac_number", "numeric", ""),
    ("payment", "company_ac_number", "text", ""),
    ("payment", "paid", "text", ""),
    ("payment", "paid", "int", "USING {column}::int"),
    ("payment", "payment_date", "text[]", "USING ARRAY[{column}]"),
    ("payment", "payment_date", "bytea", "USING {column}::bytea"),
    ("payment", "payment_date", "json", "USING to_json({column})"),
    ("payment", "payment_date", "own.text", "USING ROW({column})::own.text"),
]
TYPES = """
CREATE DOMAIN amount AS numeric(12,2);
CREATE DOMAIN word AS text;
CREATE DOMAIN kind_of_payment AS word CHECK (value <> '');
CREATE SCHEMA own; CREATE TYPE own.text AS (word pg_catalog.text)
"""


def change_type(source: Connection, table: str, column: str, type_: str, using: str) -> None:
    source.run(TYPES)
    expression = using.format(column=column)
    source.run(Sql(f"ALTER TABLE {table} ALTER {column} DROP DEFAULT"))
    source.run(Sql(f"ALTER TABLE {table} ALTER {column} TYPE {type_} {expression}"))


@pytest.mark.parametrize(("table", "column", "type_", "using"), CONVERTED)
def test_type_that_converts_without_loss_changes_no_value(
    pipeline: Pipeline, source: Connection, table: str, column: str, type_: str, using: str
):
    pipeline.poll()
    change_type(source, table, column, type_, using)
    assert pipeline.poll().changes == {}
    assert {row["_unfit"] for row in pipeline.mirrored(table)} == {None}


@pytest.mark.parametrize(("table", "column", "type_", "using"), REFUSED)
def test_type_that_does_not_convert_is_refused_and_nothing_is_committed(
    pipeline: Pipeline, source: Connection, table: str, column: str, type_: str, using: str
):
    pipeline.poll()
    change_type(source, table, column, type_, using)
    source.run("UPDATE staff SET first_name = 'Later' WHERE staff_id = 1")
    with pytest.raises(SourceMismatch) as error:
        pipeline.poll()
    assert f"public.{table}.{column} is " in str(error.value)
    assert "docs/compatibility.md" in str(error.value)
    assert pipeline.lake.batches.head_seq() == 1


def test_value_beyond_the_type_of_the_contract_is_quarantined_with_its_text(
    pipeline: Pipeline, source: Connection
):
    pipeline.poll()
    source.run(
        "ALTER TABLE payment ALTER payment_amount TYPE numeric, ALTER company_ac_number TYPE bigint"
    )
    source.run(
        "UPDATE payment SET payment_amount = 2::numeric ^ 128 WHERE payment_id = 1;"
        " UPDATE payment SET payment_amount = 'NaN' WHERE payment_id = 2;"
        " UPDATE payment SET payment_amount = 1.005 WHERE payment_id = 3;"
        " UPDATE payment SET company_ac_number = 2147483648 WHERE payment_id = 4"
    )
    assert pipeline.poll().changes == {"payment": {"I": 0, "U": 4, "D": 0}}
    rows = pipeline.mirrored("payment")
    assert [row["_unfit"] for row in rows[:5]] == [
        '{"payment_amount": "340282366920938463463374607431768211456"}',
        '{"payment_amount": "NaN"}',
        '{"payment_amount": "1.005"}',
        '{"company_ac_number": "2147483648"}',
        None,
    ]
    assert [row["payment_amount"] for row in rows[:3]] == [None] * 3
    assert rows[3]["company_ac_number"] is None


EDGES = {
    "date": {
        "294277-01-01": "294277-01-01",  # the first day that no timestamp can hold
        "5874897-12-31": "5874897-12-31",
        "4713-11-25 BC": "4713-11-25.* BC",
        "infinity": "infinity",
    },
    "timestamptz": {
        "294276-12-31 23:00+00": "29427[67]-.+",  # a day or year later in the east
        "4714-11-24 01:00+00 BC": "4714-11-2[34] .+ BC",
        "-infinity": "-infinity",
    },
}


@pytest.mark.parametrize(
    ("type_", "zone"),
    [
        ("date", "UTC"),
        ("timestamptz", "UTC"),
        ("timestamptz", "Asia/Tokyo"),
        ("timestamptz", "America/New_York"),
    ],
)
def test_time_that_no_timestamp_can_hold_is_quarantined_and_all_else_flows(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch, type_: str, zone: str
):
    in_zone = replace(contracts.source(), timezone=zone)
    monkeypatch.setattr(contracts, "source", lambda: in_zone)
    change_type(source, "payment", "created_at", type_, "USING {column}::date")
    update = "UPDATE payment SET created_at = {edge} WHERE payment_id = {key}"
    for key, edge in enumerate(EDGES[type_], 1):
        source.run(render(update, edge=value(edge), key=key))
    source.run(render(update, edge=value("9999-12-30"), key=40))
    assert pipeline.poll().changes["payment"] == {"I": 40, "U": 0, "D": 0}
    rows = pipeline.mirrored("payment")
    for row, text in zip(rows, EDGES[type_].values(), strict=False):
        assert row["created_at"] is None
        assert re.fullmatch(text, json.loads(row["_unfit"])["created_at"])
    assert {row["_unfit"] for row in rows[len(EDGES[type_]) :]} == {None}
    day = rows[-1]["created_at"].replace(tzinfo=UTC) - datetime(9999, 12, 30, tzinfo=UTC)
    assert abs(day) < timedelta(days=1)
