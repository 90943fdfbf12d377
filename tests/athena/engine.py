"""Athena's SQL on Iceberg tables, by DuckDB: for tests, with and without a local AWS endpoint.

A table has the columns of its Iceberg schema, read by field id, and the files of its current
snapshot. Unlike Athena's, its column "$path" is not hidden.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import duckdb
import sqlglot
from sqlglot import exp

if TYPE_CHECKING:
    from pyiceberg.table import Table as IcebergTable

Row = tuple[Any, ...]
TYPES = {"string": "varchar", "int": "integer", "long": "bigint"}  # others are the same
_numbers = count(1)


@dataclass(frozen=True)
class Table:
    """A table: its columns, name and type by field id, and its files on this machine."""

    database: str
    name: str
    columns: dict[int, tuple[str, str]]
    files: Sequence[str]


@dataclass(frozen=True)
class Answer:
    """The answer of a query; the types are those of DuckDB."""

    columns: list[str]
    types: list[str]
    rows: list[Row]


def iceberg_table(
    database: str, name: str, table: "IcebergTable", local: Callable[[str], str | None]
) -> Table:
    """Return a table as its metadata describes it; ``local`` gives the path of a file, or None to
    leave it out."""
    columns = {
        field.field_id: (field.name, TYPES.get(str(field.field_type), str(field.field_type)))
        for field in table.schema().fields
    }
    files = (local(task.file.file_path) for task in table.scan().plan_files())
    return Table(database, name, columns, [file for file in files if file])


class Athena:
    """Answers queries on some tables and views."""

    def __init__(self, tables: Iterable[Table] = ()) -> None:
        self._name = f"athena_{next(_numbers)}"
        self._connection = _duckdb().cursor()
        self._connection.execute(f"attach ':memory:' as {self._name}; use {self._name}")
        for table in tables:
            self.create_table(table)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.execute(f"use memory; detach {self._name}")
        self._connection.close()

    def create_table(self, table: Table) -> None:
        """Make a table known."""
        self._add("create view {} as {}", table.database, table.name, _rows(table))

    def create_view(self, database: str, name: str, select: str) -> None:
        """Create a view; its names without a database are of its own database."""
        text = _select_of_view(database, select)
        self._add("create or replace view {} as {}", database, name, text)

    def run(self, query: str, database: str, parameters: Sequence[str] = ()) -> Answer:
        """The answer to a query in Athena's SQL; parameters are SQL themselves, as Athena's."""
        self._connection.execute(f'create schema if not exists "{database}"')
        self._connection.execute(f'set schema = "{database}"')
        result = self._connection.execute(_translated(query, tuple(parameters)))
        described = result.description
        names, types = [c[0] for c in described], [str(c[1]) for c in described]
        return Answer(names, types, result.fetchall())

    def _add(self, statement: str, database: str, name: str, select: str) -> None:
        self._connection.execute(f'create schema if not exists "{database}"')
        self._connection.execute(statement.format(f'"{database}"."{name}"', select))


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    """Return the instance of this process: to start one takes ten times as long as to attach a
    database to it."""
    return duckdb.connect()


@cache
def _select_of_view(database: str, select: str) -> str:
    """The query of a view of this database, in DuckDB's SQL."""
    tree = sqlglot.parse_one(select, read="athena")
    defined = {part.alias for part in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not table.db and table.name not in defined:
            table.set("db", exp.to_identifier(database, quoted=True))
    return tree.sql("duckdb", identify=True)


@cache
def _translated(query: str, parameters: tuple[str, ...]) -> str:
    """A query with its parameters, in DuckDB's SQL."""
    text = filled(query, parameters)
    [translated] = sqlglot.transpile(text, read="athena", write="duckdb", identify=True)
    return translated


def filled(query: str, parameters: Sequence[str]) -> str:
    """A query with its parameters in their places."""
    left = list(parameters)

    def in_place(node: exp.Expr) -> exp.Expr:
        is_place = isinstance(node, exp.Placeholder)
        return sqlglot.parse_one(left.pop(0), read="athena") if is_place else node

    return sqlglot.parse_one(query, read="athena").transform(in_place).sql(dialect="athena")


def _rows(table: Table) -> str:
    """All rows of a table, as a query of DuckDB."""
    if not table.files:
        nulls = (f'cast(null as {type_}) as "{name}"' for name, type_ in table.columns.values())
        return f"select {', '.join(nulls)}, '' as \"$path\" where false"
    files = ", ".join(f"'{_quoted(file)}'" for file in table.files)
    columns = ", ".join(
        f"{number}: {{name: '{name}', type: '{type_}', default_value: null}}"
        for number, (name, type_) in table.columns.items()
    )
    # the names are those of contracts and of temporary files
    read = f"read_parquet([{files}], schema = map {{{columns}}}, filename = '$path')"
    return f"select * from {read}"  # nosec B608


def _quoted(text: str) -> str:
    return text.replace("'", "''")
