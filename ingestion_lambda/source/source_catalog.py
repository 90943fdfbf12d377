"""What the source's catalog says of its tables: are they what the contracts say, and the same as
before? DDL changes values without touching a row's xmin (a renamed column, a default, a renamed
enum label, an exchanged partition), so whatever could do that is part of the source's identity."""

from dataclasses import dataclass

from pg8000.native import Connection

from contracts import Source, SourceTable
from ingestion_lambda.errors import SourceMismatch
from postgres import Sql, render, value

# A table's own oid comes first, then those of its partitions.
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

# The last two: what a value of the column is, and whether the column alone is a unique key.
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
    """The tables as the catalog has them. ``identity`` differs where a value may have changed
    behind its row's back; ``unknown_columns`` are those that no contract names."""

    identity: str
    unknown_columns: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class _Found:
    type: str
    meaning: str
    is_key: bool


def read_source_catalog(connection: Connection, source: Source) -> SourceCatalog:
    """Read the catalog within the poll's transaction.

    Raises SourceMismatch where a poll could not tell the rows of a table apart or read what its
    contract names.
    """
    parts = {
        "schema": value(source.schema),
        "tables": Sql(", ".join(value(name) for name in source.tables)),
    }
    found: dict[str, dict[str, _Found]] = {}
    for name, column, *rest in connection.run(render(COLUMNS, **parts)):
        found.setdefault(name, {})[column] = _Found(*rest)
    spelled, unknown = [], {}
    for name, oids, kind, has_children in connection.run(render(TABLES, **parts)):
        table, columns = source.tables[name], found[name]
        _check(source, table, kind, has_children, columns)
        meanings = (f"{column}:{columns[column].meaning}" for column in table.column_names)
        spelled.append(f"{name}={oids} {' '.join(meanings)}")
        if beyond := tuple(column for column in columns if column not in table.column_names):
            unknown[name] = beyond
    return SourceCatalog("; ".join(spelled), unknown)


def _check(
    source: Source, table: SourceTable, kind: str, has_children: bool, columns: dict[str, _Found]
) -> None:
    place = f"{source.schema}.{table.name}"
    if kind not in (TABLE, PARTITIONED) or (kind == TABLE and has_children):
        raise SourceMismatch(
            f"{place} is no plain or partitioned table, and the rows of views and inheriting tables"
            " cannot be followed. Name the table behind it in the contract."
        )
    if lacking := [column for column in table.column_names if column not in columns]:
        raise SourceMismatch(
            f"{place} lacks the column {', '.join(lacking)} that"
            f" {source.name}/contracts/source/{table.name}.toml names. Was it renamed? Mend the contract."
        )
    key = columns[table.key]
    if key.type not in KEY_TYPES or not key.is_key:
        raise SourceMismatch(
            f"{place}.{table.key} must be an integer with a unique index of its own, for rows are"
            f" told apart by it; it is {key.type}{'' if key.is_key else ' without one'}."
        )
