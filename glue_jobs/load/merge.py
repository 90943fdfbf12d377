"""Bring rows into the tables of the warehouse, in the transaction of the load."""

from collections import Counter
from collections.abc import Iterable, Mapping

import contracts
from contracts import UNKNOWN, Column, Dimension, Fact
from glue_jobs.load.bare import bare, without_foreign_keys
from glue_jobs.load.staging import Incoming, copy, staged
from lake import Store
from postgres import Connection, Sql, joined, names, render, value

LATEST = """(
    select distinct on ({key}) {columns} from {staging} as version
    order by {key}, batch_seq desc, change_seq desc
)"""
UPDATE_CHANGED = """
update {table} as known set ({columns}) = row({latest_columns})
from {latest} as latest
where known.{key} = latest.{key} and row({known_columns}) is distinct from row({latest_columns})
"""
INSERT_NEW = """
insert into {table} ({columns})
select {columns} from {latest} as latest
where not exists (select from {table} as known where known.{key} = latest.{key})
"""
INSERT_INFERRED = """
insert into {dimension} ({columns})
select distinct {values} from {versions} as fact
where {referring} is not null
    and not exists (select from {dimension} as known where known.{key} = fact.{referring})
"""
INSERT_VERSIONS = """
insert into {fact} ({columns})
select {columns} from {staging} order by {key}, batch_seq, change_seq
"""
LAST_RECORD = "select coalesce(max({record}), 0) from {fact}"
ADDED = "(select * from {fact} where {record} + 0 > {last})"
"""PostgreSQL estimates a third of the rows for an expression, and hardly any for a column whose
statistics are older than the rows."""

DELETE_EARLIER = """
delete from {table} as known using {versions} as later
where known.{key} = later.{key}
    and (known.batch_seq, known.change_seq) < (later.batch_seq, later.change_seq)
"""
MEMORY = """
select set_config('work_mem', '64MB', true)
where pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('64MB')
"""
"""The memory in which a large load sorts versions: those of 400,000 orders."""

INSERT_TOMBSTONES = """
insert into {fact} ({columns})
select {values} from {staging} as gone cross join lateral (
    select * from {fact} as known
    where known.{key} = gone.{key}
        and (known.batch_seq, known.change_seq) < (gone.batch_seq, gone.change_seq)
    order by known.batch_seq desc, known.change_seq desc limit 1
) as earlier
where not exists (
    select from {fact} as known
    where known.{key} = gone.{key}
        and (known.batch_seq, known.change_seq) = (gone.batch_seq, gone.change_seq)
)
order by gone.{key}, gone.batch_seq, gone.change_seq
"""

ETL = "etl"


def merge(
    connection: Connection, store: Store, schema: str, every: Iterable[Incoming]
) -> Mapping[str, int]:
    """Bring the rows, in their order, into the tables of ``schema``, and return the number of rows
    written per table. Raises what ``copy`` does."""
    written: Counter[str] = Counter()
    for rows in every:
        name = rows.table.name
        if isinstance(rows.table, Fact) and not rows.is_tombstones:
            written.update(add_versions(connection, store, schema, rows.table, rows))
            continue
        with staged(connection, store, rows) as staging:
            into = insert_tombstones if rows.is_tombstones else merge_dimension
            written[name] += into(connection, schema, rows, staging)
    return dict(written)


def add_versions(
    connection: Connection, store: Store, schema: str, fact: Fact, rows: Incoming
) -> Mapping[str, int]:
    """Add the versions of a fact, and a member for every key that they refer to and that its
    dimension does not contain; return how many rows per table. A fact that is empty or grows by
    half receives the rows without a staging table: nobody sees it before its keys are back."""
    table, latest = qualified(schema, fact.name), qualified(ETL, fact.latest)
    with bare(connection, rows.files.rows, table, latest) as are_bare:
        if are_bare:
            connection.run(MEMORY)
            added = copy_versions(connection, store, rows, fact, table)
            update_latest(connection, fact, added, latest)
            inferred = insert_inferred(connection, schema, fact.columns, added)
            return {**inferred, fact.name: rows.files.rows}
    with staged(connection, store, rows) as staging:
        inferred = insert_inferred(connection, schema, fact.columns, staging)
        with without_foreign_keys(connection, rows.files.rows, table):
            return {**inferred, fact.name: insert_versions(connection, table, fact, staging)}


