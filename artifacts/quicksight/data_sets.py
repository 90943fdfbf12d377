"""Data sets: what QuickSight asks the warehouse, and the columns that PostgreSQL answers with."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pg8000.native import Connection

import contracts
from artifacts.errors import TypeWithoutName
from postgres import Sql, render
from warehouse.questions import Question
from warehouse.templates import VIEWS

SCHEMA = "${schema}"  # which Terraform knows
TYPES = {
    "smallint": "INTEGER",
    "integer": "INTEGER",
    "bigint": "INTEGER",
    "numeric": "DECIMAL",
    "double precision": "DECIMAL",
    "text": "STRING",
    "character varying": "STRING",
    "date": "DATETIME",
    "timestamp without time zone": "DATETIME",
    "boolean": "BOOLEAN",
}
"""What QuickSight calls a type of PostgreSQL."""

TIME = "time without time zone"  # QuickSight has dates and moments, and no times of a day
COMMENT = re.compile(r"^\s*--.*\n", re.MULTILINE)
AS_QUICKSIGHT = "set search_path to pg_catalog"  # its sessions know no schema of ours
ANSWER = "select * from (\n{query}\n) as answer limit 0"
TYPE_NAME = "select format_type(:oid, null)"


@dataclass(frozen=True)
class Column:
    """A column of a data set, with its type in QuickSight's words."""

    name: str
    type: str


@dataclass(frozen=True)
class DataSet:
    """A question, or a view under its own name; the query of a question is SQL in which SCHEMA
    stands for the warehouse's schema."""

    title: str
    columns: tuple[Column, ...]
    query: str = ""

    def told(self) -> dict[str, Any]:
        """What Terraform reads besides the query."""
        return {"title": self.title, "columns": [asdict(column) for column in self.columns]}


def of_questions(
    connection: Connection, schema: str, questions: Mapping[str, Question]
) -> dict[str, DataSet]:
    """The data set of each question by its name, typed as the warehouse in ``schema`` answers it.
    Raises TypeWithoutName."""
    queries = {name: qualified(question.sql) for name, question in questions.items()}
    return {
        name: DataSet(
            question.title, _columns(connection, name, queries[name], schema), queries[name]
        )
        for name, question in questions.items()
    }


def of_views(connection: Connection, schema: str) -> dict[str, DataSet]:
    """The data set of each ``_wide`` view, for questions that no file asks. Raises
    TypeWithoutName."""
    views = (f"{fact.name}_wide" for fact in contracts.warehouse().facts)
    return {
        view: DataSet(view, _columns(connection, view, f"table {SCHEMA}.{view}", schema, {TIME}))
        for view in views
    }


def qualified(sql: str) -> str:
    """The question without comments, its views and dimensions in SCHEMA: QuickSight sets no
    search_path."""
    return RELATION.sub(rf"{SCHEMA}.\g<0>", COMMENT.sub("", sql)).strip()


def _relations() -> Iterable[str]:
    warehouse = contracts.warehouse()
    yield from (f"{fact.name}_{view}" for fact in warehouse.facts for view in VIEWS)
    yield from (table.name for table in (*warehouse.calendars, *warehouse.dimensions))


# not what is qualified already, and not what qualifies a column
RELATION = re.compile(rf"(?<![.\w])(?:{'|'.join(_relations())})(?![.\w])")


def _columns(
    connection: Connection,
    name: str,
    query: str,
    schema: str,
    left_out: Iterable[str] = (),
) -> tuple[Column, ...]:
    connection.run(AS_QUICKSIGHT)
    asked = query.replace(SCHEMA, render("{schema}", schema=schema))
    connection.run(render(ANSWER, query=Sql(asked)))
    answered = [(column["name"], column["type_oid"]) for column in connection.columns or ()]
    types = {column: connection.run(TYPE_NAME, oid=oid)[0][0] for column, oid in answered}
    return tuple(
        Column(column, _type(name, column, type_))
        for column, type_ in types.items()
        if type_ not in left_out
    )


def _type(name: str, column: str, type_: str) -> str:
    if type_ not in TYPES:
        raise TypeWithoutName(
            f"{name}.{column} is '{type_}', for which QuickSight has no type. Cast it to one of"
            f" {', '.join(TYPES)} where it is selected."
        )
    return TYPES[type_]
