"""The tables, views and functions of a warehouse, with types and comments from its catalog."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from pg8000.native import Connection

from warehouse import SCHEMA
from warehouse.roles import READER

# PostgreSQL has no comments on columns of functions, and no NOT NULL on columns of views.
COLUMNS = """
select
    nspname, relname, obj_description(pg_class.oid, 'pg_class'),
    attname, format_type(atttypid, atttypmod), not attnotnull,
    col_description(pg_class.oid, attnum), attnum
from pg_class
join pg_namespace on pg_namespace.oid = relnamespace
join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
where relkind in ('r', 'p', 'v', 'm') and (
    nspname = :schema or nspname = 'etl' and has_table_privilege(:reader, pg_class.oid, 'select')
)
union all
select
    nspname, proname, obj_description(pg_proc.oid, 'pg_proc'),
    name, format_type(type, null), true,
    '', place
from pg_proc
join pg_namespace on pg_namespace.oid = pronamespace
cross join lateral unnest(proargnames, proallargtypes, proargmodes)
    with ordinality as one (name, type, mode, place)
where nspname = :schema and mode = 't'
order by 1, 2, 8
"""
SHORT = {
    "integer": "int",
    "time without time zone": "time",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
}


@dataclass(frozen=True)
class RelationColumn:
    """A column in the catalog of the database."""

    name: str
    type: str
    nullable: bool
    about: str


@dataclass(frozen=True)
class Relation:
    """A table, a view, or a function that returns rows."""

    about: str
    columns: tuple[RelationColumn, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def relations(connection: Connection) -> Mapping[str, Relation]:
    """Return the relations in the schema of the warehouse, and those of ``etl`` that readers can
    read, by the name that a query uses (``etl.ledger``)."""
    rows = connection.run(COLUMNS, schema=SCHEMA, reader=READER)
    return {
        name if schema == SCHEMA else f"{schema}.{name}": Relation(
            about or "",
            tuple(
                RelationColumn(column, SHORT.get(kind, kind), nullable, comment or "")
                for *_, column, kind, nullable, comment, _ in columns
            ),
        )
        for (schema, name, about), columns in groupby(rows, key=lambda row: tuple(row[:3]))
    }
