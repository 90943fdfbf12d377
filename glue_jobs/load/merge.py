"""Merge staged rows into the tables of the warehouse, in the transaction of the load."""

from collections import Counter
from collections.abc import Iterable, Mapping

import contracts
from contracts import UNKNOWN, Column, Dimension, Fact
from glue_jobs.load.foreign_keys import foreign_keys_added_last
from glue_jobs.load.staging import StagingTable
from postgres import Connection, Sql, joined, names, render, value

LATEST = """(
    select distinct on ({key}) {columns} from {staging}
    order by {key}, batch_seq desc, change_seq desc
)"""
UPDATE_CHANGED = """
update {dimension} as known set ({columns}) = row({latest_columns})
from {latest} as latest
where known.{key} = latest.{key} and row({known_columns}) is distinct from row({latest_columns})
"""
INSERT_NEW = """
insert into {dimension} ({columns})
select {columns} from {latest} as latest
where not exists (select from {dimension} as known where known.{key} = latest.{key})
"""
INSERT_INFERRED = """
insert into {dimension} ({columns})
select distinct {values} from {staging} as fact
where {referring} is not null
    and not exists (select from {dimension} as known where known.{key} = fact.{referring})
"""
INSERT_VERSIONS = """
insert into {fact} ({columns})
select {values} from {staging} order by {key}, batch_seq, change_seq
"""
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


def merge(connection: Connection, schema: str, tables: Iterable[StagingTable]) -> Mapping[str, int]:
    """Merge the staging tables, in their order, into the tables of ``schema``, and return the
    number of rows written per table."""
    rows: Counter[str] = Counter()
    for staged in tables:
        name = staged.table.name
        if staged.is_tombstones:
            rows[name] += insert_tombstones(connection, schema, staged)
        elif isinstance(staged.table, Fact):
            rows.update(insert_inferred(connection, schema, staged))
            rows[name] += insert_versions(connection, schema, staged.table, staged)
        else:
            rows[name] += merge_dimension(connection, schema, staged)
    return dict(rows)


def merge_dimension(connection: Connection, schema: str, staged: StagingTable) -> int:
    """Update or insert the latest staged row of each key, and return how many rows were written. An
    unchanged row is neither written nor locked."""
    columns = staged.table.column_names
    latest = render(LATEST, key=staged.table.key, columns=names(columns), staging=staged.name)
    parts = {
        "dimension": qualified(schema, staged.table.name),
        "key": staged.table.key,
        "columns": names(columns),
        "latest": latest,
        "latest_columns": joined("latest.{column}", columns),
        "known_columns": joined("known.{column}", columns),
    }
    updated = _write(connection, render(UPDATE_CHANGED, **parts))
    return updated + _write(connection, render(INSERT_NEW, **parts))


def insert_inferred(connection: Connection, schema: str, staged: StagingTable) -> Mapping[str, int]:
    """Insert an inferred member for every key that staged facts refer to and that its dimension
    does not contain, and return how many per dimension. Its other columns are 'Unknown' or NULL
    until its row arrives."""
    inserted: Counter[str] = Counter()
    for referring in staged.table.columns:
        dimension = contracts.warehouse().tables.get(referring.references)
        if isinstance(dimension, Dimension):  # a calendar contains all valid days
            statement = render(
                INSERT_INFERRED,
                dimension=qualified(schema, dimension.name),
                columns=names(dimension.column_names),
                values=_inferred_values(dimension, referring),
                staging=staged.name,
                referring=referring.name,
                key=dimension.key,
            )
            inserted[dimension.name] += _write(connection, statement)
    return +inserted  # without dimensions that got none


def insert_versions(connection: Connection, schema: str, fact: Fact, staged: StagingTable) -> int:
    """Insert the staged versions, so that record numbers follow the versions of each key."""
    statement = render(
        INSERT_VERSIONS,
        fact=qualified(schema, fact.name),
        columns=names(fact.column_names),
        values=Sql(", ".join(_staged_value(column) for column in fact.columns)),
        staging=staged.name,
        key=fact.key,
    )
    with foreign_keys_added_last(connection, qualified(schema, fact.name)):
        return _write(connection, statement)


def insert_tombstones(connection: Connection, schema: str, staged: StagingTable) -> int:
    """Insert a deleted version, with the last known values, for every staged key that has an
    earlier version and not this one: a retry stages again the tombstones that had none before."""
    values = {"is_deleted": Sql("true")}
    values |= {c.name: render("gone.{column}", column=c.name) for c in staged.columns}
    columns = staged.table.column_names
    earlier = {name: render("earlier.{column}", column=name) for name in columns}
    statement = render(
        INSERT_TOMBSTONES,
        fact=qualified(schema, staged.table.name),
        columns=names(columns),
        values=Sql(", ".join({**earlier, **values}[name] for name in columns)),
        staging=staged.name,
        key=staged.table.key,
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


def _staged_value(column: Column) -> Sql:
    template = "cast({name} as time)" if column.type.kind == "time" else "{name}"
    return render(template, name=column.name)


def _write(connection: Connection, statement: Sql) -> int:
    """Run the statement, and return how many rows it wrote."""
    connection.run(statement)
    return int(connection.row_count)
