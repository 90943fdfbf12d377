"""A table that cannot be captured is named in one line, with the statement that solves it."""

import pytest

from contracts import Column, Source, SourceTable, Type
from ingestion_lambda.source.log.publication import Member, member_problem

pytestmark = pytest.mark.lambda_runtime

COLUMNS = tuple(Column(name, Type.parse("int"), name != "id", "") for name in ("id", "size"))
TABLE = SourceTable("thing", "", "id", COLUMNS)
SOURCE = Source("shop", "public", {"thing": TABLE})
P = '"p"'
PLACE = '"public"."thing"'
AGAIN = f"ALTER PUBLICATION {P} DROP TABLE {PLACE}; ALTER PUBLICATION {P} ADD TABLE {PLACE};"


@pytest.mark.parametrize(
    "member",
    [
        Member("d", ["id"], True, ["id", "size"]),
        Member("f", [], True, ["size", "id", "more"]),
        Member("i", ["id"], True),
        Member("d", ["id"], True, ["id", "size"], generated=["size"]),  # published by PostgreSQL 18
    ],
)
def test_table_with_a_key_and_all_columns_has_no_problem(member: Member):
    assert member_problem(SOURCE, TABLE, member, "p") is None


@pytest.mark.parametrize(
    ("member", "line"),
    [
        (
            Member("d", ["id"], False),
            f"thing is not published. To fix: ALTER PUBLICATION {P} ADD TABLE {PLACE};",
        ),
        (
            Member("d", ["id"], True, ["id"]),
            f"thing is published without size. To fix: {AGAIN}",
        ),
        (
            Member("d", ["id"], True, filter="(size > 1)"),
            f"thing is published with a filter. To fix: {AGAIN}",
        ),
        (
            Member("n", [], True),
            "thing has a replica identity without its key id. To fix: ALTER TABLE"
            f" {PLACE} REPLICA IDENTITY FULL;",
        ),
        (
            Member("i", ["size"], True),
            "thing has a replica identity without its key id. To fix: ALTER TABLE"
            f" {PLACE} REPLICA IDENTITY FULL;",
        ),
        (
            Member("d", [], True),  # no primary key
            "thing has a replica identity without its key id. To fix: ALTER TABLE"
            f" {PLACE} REPLICA IDENTITY FULL;",
        ),
        (
            Member("d", ["id"], True, generated=["size"]),
            "thing has the generated column size, which is not logged. To fix: nothing; this table"
            " is read by difference.",
        ),
    ],
)
def test_problem_is_one_line_with_its_statement(member: Member, line: str):
    assert str(member_problem(SOURCE, TABLE, member, "p")) == line
