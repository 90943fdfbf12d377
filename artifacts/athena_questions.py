"""The business questions in the SQL of Athena, each preceded by the views that it reads.

A view of PostgreSQL becomes a common table expression. A dimension is read as its latest rows, and
the ledger as the batches in the lake.
"""

from collections.abc import Iterator
from textwrap import indent
from typing import cast

import sqlglot
from sqlglot import exp

import contracts
from artifacts.views import INGESTION, listed, rendered, view_of, views
from contracts import Calendar, Column, Dimension, Fact, WarehouseTable
from contracts.observation import VERSION
from warehouse.columns import references, wide_column
from warehouse.questions import Question, questions

LEDGER = "ledger"
BY_BATCH = "batch desc"
BY_CHANGE = "batch_seq desc, coalesce(change_seq, 0) desc"
"""A file may have the rows of several batches. Files of earlier versions have no batch_seq."""
LATEST = "{}_latest"  # a common table expression cannot have the name of the table that it reads
MOMENT = "cast(cast({} as varchar) || ' ' || {} as timestamp)"


def athena_questions() -> dict[str, str]:
    """Return the questions that the lake can answer, by name, in the SQL of Athena."""
    return {name: in_athena(q) for name, q in questions().items() if not q.not_in_athena}


def in_athena(question: Question) -> str:
    """Return a question in the SQL of Athena."""
    tree = cast(exp.Query, sqlglot.parse_one(question.sql, read="postgres").transform(_translated))
    expressions = dict(_expressions(tree))
    expressions |= {part.alias: _to_sql(part.this) for part in tree.ctes}
    tree.set("with_", None)
    parts = [f"{name} as (\n{indent(text, '    ')}\n)" for name, text in expressions.items()]
    return "\n".join([f"-- {question.title}", "with " + ",\n".join(parts), _to_sql(tree), ""])


def _to_sql(tree: exp.Expr) -> str:
    return tree.sql(
        "athena", pretty=True, indent=4, pad=4, normalize_functions="lower", comments=False
    )


def _translated(node: exp.Expr) -> exp.Expr:
    """Translate the differences between the dialects that sqlglot does not know."""
    match node:
        case exp.Sub(this=exp.Cast() as end, expression=exp.Cast() as start) if _are_days(
            end, start
        ):
            return exp.DateDiff(this=end, expression=start, unit=exp.Literal.string("day"))
        case exp.Add(this=exp.Column(name="created_date") as day, expression=exp.Column() as time):
            return sqlglot.parse_one(MOMENT.format(day.sql(), time.sql()), read="athena")
        case exp.Table(db="etl", name=name):
            return exp.to_table(name)
        case exp.Table(name=name) if _is_dimension(name):
            return exp.alias_(exp.to_table(LATEST.format(name)), node.alias or name, table=True)
    return node


def _are_days(*casts: exp.Cast) -> bool:
    return all(cast.is_type("date") for cast in casts)


def _expressions(tree: exp.Expr) -> Iterator[tuple[str, str]]:
    """Yield the relations that the question reads, each after those that it reads itself."""
    tables = {table.name for table in tree.find_all(exp.Table)}
    columns = {column.name for column in tree.find_all(exp.Column)}
    warehouse = contracts.warehouse()
    if LEDGER in tables:
        yield LEDGER, _ledger()
    wide = {
        fact: _joins(fact, columns) for fact in warehouse.facts if f"{fact.name}_wide" in tables
    }
    joined = [dimension for joins in wide.values() for dimension in joins.values()]
    dimensions: list[WarehouseTable] = [*warehouse.calendars, *warehouse.dimensions]
    for table in dimensions:
        if table in joined or LATEST.format(table.name) in tables:
            yield LATEST.format(table.name), _latest(table)
    for fact in warehouse.facts:
        if fact in wide or f"{fact.name}_current" in tables:
            yield f"{fact.name}_current", _without_comment(views()[f"{fact.name}_current"])
        if fact in wide:
            yield f"{fact.name}_wide", _wide(fact, wide[fact], columns)
        if f"{fact.name}_changes" in tables:
            yield f"{fact.name}_changes", _changes(fact)


def _latest(table: WarehouseTable) -> str:
    """Return the query for the latest rows of a dimension."""
    parts = {
        "key": table.key,
        "columns": listed(table.column_names),
        "table": table.name,
        "order": BY_BATCH if isinstance(table, Calendar) else f"{BY_BATCH}, {BY_CHANGE}",
    }
    return rendered("latest", parts).rstrip()


def _ledger() -> str:
    """Return the query for the batches that contain rows, and when each observed the source."""
    tables = sorted(contracts.source().tables)
    return "\nunion\n".join(
        f"select batch_seq, observed_at from {INGESTION}.{table}"  # nosec B608 # names of contracts
        for table in tables
    )


def _without_comment(view: str) -> str:
    """Return a view without the comment in its first line."""
    return view.partition("\n")[2].rstrip()


def _is_dimension(name: str) -> bool:
    return name.startswith("dim_") and name in contracts.warehouse().tables


def _joins(fact: Fact, columns: set[str]) -> dict[Column, Dimension]:
    """Return the dimensions with a column among ``columns``, by the fact's referring column."""
    return {
        referring: dimension
        for referring, dimension in references(fact, contracts.warehouse())
        if any(_selected(referring, dimension, columns))
    }


def _selected(
    referring: Column, dimension: Dimension, columns: set[str]
) -> Iterator[tuple[str, str]]:
    """Yield the dimension's columns that are among ``columns``: own name, and name in the view."""
    for column in dimension.columns:
        wide = wide_column(referring, dimension, column).name
        if column.name != dimension.key and wide in columns:
            yield column.name, wide


def _wide(fact: Fact, joins: dict[Column, Dimension], columns: set[str]) -> str:
    selected = [f"fact.{name}" for name in fact.column_names]
    selected += [
        f"{referring.name}_member.{name} as {wide}"
        for referring, dimension in joins.items()
        for name, wide in _selected(referring, dimension, columns)
    ]
    clauses = [
        f"left join {LATEST.format(dimension.name)} as {referring.name}_member\n"
        f"    on {referring.name}_member.{dimension.key} = fact.{referring.name}"
        for referring, dimension in joins.items()
    ]
    return view_of(fact, "wide", fact_columns=listed(selected), joins="\n".join(clauses)).rstrip()


def _changes(fact: Fact) -> str:
    columns = [c.name for c in fact.columns if c.name != fact.key and c not in VERSION]
    window = f"over (partition by {fact.key} order by batch_seq, change_seq)"
    return view_of(
        fact,
        "changes",
        befores=",\n".join(f"lag({name}) {window} as old_{name}" for name in columns),
        olds="\n".join(f"when '{name}' then cast(old_{name} as varchar)" for name in columns),
        news="\n".join(f"when '{name}' then cast({name} as varchar)" for name in columns),
        names=listed(f"('{name}')" for name in columns),
        differences="\n".join(
            f"when '{name}' then {name} is distinct from old_{name}" for name in columns
        ),
    ).rstrip()
