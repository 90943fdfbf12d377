"""The views and functions of a fact, out of templates and contracts."""

from collections.abc import Iterator, Mapping
from importlib.resources import files

from contracts import Column, Dimension, Fact, Warehouse
from contracts.catalogue import HISTORY
from postgres import Sql, names, render, value

VIEWS = ("history", "current", "changes", "wide")
FUNCTIONS = ("as_of", "as_known")
KINDS = (*VIEWS, *FUNCTIONS)
"""The templates, each after those that it reads."""

DIFFERENCE = """(
        'updated', {text}, old.{column}::text, new.{column}::text,
        old.{key} is not null and new.{column} is distinct from old.{column}
    )"""
JOIN = """
left join {dimension} as {alias} on {alias}.{key} = fact.{referring}"""


def views(warehouse: Warehouse, schema: str) -> dict[str, str]:
    """The statements that make each view or function, in an order in which they can be run within
    ``schema``."""
    templates = {kind: _template(kind) for kind in KINDS}
    return {
        f"{fact.name}_{kind}": _rendered(template, {"view": f"{fact.name}_{kind}", **parts})
        for fact in warehouse.facts
        for parts in (_parts(fact, warehouse, schema),)
        for kind, template in templates.items()
    }


def _template(kind: str) -> str:
    return (files("warehouse") / "views" / f"{kind}.sql").read_text(encoding="utf-8")


def _rendered(template: str, parts: Mapping[str, str | Sql]) -> str:
    """The template with its parts; what stands between two ``$$`` becomes one literal."""
    pieces = [render(piece, **parts) for piece in template.split("$$")]
    return "".join(value(piece) if n % 2 else piece for n, piece in enumerate(pieces))


def _parts(fact: Fact, warehouse: Warehouse, schema: str) -> Mapping[str, str | Sql]:
    """What a template may ask for."""
    columns = [fact.record, *fact.column_names]
    references = dict(_references(fact, warehouse))
    return {
        "fact": fact.name,
        "key": fact.key,
        # the body of a function looks for names where its caller does
        "history": render("{schema}.{view}", schema=schema, view=f"{fact.name}_history"),
        "current": f"{fact.name}_current",
        "columns": names(columns),
        "definitions": _definitions(fact),
        "differences": _differences(fact),
        "fact_columns": Sql(", ".join(render("fact.{name}", name=name) for name in columns)),
        "dimension_columns": _dimension_columns(references),
        "joins": _joins(references),
    }


def _references(fact: Fact, warehouse: Warehouse) -> Iterator[tuple[Column, Dimension]]:
    """The columns that refer to a dimension which is no calendar."""
    for column in fact.columns:
        dimension = warehouse.tables.get(column.references)
        if isinstance(dimension, Dimension):
            yield column, dimension


def _definitions(fact: Fact) -> Sql:
    record = render("{name} integer", name=fact.record)
    own = (render("{name} {type}", name=c.name, type=Sql(str(c.type))) for c in fact.columns)
    return Sql(", ".join([record, *own]))


def _differences(fact: Fact) -> Sql:
    """What can change in a row: not its key, and not what we say of the version."""
    told = [c.name for c in fact.columns if c.name != fact.key and c not in HISTORY]
    differences = (render(DIFFERENCE, column=name, text=value(name), key=fact.key) for name in told)
    return Sql(",\n    ".join(differences))


def _dimension_columns(references: Mapping[Column, Dimension]) -> Sql:
    columns = (
        render(
            ",\n    {alias}.{column} as {name}",
            alias=_prefix(referring),
            column=column.name,
            name=wide_name(referring, column),
        )
        for referring, dimension in references.items()
        for column in dimension.columns
        if column.name != dimension.key
    )
    return Sql("".join(columns))


def _joins(references: Mapping[Column, Dimension]) -> Sql:
    joins = (
        render(
            JOIN,
            dimension=dimension.name,
            alias=_prefix(referring),
            key=dimension.key,
            referring=referring.name,
        )
        for referring, dimension in references.items()
    )
    return Sql("".join(joins))


def wide_name(referring: Column, column: Column) -> str:
    """What a dimension's column is called beside the fact that refers to it."""
    prefix = _prefix(referring)
    return column.name if column.name.startswith(f"{prefix}_") else f"{prefix}_{column.name}"


def _prefix(referring: Column) -> str:
    return referring.name.removesuffix("_id")
