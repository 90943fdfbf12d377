"""The views and saved queries of Athena: those of `warehouse.lake_views`, in its SQL."""

from typing import cast

import sqlglot
from sqlglot import exp

import contracts
from postgres import Sql
from warehouse.lake_views import as_of, lake_views, question_views

DATABASES = {"lake": "${processed}", "ingestion": "${ingestion}"}
"""Databases of the published tables, by schema; Terraform and the job replace the placeholders."""

MOMENT = "cast(cast({} as varchar) || ' ' || {} as timestamp(6))"


def athena_views() -> dict[str, str]:
    """Return the SELECT of each view by name, each after those that it reads."""
    views = {**lake_views(contracts.source(), contracts.warehouse()), **question_views()}
    return {name.rpartition(".")[2]: in_athena(select) for name, select in views.items()}


def saved_queries() -> dict[str, str]:
    """Return the queries with a parameter, by name. Each begins with its description."""
    about = "-- Rows of {} that were valid at a moment. The parameter is the moment: {}.\n"
    return {
        f"{fact.name}_as_of": about.format(fact.of, "'2024-11-15 12:00:00'")
        + in_athena(as_of(fact, Sql("?")))
        for fact in contracts.warehouse().facts
    }


def in_athena(select: str) -> str:
    """Return a SELECT of PostgreSQL in the SQL of Athena."""
    tree = cast(exp.Query, sqlglot.parse_one(select, read="postgres").transform(_translated))
    return (
        tree.sql(
            "athena", pretty=True, indent=4, pad=4, normalize_functions="lower", comments=False
        )
        + "\n"
    )


def _translated(node: exp.Expr) -> exp.Expr:
    """Translate what sqlglot does not know: a time of day is text, a moment has microseconds, and
    dates are subtracted by a function."""
    match node:
        case exp.Cast(this=value) if node.is_type("time"):
            return cast(exp.Expr, value)
        case exp.Cast() if node.is_type("timestamp"):
            return exp.cast(node.this, exp.DataType.build("timestamp(6)", dialect="athena"))
        case exp.Sub(this=exp.Cast() as end, expression=exp.Cast() as start) if _are_days(
            end, start
        ):
            return exp.DateDiff(this=end, expression=start, unit=exp.Literal.string("day"))
        case exp.Add(this=exp.Column(name="created_date") as day, expression=exp.Column() as time):
            return sqlglot.parse_one(MOMENT.format(day.sql(), time.sql()), read="athena")
        case exp.Table(db="etl", name=name):
            return exp.to_table(name)
        case exp.Table(db=schema) if schema in DATABASES:
            node.set("db", exp.to_identifier(DATABASES[schema], quoted=True))
    return node


def _are_days(*casts: exp.Cast) -> bool:
    return all(cast.is_type("date") for cast in casts)
