"""A star as a Mermaid diagram."""

from collections.abc import Iterator

from contracts import Calendar, Column, Fact, Warehouse, WarehouseTable
from warehouse.columns import table_columns


def diagram(fact: Fact, warehouse: Warehouse) -> str:
    """Return the diagram of a fact and the dimensions that it refers to, with their columns."""
    tables = [fact, *dimensions(fact, warehouse)]
    lines = [*_references(fact, warehouse)]
    for table in tables:
        lines += [f"{table.name} {{", *_attributes(table), "}"]
    return "\n".join(["```mermaid", "erDiagram", *(f"    {line}" for line in lines), "```"])


def dimensions(fact: Fact, warehouse: Warehouse) -> list[WarehouseTable]:
    """Return the dimensions that the fact refers to, in the order of its columns."""
    names = dict.fromkeys(column.references for column in fact.columns if column.references)
    return [warehouse.tables[name] for name in names]


def _references(fact: Fact, warehouse: Warehouse) -> Iterator[str]:
    for dimension in dimensions(fact, warehouse):
        referring = [c.name for c in fact.columns if c.references == dimension.name]
        if isinstance(dimension, Calendar):
            referring = [f"{len(referring)} dates"]
        for label in referring:
            yield f'{dimension.name} ||--o{{ {fact.name} : "{label}"'


def _attributes(table: WarehouseTable) -> Iterator[str]:
    key = table.record if isinstance(table, Fact) else table.key
    for column in table_columns(table):
        yield f"    {column.type.kind} {column.name}{_key_mark(column, key)}"


def _key_mark(column: Column, key: str) -> str:
    if column.name == key:
        return " PK"
    return " FK" if column.references else ""
