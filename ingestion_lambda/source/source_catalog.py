"""The tables in the source's catalog: whether they match the contracts, and their identity.

DDL changes values without touching a row's xmin (a renamed column, a default, a renamed enum
label, an exchanged partition), so everything that can do so is part of the source's identity.
"""

from dataclasses import dataclass

from pg8000.native import Connection

from contracts import Source, SourceTable
from ingestion_lambda.errors import SourceMismatch
from postgres import Sql, render, value

# A table's own oid comes first, then the oids of its partitions.
TABLES = """
WITH RECURSIVE family (name, depth, oid, kind) AS (
    SELECT relname, 0, oid, relkind FROM pg_class
    WHERE relnamespace = {schema}::regnamespace AND relname IN ({tables})
    UNION ALL
    SELECT name, depth + 1, c.oid, c.relkind
    FROM family JOIN pg_inherits ON inhparent = family.oid JOIN pg_class c ON c.oid = inhrelid
)
SELECT name::text, string_agg(oid::text, ',' ORDER BY depth, oid),
       (array_agg(kind ORDER BY depth))[1]::text, count(*) > 1
FROM family GROUP BY name ORDER BY name
"""

# The last two values: the identity of the column, and whether it alone is a unique key.
COLUMNS = """
SELECT relname::text, attname::text, typname::text,
       concat_ws(':', attnum, atttypid::bigint, (
           SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder)
           FROM pg_enum WHERE enumtypid = atttypid)),
       EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisunique AND indisvalid
               AND indpred IS NULL AND indkey::text = attnum::text)
FROM pg_class c
JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
JOIN pg_type t ON t.oid = atttypid
WHERE relnamespace = {schema}::regnamespace AND relname IN ({tables})
ORDER BY relname, attnum
"""

TABLE, PARTITIONED = "r", "p"
KEY_TYPES = ("int2", "int4")


@dataclass(frozen=True)
class SourceCatalog:
    """The tables as the catalog describes them.

    ``identity`` differs if a value may have changed without its row's xmin. ``unknown_columns``
    are the columns that no contract names.
    """

    identity: str
    unknown_columns: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class _CatalogColumn:
    type: str
    identity: str
    is_unique: bool


def read_source_catalog(connection: Connection, source: Source) -> SourceCatalog:
    """Read the catalog within the snapshot's transaction.

    Raises SourceMismatch unless every table has the columns of its contract and a key that
    identifies its rows.
    """
    parts = {
        "schema": value(source.schema),
        "tables": Sql(", ".join(value(name) for name in source.tables)),
    }
    every: dict[str, dict[str, _CatalogColumn]] = {}
    for name, column, *rest in connection.run(render(COLUMNS, **parts)):
        every.setdefault(name, {})[column] = _CatalogColumn(*rest)
    identities, unknown = [], {}
    for name, oids, kind, has_children in connection.run(render(TABLES, **parts)):
        table, columns = source.tables[name], every[name]
        _check(source, table, kind, has_children, columns)
        members = (f"{column}:{columns[column].identity}" for column in table.column_names)
        identities.append(f"{name}={oids} {' '.join(members)}")
        if beyond := tuple(column for column in columns if column not in table.column_names):
            unknown[name] = beyond
    return SourceCatalog("; ".join(identities), unknown)


def _check(
    source: Source,
    table: SourceTable,
    kind: str,
    has_children: bool,
    columns: dict[str, _CatalogColumn],
) -> None:
    place = f"{source.schema}.{table.name}"
    if kind not in (TABLE, PARTITIONED) or (kind == TABLE and has_children):
        raise SourceMismatch(
            f"{place} is a view or has inheriting tables, and changes of their rows cannot be"
            " followed. To fix: name the plain or partitioned table behind it in the contract."
        )
    if missing := [column for column in table.column_names if column not in columns]:
        raise SourceMismatch(
            f"{place} does not have the column {', '.join(missing)}. To fix: if the column was"
            f" renamed, change {source.name}/contracts/source/{table.name}.toml."
        )
    key = columns[table.key]
    if key.type not in KEY_TYPES or not key.is_unique:
        raise SourceMismatch(
            f"{place}.{table.key} must be an integer with a unique index of its own, because it"
            f" identifies the rows; it is {key.type}"
            f"{'' if key.is_unique else ' without a unique index'}."
        )
