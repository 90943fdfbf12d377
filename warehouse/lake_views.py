"""The names of the warehouse on the published tables of a lake, for DuckDB and for Athena.

A view is a SELECT in the SQL that PostgreSQL and DuckDB share. It reads the published tables in the
schemas ``lake`` (tables of the warehouse) and ``ingestion`` (tables of the source), and other views
by their names alone. History and wide views are rendered from the warehouse's own templates. The
others are templates of their own: the warehouse has indexes and tables that the lake does not.
"""

from collections.abc import Mapping
from importlib.resources import files

from contracts import Fact, Source, Warehouse, WarehouseTable
from contracts.observation import VERSION
from postgres import Sql, joined, names, render, value
from warehouse.questions import questions
from warehouse.templates import dimension_parts

LEDGER = "etl.ledger"
"""The batches that brought rows, and when each observed the source."""

BODY = "create view {view} as\n"
MOMENT = "cross join (select cast({moment} as timestamp) as moment) as asked"
OF_A_FACT = ("versions", "history", "current", "changes", "wide")


def lake_views(source: Source, warehouse: Warehouse) -> Mapping[str, str]:
    """Return the SELECT of each view by name, each after the views that it reads: the ledger,
    dimensions and facts."""
    views: dict[str, str] = {LEDGER: _ledger(source)}
    tables: tuple[WarehouseTable, ...] = (*warehouse.calendars, *warehouse.dimensions)
    for table in tables:
        views |= _of_a_dimension(table)
    for fact in warehouse.facts:
        views |= _of_a_fact(fact, warehouse)
    return views


def question_views() -> Mapping[str, str]:
    """Return the questions that the lake can answer, by name; they read the views."""
    return {q.name: q.sql for q in questions().values() if not q.not_in_athena}


def as_of(fact: Fact, moment: Sql) -> Sql:
    """Return the SELECT of the rows that were valid at a moment, which is an expression."""
    body = _template("as_of").split("$$")[1].replace("$1", "moment")
    where = "{history}\n    " + MOMENT
    parts = {"columns": names(fact.column_names), "history": f"{fact.name}_history"}
    return render(body.replace("{history}", where).strip(), moment=moment, **parts)


def _ledger(source: Source) -> str:
    select = "select batch_seq, observed_at from ingestion.{table}"
    return "\nunion\n".join(render(select, table=name) for name in sorted(source.tables))


def _of_a_dimension(table: WarehouseTable) -> dict[str, str]:
    history = f"{table.name}_history"
    columns = names(table.column_names)
    parts = {"dimension": table.name, "history": history, "columns": columns, "key": table.key}
    return {
        history: render(_template("lake/dimension_history"), **parts),
        table.name: render(_template("lake/dimension"), **parts),
    }


def _of_a_fact(fact: Fact, warehouse: Warehouse) -> dict[str, str]:
    parts = {
        "fact": fact.name,
        "tombstones": fact.tombstones,
        "key": fact.key,
        "history": f"{fact.name}_history",
        "current": f"{fact.name}_current",
        "columns": names(fact.column_names),
        **_versions(fact),
        **_differences(fact),
        **dimension_parts(fact, warehouse, fact.column_names),
    }
    views = {f"{fact.name}_{kind}": render(_select(kind), **parts) for kind in OF_A_FACT}
    return {fact.name: views.pop(f"{fact.name}_versions"), **views}


def _versions(fact: Fact) -> dict[str, Sql]:
    """Return the columns of versions, and those of deletions without readable values."""
    own = [
        render("cast(own.{c} as time) as {c}" if c.type.kind == "time" else "own.{c}", c=c.name)
        for c in fact.columns
        if c not in VERSION
    ]
    observed = joined("own.{column}", (column.name for column in VERSION))
    values = ", ".join(own)
    return {
        "versions": Sql(f"{values}, {observed}"),
        "deletions": Sql(f"{values}, deleted_at, deleted_in, true, deleted_by, committed_at"),
    }


def _differences(fact: Fact) -> dict[str, Sql]:
    """Return the comparisons of all columns that can change, as `warehouse.templates` does."""
    columns = [c.name for c in fact.columns if c.name != fact.key and c not in VERSION]

    def each(template: str, by: str = " ") -> Sql:
        texts = (render(template, n=n, old=f"old_{n}", text=value(n)) for n in columns)
        return Sql(by.join(texts))

    return {
        "befores": each("lag({n}) over versions as {old}", by=", "),
        "olds": each("when {text} then cast({old} as varchar)"),
        "news": each("when {text} then cast({n} as varchar)"),
        "compared": each("({text})", by=", "),
        "differences": each("when {text} then {n} is distinct from {old}"),
    }


def _select(kind: str) -> str:
    """Return the template of a kind of view, from the SELECT to its end."""
    if kind in ("history", "wide"):
        return _template(kind).partition(BODY)[2].partition(";")[0]
    return _template(f"lake/{kind}")


def _template(name: str) -> str:
    return (files("warehouse") / "views" / f"{name}.sql").read_text(encoding="utf-8")
