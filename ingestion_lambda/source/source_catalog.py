"""The tables in the source's catalog: whether they match the contracts, and their identity.

DDL changes values without touching a row's xmin (a renamed column, a default, a renamed enum
label, an exchanged partition, the expression of a virtual column), so everything that can do so is
part of the source's identity.
"""

from dataclasses import dataclass

from contracts import Source, SourceTable
from ingestion_lambda.errors import SourceMismatch
from ingestion_lambda.source.column_types import selected
from postgres import Connection, Sql, render, value
from postgres.encoding import stored, stored_name

# A table's own oid comes first, then the oids of its partitions. The last value is whether a policy
# may hide rows of the table from this role.
TABLES = """
WITH RECURSIVE family (name, depth, oid, kind) AS (
    SELECT relname, 0, oid, relkind FROM pg_class
    WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = {schema})
          AND relname IN ({tables})
    UNION ALL
    SELECT name, depth + 1, c.oid, c.relkind
    FROM family JOIN pg_inherits ON inhparent = family.oid JOIN pg_class c ON c.oid = inhrelid
)
SELECT name::text, string_agg(oid::text, ',' ORDER BY depth, oid),
       (array_agg(kind ORDER BY depth))[1]::text, count(*) > 1,
       bool_or(depth = 0 AND row_security_active(oid))
FROM family GROUP BY name ORDER BY name
"""

# The values after the names: the type below the column's domains, the type as people write it, the
# identity of the column, whether a unique index covers it alone, and whether every row has a value
# (PostgreSQL 18 also records a NOT NULL that was never validated). Names are bytes, as they are
# stored: the server cannot convert every name to UTF-8.
COLUMNS = """
WITH RECURSIVE types (oid, base) AS (
    SELECT oid, oid FROM pg_type WHERE typtype <> 'd'
    UNION ALL
    SELECT t.oid, base FROM types JOIN pg_type t ON t.typtype = 'd' AND t.typbasetype = types.oid
)
SELECT relname::text, {attname},
       CASE WHEN t.typtype = 'e' THEN 'enum'
            WHEN t.typnamespace = 'pg_catalog'::regnamespace OR t.typname = 'citext'
            THEN t.typname::text ELSE '' END,
       {type},
       concat_ws(':', attnum, atttypid::bigint, (
           SELECT string_agg(encode({label}, 'hex'), ',' ORDER BY enumsortorder)
           FROM pg_enum WHERE enumtypid = base), (
           SELECT encode({expression}, 'hex') FROM pg_attrdef
           WHERE adrelid = c.oid AND adnum = attnum AND attgenerated = 'v')),
       EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisunique AND indisvalid
               AND indpred IS NULL AND indnkeyatts = 1 AND indkey[0] = attnum),
       attnotnull AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid
               AND contype = 'n' AND conkey = ARRAY[attnum] AND NOT convalidated)
FROM pg_class c
JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
JOIN types ON types.oid = atttypid
JOIN pg_type t ON t.oid = base
WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = {schema})
      AND relname IN ({tables})
ORDER BY relname, attnum
"""

NAMES = {
    "attname": stored("attname::text"),
    "type": stored("format_type(atttypid, atttypmod)"),
    "label": stored("enumlabel::text"),
    "expression": stored("pg_get_expr(adbin, adrelid)"),
}

TABLE, PARTITIONED = "r", "p"
KEY_TYPES = {"int": ("int2", "int4"), "bigint": ("int2", "int4", "int8")}


@dataclass(frozen=True)
class SourceCatalog:
    """The tables as the catalog describes them.

    ``identity`` differs if a value may have changed without its row's xmin. ``unknown_columns``
    are the columns that no contract names. ``selected`` are the expressions, by table, that read
    the columns of the contract, ``types`` their types below domains, by table and column.
    """

    identity: str
    unknown_columns: dict[str, tuple[str, ...]]
    selected: dict[str, Sql]
    types: dict[str, dict[str, str]]


@dataclass(frozen=True)
class _CatalogColumn:
    base_type: str
    type: str
    identity: str
    is_unique: bool
    is_not_null: bool


