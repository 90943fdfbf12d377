"""A section for each table."""

from collections.abc import Iterable, Iterator

from artifacts.dictionary.markdown import code, link, linked, prose, table
from artifacts.dictionary.relations import Found, Relation
from contracts import Calendar, Column, Dimension, Fact, SourceTable, Warehouse
from warehouse.columns import table_columns

HEAD = ("column", "type", "NULL", "meaning", "comes from", "refers to")
SOURCE_HEAD = ("column", "type", "NULL", "meaning", "goes to")


def fact_table(fact: Fact, found: Relation) -> str:
    """A fact's own table."""
    rows = f"{_one_row(fact.key, fact.of)} and `batch_seq`, that is, for each version."
    return _section(fact.name, f"{prose(found.about)} {rows}", _rows(fact, found, fact.of))


def dimension(of: Dimension | Calendar, found: Relation) -> str:
    """A dimension."""
    if isinstance(of, Calendar):
        about = f"{prose(found.about)} One row for each {code(of.key)}, {of.first} to {of.last}."
        return _section(of.name, about, _rows(of, found, ""))
    by = (f", with its {link(to)} by {code(by)}" for to, by in of.lookups.items())
    about = f"{prose(found.about)} {_one_row(of.key, of.of)}{''.join(by)}."
    return _section(of.name, about, _rows(of, found, of.of))


def record(name: str, found: Relation) -> str:
    """A table of which there is no contract: the database alone says what it is."""
    rows = ((*described(column, column.nullable), "", "") for column in found.columns)
    return _section(name, prose(found.about), rows)


def source_table(of: SourceTable, warehouse: Warehouse) -> str:
    """A table of the source."""
    rows = (
        (
            *described(Found(c.name, str(c.type), c.nullable, c.about), c.nullable),
            _goes_to(of, c, warehouse),
        )
        for c in of.columns
    )
    about = f"{prose(of.about)} Its key is {code(of.key)}."
    return f"### {of.name}\n\n{about}\n\n{table(SOURCE_HEAD, rows)}"


def described(found: Found, nullable: bool) -> tuple[str, str, str, str]:
    """What is said of every column: name, type, whether it can be NULL, meaning."""
    return code(found.name), found.type, "yes" if nullable else "no", prose(found.about)


def _section(name: str, about: str, rows: Iterable[tuple[str, ...]]) -> str:
    return f"## {name}\n\n{about}\n\n{table(HEAD, rows)}"


def _one_row(key: str, source: str) -> str:
    return f"From {link(source)}: one row for each {code(key)}"


def _rows(
    of: Fact | Dimension | Calendar, found: Relation, source: str
) -> Iterator[tuple[str, ...]]:
    """The columns in the order in which the database has them."""
    contract = {column.name: column for column in table_columns(of)}
    for column in found.columns:
        told = contract[column.name]
        origin = _comes_from(told) if source else ""
        yield *described(column, told.nullable), origin, link(told.references)


def _comes_from(column: Column) -> str:
    """The column of the source, with its table where that is a looked-up one."""
    origin = code(column.origin_column)
    if column.lookup:
        origin = linked(column.lookup, [column.origin_column])
    return f"{origin}, by the list {column.translate}" if column.translate else origin


def _goes_to(of: SourceTable, column: Column, warehouse: Warehouse) -> str:
    """The columns of the warehouse that are made from it, and what is found by it."""
    told = []
    tables: tuple[Fact | Dimension, ...] = (*warehouse.facts, *warehouse.dimensions)
    for to in tables:
        made = [
            c.name
            for c in to.columns
            if c.origin_column == column.name and (c.lookup or to.of) == of.name
        ]
        told += [linked(to.name, made)] if made else []
    for dimension in warehouse.dimensions:
        found = [name for name, by in dimension.lookups.items() if by == column.name]
        if found and dimension.of == of.name:
            told.append(f"{link(dimension.name)}, to find its {', '.join(found)}")
    return "; ".join(told)
