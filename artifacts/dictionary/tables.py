"""The section of each table."""

from collections.abc import Iterable, Iterator

from artifacts.dictionary.markdown import code, link, linked, prose, table
from artifacts.dictionary.relations import Relation, RelationColumn
from contracts import Calendar, Column, Dimension, Fact, SourceTable, Warehouse
from warehouse.columns import table_columns

HEAD = ("column", "type", "NULL", "meaning", "comes from", "refers to")
SOURCE_HEAD = ("column", "type", "NULL", "meaning", "goes to")


def fact_table(fact: Fact, relation: Relation) -> str:
    """Return the section of the table of a fact."""
    order = "`batch_seq` and `change_seq`"
    rows = f"{_one_row(fact.key, fact.of)}, {order}, that is, for each version."
    return _section(fact.name, f"{prose(relation.about)} {rows}", _rows(fact, relation, fact.of))


def dimension(of: Dimension | Calendar, relation: Relation) -> str:
    """Return the section of a dimension."""
    if isinstance(of, Calendar):
        about = f"{prose(relation.about)} One row for each {code(of.key)}, {of.first} to {of.last}."
        return _section(of.name, about, _rows(of, relation, ""))
    by = (f", with its {link(to)} by {code(by)}" for to, by in of.lookups.items())
    about = f"{prose(relation.about)} {_one_row(of.key, of.of)}{''.join(by)}."
    return _section(of.name, about, _rows(of, relation, of.of))


def record(name: str, relation: Relation) -> str:
    """Return the section of a table without a contract, from the catalog alone."""
    rows = ((*described(column, column.nullable), "", "") for column in relation.columns)
    return _section(name, prose(relation.about), rows)


def source_table(of: SourceTable, warehouse: Warehouse) -> str:
    """Return the section of a table of the source."""
    rows = (
        (
            *described(RelationColumn(c.name, str(c.type), c.nullable, c.about), c.nullable),
            _goes_to(of, c, warehouse),
        )
        for c in of.columns
    )
    about = f"{prose(of.about)} Its key is {code(of.key)}."
    return f"### {of.name}\n\n{about}\n\n{table(SOURCE_HEAD, rows)}"


def described(column: RelationColumn, nullable: bool) -> tuple[str, str, str, str]:
    """Return the cells of a column: name, type, whether it can be NULL, meaning."""
    return code(column.name), column.type, "yes" if nullable else "no", prose(column.about)


def _section(name: str, about: str, rows: Iterable[tuple[str, ...]]) -> str:
    return f"## {name}\n\n{about}\n\n{table(HEAD, rows)}"


def _one_row(key: str, source: str) -> str:
    return f"From {link(source)}: one row for each {code(key)}"


def _rows(
    of: Fact | Dimension | Calendar, relation: Relation, source: str
) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the columns in the order of the database."""
    contract = {column.name: column for column in table_columns(of)}
    for column in relation.columns:
        of_contract = contract[column.name]
        origin = _comes_from(of_contract) if source else ""
        yield *described(column, of_contract.nullable), origin, link(of_contract.references)


def _comes_from(column: Column) -> str:
    """Return the column of the source, with its table if that is a lookup."""
    origin = code(column.origin_column)
    if column.lookup:
        origin = linked(column.lookup, [column.origin_column])
    return f"{origin}, by the list {column.translate}" if column.translate else origin


def _goes_to(of: SourceTable, column: Column, warehouse: Warehouse) -> str:
    """Return the columns of the warehouse that come from it, and the lookups that use it."""
    targets = []
    tables: tuple[Fact | Dimension, ...] = (*warehouse.facts, *warehouse.dimensions)
    for to in tables:
        derived = [
            c.name
            for c in to.columns
            if c.origin_column == column.name and (c.lookup or to.of) == of.name
        ]
        targets += [linked(to.name, derived)] if derived else []
    for dimension in warehouse.dimensions:
        lookups = [name for name, by in dimension.lookups.items() if by == column.name]
        if lookups and dimension.of == of.name:
            targets.append(f"{link(dimension.name)}, to find its {', '.join(lookups)}")
    return "; ".join(targets)