def read_source_catalog(connection: Connection, source: Source) -> SourceCatalog:
    """Read the catalog within the snapshot's transaction.

    Raises SourceMismatch unless every table has the columns of its contract, in types that convert
    without loss, and a key that identifies its rows.
    """
    parts = {
        "schema": value(source.schema),
        "tables": Sql(", ".join(value(name) for name in source.tables)),
    }
    every: dict[str, dict[str, _CatalogColumn]] = {}
    for name, column, base_type, type_, *rest in connection.run(render(COLUMNS, **parts, **NAMES)):
        described = _CatalogColumn(base_type, stored_name(connection, type_), *rest)
        every.setdefault(name, {})[stored_name(connection, column)] = described
    identities, unknown, expressions = [], dict[str, tuple[str, ...]](), dict[str, Sql]()
    for name, oids, kind, has_children, is_policed in connection.run(render(TABLES, **parts)):
        table, columns = source.tables[name], every[name]
        _check_table(source, table, kind, has_children, is_policed)
        _check_columns(source, table, columns)
        expressions[name] = _selected(source, table, columns)
        members = (f"{column}:{columns[column].identity}" for column in table.column_names)
        identities.append(f"{name}={oids} {' '.join(members)}")
        if beyond := tuple(column for column in columns if column not in table.column_names):
            unknown[name] = beyond
    types = {
        name: {column: each.base_type for column, each in columns.items()}
        for name, columns in every.items()
    }
    return SourceCatalog("; ".join(identities), unknown, expressions, types)


def _check_table(
    source: Source, table: SourceTable, kind: str, has_children: bool, is_policed: bool
) -> None:
    place = f"{source.schema}.{table.name}"
    if kind not in (TABLE, PARTITIONED) or (kind == TABLE and has_children):
        raise SourceMismatch(
            f"{place} is a view or has inheriting tables, and changes of their rows cannot be"
            " followed. To fix: name the plain or partitioned table behind it in the contract."
        )
    if is_policed:
        raise SourceMismatch(
            f"A row-level security policy may hide rows of {place} from the source's role, and a"
            " hidden row would look like a deleted one. To fix: its owner must ALTER ROLE ..."
            " BYPASSRLS, or disable row-level security on the table."
        )


def _check_columns(source: Source, table: SourceTable, columns: dict[str, _CatalogColumn]) -> None:
    place = f"{source.schema}.{table.name}"
    if missing := [column for column in table.column_names if column not in columns]:
        raise SourceMismatch(
            f"{place} does not have the column {', '.join(missing)}. To fix: if the column was"
            f" renamed, change {_contract(source, table)}."
        )
    key = columns[table.key]
    types = KEY_TYPES[table.column(table.key).type.kind]
    if key.base_type not in types or not key.is_unique or not key.is_not_null:
        raise SourceMismatch(
            f"{place}.{table.key} identifies the rows, so it must be {' or '.join(types)}, NOT"
            f" NULL, with a valid unique index of its own; it is {key.type}"
            f"{'' if key.is_unique else ', without the index'}"
            f"{'' if key.is_not_null else ', and may be NULL'}. To fix: make it the table's primary"
            f" key again, or name another key in {_contract(source, table)}."
        )


def _selected(source: Source, table: SourceTable, columns: dict[str, _CatalogColumn]) -> Sql:
    """Return the expressions that read the table's columns. Raises SourceMismatch."""
    expressions = []
    for column in table.columns:
        actual = columns[column.name]
        expression = selected(column.name, column.type, actual.base_type)
        if expression is None:
            raise SourceMismatch(
                f"{source.schema}.{table.name}.{column.name} is {actual.type} at the source, which"
                f" does not convert to the contract's type {column.type} without loss; nothing was"
                " committed. To fix: change the column back, or change the type in"
                f" {_contract(source, table)}; docs/compatibility.md lists the types that convert."
            )
        expressions.append(expression)
    return Sql(", ".join(expressions))


def _contract(source: Source, table: SourceTable) -> str:
    return f"{source.name}/contracts/source/{table.name}.toml"
