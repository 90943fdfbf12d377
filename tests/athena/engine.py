"""Athena's SQL on Parquet files, by DuckDB: for tests, with and without a local AWS endpoint.

A table has the rows of its partitions alone. As in Athena, timestamps are milliseconds, a file
whose column is of another type than the table's is an error, and one without it has NULL there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import duckdb
import sqlglot
from sqlglot import exp

Row = tuple[Any, ...]
TYPES = {"string": "VARCHAR", "int": "INTEGER", "timestamp": "TIMESTAMP"}  # others are the same
SHOWN = {"timestamp": "TIMESTAMP_MS"}


class BadData(Exception):
    """A file does not hold what its table says."""


@dataclass(frozen=True)
class Column:
    """A column of a table, with its type as Glue writes it."""

    name: str
    type: str


@dataclass(frozen=True)
class Part:
    """A partition: the values of its keys, and its files."""

    values: Sequence[str]
    files: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table, with the partitions that the catalog has of it."""

    database: str
    name: str
    columns: Sequence[Column]
    keys: Sequence[Column]
    parts: Sequence[Part]


@dataclass(frozen=True)
class Answer:
    """The answer of a query."""

    columns: list[str]
    rows: list[Row]


class Athena:
    """Answers queries on some tables."""

    def __init__(self, tables: Iterable[Table]) -> None:
        """Raises BadData."""
        self._connection = duckdb.connect()
        for table in tables:
            self._connection.execute(f'create schema if not exists "{table.database}"')
            named = f'"{table.database}"."{table.name}"'
            self._connection.execute(f"create view {named} as {self._rows(table)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def run(self, query: str, database: str, parameters: Sequence[str] = ()) -> Answer:
        """The answer to a query in Athena's SQL; parameters are SQL themselves, as Athena's."""
        self._connection.execute(f"set schema = '{database}'")
        [translated] = sqlglot.transpile(
            filled(query, parameters), read="athena", write="duckdb", identify=True
        )
        result = self._connection.execute(translated)
        return Answer([column[0] for column in result.description], result.fetchall())

    def _rows(self, table: Table) -> str:
        """All rows of a table, as a query of DuckDB."""
        shown = [f'cast(null as {_shown(c)}) as "{c.name}"' for c in (*table.columns, *table.keys)]
        parts = [f"select {', '.join(shown)} where false"]
        parts += [self._part(table, part) for part in table.parts if part.files]
        return " union all ".join(parts)

    def _part(self, table: Table, part: Part) -> str:
        files = ", ".join(f"'{_quoted(file)}'" for file in part.files)
        read = f"read_parquet([{files}], union_by_name = true, hive_partitioning = false)"
        described = self._connection.execute(f"describe from {read}").fetchall()
        held = {name: type_ for name, type_, *_ in described}
        values = [_value(table, column, held) for column in table.columns]
        values += [
            f"cast('{_quoted(value)}' as {_shown(key)})"
            for key, value in zip(table.keys, part.values, strict=True)
        ]
        # the names are those of contracts and of temporary files
        return f"select {', '.join(values)} from {read}"  # nosec B608


def filled(query: str, parameters: Sequence[str]) -> str:
    """A query with its parameters in their places."""
    left = list(parameters)

    def in_place(node: exp.Expr) -> exp.Expr:
        is_place = isinstance(node, exp.Placeholder)
        return sqlglot.parse_one(left.pop(0), read="athena") if is_place else node

    return sqlglot.parse_one(query, read="athena").transform(in_place).sql(dialect="athena")


def _value(table: Table, column: Column, held: dict[str, str]) -> str:
    wanted = TYPES.get(column.type, column.type.upper())
    found = held.get(column.name)
    if found not in (None, wanted):
        raise BadData(
            f"HIVE_BAD_DATA: {column.name} of {table.database}.{table.name} is declared"
            f" {column.type}, and a file has {found}"
        )
    return f"cast({'null' if found is None else _named(column)} as {_shown(column)})"


def _named(column: Column) -> str:
    return f'"{column.name}"'


def _shown(column: Column) -> str:
    return SHOWN.get(column.type) or TYPES.get(column.type, column.type)


def _quoted(text: str) -> str:
    return text.replace("'", "''")
