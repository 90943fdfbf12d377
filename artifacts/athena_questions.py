"""The business questions as queries of Athena: each file of totesys/questions in its dialect,
behind the views that it reads.

What PostgreSQL has as a view is a common table expression here; a dimension is its latest rows, and
the ledger the batches that landed.
"""

from collections.abc import Iterator
from textwrap import indent
from typing import cast

import sqlglot
from sqlglot import exp

import contracts
from artifacts.views import INGESTION, listed, rendered, view_of, views
from contracts import Column, Dimension, Fact
from contracts.observation import VERSION
from warehouse.columns import references, wide_column
from warehouse.questions import Question, questions

LEDGER = "ledger"
LATEST = "{}_latest"  # a common table expression may not be called like the table that it reads
MADE_AT = "cast(cast({} as varchar) || ' ' || {} as timestamp)"


def asked() -> dict[str, str]:
    """The questions that the lake can answer, by name, in the SQL of Athena."""
    return {name: in_athena(q) for name, q in questions().items() if not q.not_in_athena}


def in_athena(question: Question) -> str:
    """A question in the SQL of Athena."""
    tree = cast(exp.Query, sqlglot.parse_one(question.sql, read="postgres").transform(_translated))
    expressions = dict(_expressions(tree))
    expressions |= {part.alias: _spelled(part.this) for part in tree.ctes}
    tree.set("with_", None)
    parts = [f"{name} as (\n{indent(text, '    ')}\n)" for name, text in expressions.items()]
    return "\n".join([f"-- {question.title}", "with " + ",\n".join(parts), _spelled(tree), ""])


def _spelled(tree: exp.Expr) -> str:
    return tree.sql(
        "athena", pretty=True, indent=4, pad=4, normalize_functions="lower", comments=False
    )


def _translated(node: exp.Expr) -> exp.Expr:
    """What the two dialects say differently, and sqlglot cannot know."""
    match node:
        case exp.Sub(this=exp.Cast() as end, expression=exp.Cast() as start) if _are_days(
            end, start
        ):
            return exp.DateDiff(this=end, expression=start, unit=exp.Literal.string("day"))
        case exp.Add(this=exp.Column(name="created_date") as day, expression=exp.Column() as time):
            return sqlglot.parse_one(MADE_AT.format(day.sql(), time.sql()), read="athena")
        case exp.Table(db="etl", name=name):
            return exp.to_table(name)
        case exp.Table(name=name) if _dimension(name):
            return exp.alias_(exp.to_table(LATEST.format(name)), node.alias or name, table=True)
    return node


def _are_days(*casts: exp.Cast) -> bool:
    return all(cast.is_type("date") for cast in casts)


def _expressions(tree: exp.Expr) -> Iterator[tuple[str, str]]:
    """What the question reads, each after what it reads itself."""
    read = {table.name for table in tree.find_all(exp.Table)}
    named = {column.name for column in tree.find_all(exp.Column)}
    warehouse = contracts.warehouse()
    if LEDGER in read:
        yield LEDGER, _ledger()
    wide = {fact: _joined(fact, named) for fact in warehouse.facts if f"{fact.name}_wide" in read}
    joined = [dimension for joins in wide.values() for dimension in joins.values()]
    for table in (*warehouse.calendars, *warehouse.dimensions):
        if table in joined or LATEST.format(table.name) in read:
            parts = {"key": table.key, "columns": listed(table.column_names), "table": table.name}
            yield LATEST.format(table.name), rendered("latest", parts).rstrip()
    for fact in warehouse.facts:
        if fact in wide or f"{fact.name}_current" in read:
            yield f"{fact.name}_current", _unnamed(views()[f"{fact.name}_current"])
        if fact in wide:
            yield f"{fact.name}_wide", _wide(fact, wide[fact], named)
        if f"{fact.name}_changes" in read:
            yield f"{fact.name}_changes", _changes(fact)


def _ledger() -> str:
    """The batches that brought rows, and when each saw the source."""
    tables = sorted(contracts.source().tables)
    return "\nunion\n".join(
        f"select batch_seq, observed_at from {INGESTION}.{table}"  # nosec B608 # names of contracts
        for table in tables
    )


def _unnamed(view: str) -> str:
    """A view without the comment that says what it is."""
    return view.partition("\n")[2].rstrip()


def _dimension(name: str) -> bool:
    return name.startswith("dim_") and name in contracts.warehouse().tables


def _joined(fact: Fact, named: set[str]) -> dict[Column, Dimension]:
    """The dimensions of a fact of which a question names a column, by what refers to them."""
    return {
        referring: dimension
        for referring, dimension in references(fact, contracts.warehouse())
        if any(_named(referring, dimension, named))
    }


def _named(referring: Column, dimension: Dimension, named: set[str]) -> Iterator[tuple[str, str]]:
    """The columns of the dimension that a question names, each with the name that it has there."""
    for column in dimension.columns:
        wide = wide_column(referring, dimension, column).name
        if column.name != dimension.key and wide in named:
            yield column.name, wide


def _wide(fact: Fact, joins: dict[Column, Dimension], named: set[str]) -> str:
    own = [f"fact.{name}" for name in fact.column_names]
    own += [
        f"{referring.name}_member.{name} as {wide}"
        for referring, dimension in joins.items()
        for name, wide in _named(referring, dimension, named)
    ]
    joined = [
        f"left join {LATEST.format(dimension.name)} as {referring.name}_member\n"
        f"    on {referring.name}_member.{dimension.key} = fact.{referring.name}"
        for referring, dimension in joins.items()
    ]
    return view_of(fact, "wide", fact_columns=listed(own), joins="\n".join(joined)).rstrip()


def _changes(fact: Fact) -> str:
    told = [c.name for c in fact.columns if c.name != fact.key and c not in VERSION]
    window = f"over (partition by {fact.key} order by batch_seq)"
    return view_of(
        fact,
        "changes",
        befores=",\n".join(f"lag({name}) {window} as old_{name}" for name in told),
        olds="\n".join(f"when '{name}' then cast(old_{name} as varchar)" for name in told),
        news="\n".join(f"when '{name}' then cast({name} as varchar)" for name in told),
        names=listed(f"('{name}')" for name in told),
        differences="\n".join(
            f"when '{name}' then {name} is distinct from old_{name}" for name in told
        ),
    ).rstrip()
