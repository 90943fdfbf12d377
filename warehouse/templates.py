"""The views and functions of a fact, rendered from templates and contracts."""

from collections.abc import Iterable, Mapping
from importlib.resources import files

from contracts import Column, Dimension, Fact, Warehouse
from contracts.observation import VERSION
from postgres import Sql, joined, names, render, value
from warehouse.columns import (
    alias,
    dimension_columns,
    references,
    table_columns,
    view_columns,
    wide_column,
)
from warehouse.comments import column_comments

VIEWS = ("history", "current", "changes", "wide")
FUNCTIONS = ("as_of", "as_known")
KINDS = (*VIEWS, *FUNCTIONS)
"""The kinds of views and functions, each after those that it reads."""

DIFFERENCE = """(
        {text}, old.{column}::text, new.{column}::text, new.{column} is distinct from old.{column}
    )"""
BEFORE = """(
    select {columns}
    from {fact} as earlier
    where earlier.{key} = new.{key}
        and (earlier.batch_seq, earlier.change_seq) < (new.batch_seq, new.change_seq)
    order by earlier.batch_seq desc, earlier.change_seq desc
    limit 1
)"""
JOIN = """
left join {dimension} as {alias} on {alias}.{key} = fact.{referring}"""


def views(warehouse: Warehouse, schema: str) -> dict[str, str]:
    """Return the statements that create each view or function, by name, in an order in which they
    can run with ``schema`` as search_path."""
    statements = {}
    templates = {kind: _template(kind) for kind in KINDS}
    for fact in warehouse.facts:
        parts = _parts(fact, warehouse, schema)
        for kind, template in templates.items():
            view = f"{fact.name}_{kind}"
            statements[view] = _rendered(template, {"view": view, **parts})
            if kind in VIEWS:  # a column of a function cannot have a comment
                statements[view] += "\n" + column_comments(
                    view, view_columns(fact, kind, warehouse)
                )
    return statements


def _template(kind: str) -> str:
    return (files("warehouse") / "views" / f"{kind}.sql").read_text(encoding="utf-8")


def _rendered(template: str, parts: Mapping[str, str | Sql]) -> str:
    """Render a template; the text between two ``$$`` becomes one literal."""
    pieces = [render(piece, **parts) for piece in template.split("$$")]
    return "".join(value(piece) if n % 2 else piece for n, piece in enumerate(pieces))


def _parts(fact: Fact, warehouse: Warehouse, schema: str) -> Mapping[str, str | Sql]:
    """Return the values of the placeholders."""
    columns = [column.name for column in table_columns(fact)]
    return {
        "fact": fact.name,
        "latest": fact.latest,
        "key": fact.key,
        "before": render(BEFORE, fact=fact.name, key=fact.key, columns=names(columns)),
        # The body of a function resolves names with the search_path of its caller.
        "history": render("{schema}.{view}", schema=schema, view=f"{fact.name}_history"),
        "current": f"{fact.name}_current",
        "columns": names(columns),
        "definitions": _definitions(fact),
        "differences": _differences(fact),
        **dimension_parts(fact, warehouse, columns),
    }


def dimension_parts(fact: Fact, warehouse: Warehouse, columns: Iterable[str]) -> Mapping[str, Sql]:
    """Return the placeholders of the wide view: ``columns`` of the fact, and its dimensions."""
    return {
        "fact_columns": joined("fact.{column}", columns),
        "dimension_columns": _dimension_columns(fact, warehouse),
        "joins": _joins(references(fact, warehouse)),
    }


def _definitions(fact: Fact) -> Sql:
    own = (
        render("{name} {type}", name=column.name, type=Sql(str(column.type)))
        for column in table_columns(fact)
    )
    return Sql(", ".join(own))


def _differences(fact: Fact) -> Sql:
    """Return the comparisons of all columns that can change: not the key, and no column that the
    platform adds."""
    compared = [c.name for c in fact.columns if c.name != fact.key and c not in VERSION]
    differences = (render(DIFFERENCE, column=name, text=value(name)) for name in compared)
    return Sql(",\n    ".join(differences))


def _dimension_columns(fact: Fact, warehouse: Warehouse) -> Sql:
    columns = (
        render(
            ",\n    {alias}.{column} as {name}",
            alias=alias(referring),
            column=column.name,
            name=wide_column(referring, dimension, column).name,
        )
        for referring, dimension, column in dimension_columns(fact, warehouse)
    )
    return Sql("".join(columns))


def _joins(references: Iterable[tuple[Column, Dimension]]) -> Sql:
    joins = (
        render(
            JOIN,
            dimension=dimension.name,
            alias=alias(referring),
            key=dimension.key,
            referring=referring.name,
        )
        for referring, dimension in references
    )
    return Sql("".join(joins))
