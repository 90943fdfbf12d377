"""QuickSight data sets: the query and the column types of each question."""

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

SCHEMA = "${schema}"  # replaced by Terraform
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
"""Type of QuickSight by type of PostgreSQL."""

TIME = "time without time zone"  # QuickSight has no type for a time of day
COMMENT = re.compile(r"^\s*--.*\n", re.MULTILINE)
AS_QUICKSIGHT = "set search_path to pg_catalog"  # QuickSight's sessions do not set one
ANSWER = "select * from (\n{query}\n) as answer limit 0"
TYPE_NAME = "select format_type(:oid, null)"


@dataclass(frozen=True)
class Column:
    """A column of a data set, with its QuickSight type."""

    name: str
    type: str


@dataclass(frozen=True)
class DataSet:
    """A question or a view. In ``query`` SCHEMA is the schema of the warehouse; a view has none."""

    title: str
    columns: tuple[Column, ...]
    query: str = ""

    def definition(self) -> dict[str, Any]:
        """Return the values that Terraform reads besides the query."""
        return {"title": self.title, "columns": [asdict(column) for column in self.columns]}


def of_questions(
    connection: Connection, schema: str, questions: Mapping[str, Question]
) -> dict[str, DataSet]:
    """Return the data set of each question by name, with the column types of the warehouse in
    ``schema``. Raises TypeWithoutName."""
    queries = {name: qualified(question.sql) for name, question in questions.items()}
    return {
        name: DataSet(
            question.title, _columns(connection, name, queries[name], schema), queries[name]
        )
        for name, question in questions.items()
    }


def of_views(connection: Connection, schema: str) -> dict[str, DataSet]:
    """Return the data set of each ``_wide`` view, for analyses beyond the questions. Raises
    TypeWithoutName."""
    views = (f"{fact.name}_wide" for fact in contracts.warehouse().facts)
    return {
        view: DataSet(view, _columns(connection, view, f"table {SCHEMA}.{view}", schema, {TIME}))
        for view in views
    }


def qualified(sql: str) -> str:
    """Return the question without comments, and with SCHEMA before each view and dimension:
    QuickSight does not set a search_path."""
    return RELATION.sub(rf"{SCHEMA}.\g<0>", COMMENT.sub("", sql)).strip()


def _relations() -> Iterable[str]:
    warehouse = contracts.warehouse()
    yield from (f"{fact.name}_{view}" for fact in warehouse.facts for view in VIEWS)
    yield from (table.name for table in (*warehouse.calendars, *warehouse.dimensions))


# Skip names that are qualified already, and names that qualify a column.
RELATION = re.compile(rf"(?<![.\w])(?:{'|'.join(_relations())})(?![.\w])")


def _columns(
    connection: Connection,
    name: str,
    query: str,
    schema: str,
    excluded_types: Iterable[str] = (),
) -> tuple[Column, ...]:
    connection.run(AS_QUICKSIGHT)
    in_schema = query.replace(SCHEMA, render("{schema}", schema=schema))
    connection.run(render(ANSWER, query=Sql(in_schema)))
    oids = [(column["name"], column["type_oid"]) for column in connection.columns or ()]
    types = {column: connection.run(TYPE_NAME, oid=oid)[0][0] for column, oid in oids}
    return tuple(
        Column(column, _type(name, column, type_))
        for column, type_ in types.items()
        if type_ not in excluded_types
    )


def _type(name: str, column: str, type_: str) -> str:
    if type_ not in TYPES:
        raise TypeWithoutName(
            f"{name}.{column} has the type '{type_}', which QuickSight does not have. To fix: cast"
            f" it in the question to one of {', '.join(TYPES)}."
        )
    return TYPES[type_]