def merge_dimension(connection: Connection, schema: str, rows: Incoming, staging: Sql) -> int:
    """Update or insert the latest staged row of each key, and return how many rows were written. An
    unchanged row is neither written nor locked."""
    columns = rows.table.column_names
    latest = render(LATEST, key=rows.table.key, columns=names(columns), staging=staging)
    parts = {
        "table": qualified(schema, rows.table.name),
        "key": rows.table.key,
        "columns": names(columns),
        "latest": latest,
        "latest_columns": joined("latest.{column}", columns),
        "known_columns": joined("known.{column}", columns),
    }
    updated = _write(connection, render(UPDATE_CHANGED, **parts))
    return updated + _write(connection, render(INSERT_NEW, **parts))


def insert_inferred(
    connection: Connection, schema: str, columns: Iterable[Column], versions: Sql
) -> Mapping[str, int]:
    """Insert an inferred member for every key that these columns of a table of versions refer to
    and that its dimension does not contain, and return how many per dimension. Its other columns
    are 'Unknown' or NULL until its row arrives."""
    inserted: Counter[str] = Counter()
    for referring in columns:
        dimension = contracts.warehouse().tables.get(referring.references)
        if isinstance(dimension, Dimension):  # a calendar contains all valid days
            statement = render(
                INSERT_INFERRED,
                dimension=qualified(schema, dimension.name),
                columns=names(dimension.column_names),
                values=_inferred_values(dimension, referring),
                versions=versions,
                referring=referring.name,
                key=dimension.key,
            )
            inserted[dimension.name] += _write(connection, statement)
    return +inserted  # without dimensions that got none


def insert_versions(connection: Connection, table: Sql, fact: Fact, staging: Sql) -> int:
    """Insert the staged versions in the order of their keys, and return how many."""
    statement = render(
        INSERT_VERSIONS,
        fact=table,
        columns=names(fact.column_names),
        staging=staging,
        key=fact.key,
    )
    return _write(connection, statement)


def copy_versions(
    connection: Connection, store: Store, rows: Incoming, fact: Fact, table: Sql
) -> Sql:
    """Copy the versions into their fact, and return the query of those that were added. Raises what
    ``copy`` does."""
    parts = {"fact": table, "record": fact.record}
    [[last]] = connection.run(render(LAST_RECORD, **parts))
    copy(connection, store, rows, table)
    return render(ADDED, last=last, **parts)


def update_latest(connection: Connection, fact: Fact, versions: Sql, table: Sql) -> None:
    """Replace the latest versions of a fact that are earlier than these versions, in a table
    without keys: inserted rows cost less than updated ones."""
    columns, parts = names([fact.record, *fact.column_names]), {"table": table, "key": fact.key}
    _write(connection, render(DELETE_EARLIER, versions=versions, **parts))
    latest = render(LATEST, key=fact.key, columns=columns, staging=versions)
    _write(connection, render(INSERT_NEW, latest=latest, columns=columns, **parts))


def insert_tombstones(connection: Connection, schema: str, rows: Incoming, staging: Sql) -> int:
    """Insert a deleted version, with the last known values, for every staged key that has an
    earlier version and not this one: a retry stages again the tombstones that had none before."""
    values = {"is_deleted": Sql("true")}
    values |= {c.name: render("gone.{column}", column=c.name) for c in rows.columns}
    columns = rows.table.column_names
    earlier = {name: render("earlier.{column}", column=name) for name in columns}
    statement = render(
        INSERT_TOMBSTONES,
        fact=qualified(schema, rows.table.name),
        columns=names(columns),
        values=Sql(", ".join({**earlier, **values}[name] for name in columns)),
        staging=staging,
        key=rows.table.key,
    )
    return _write(connection, statement)


def qualified(schema: str, table: str) -> Sql:
    """Return the name of a table with its schema."""
    return render("{schema}.{table}", schema=schema, table=table)


def _inferred_values(dimension: Dimension, referring: Column) -> Sql:
    values = []
    for column in dimension.columns:
        if column.name == dimension.key:
            values.append(render("fact.{key}", key=referring.name))
        else:
            unknown = value(None if column.nullable else UNKNOWN)
            cast = render("cast({value} as {type})", value=unknown, type=Sql(str(column.type)))
            values.append(cast)  # in DISTINCT a bare NULL has the type text
    return Sql(", ".join(values))


def _write(connection: Connection, statement: Sql) -> int:
    """Run the statement, and return how many rows it wrote."""
    connection.run(statement)
    return int(connection.row_count)
