"""Bring staged rows into the warehouse's tables, within the load's transaction."""

from collections import Counter
from collections.abc import Iterable, Mapping

from pg8000.native import Connection

import contracts
from contracts import UNKNOWN, Column, Dimension, Fact
from glue_jobs.load.foreign_keys import checked_at_the_end
from glue_jobs.load.staging import Staged, Tombstones
from postgres import Sql, joined, names, render, value

LATEST = """(
    select distinct on ({key}) {columns} from {staging} order by {key}, batch_seq desc
)"""
UPDATE_DIFFERENT = """
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
insert into {fact} ({columns}) select {values} from {staging} order by {key}, batch_seq
"""
INSERT_TOMBSTONES = """
insert into {fact} ({columns})
select {values} from {staging} as gone cross join lateral (
    select * from {fact} as known
    where known.{key} = gone.{key} and known.batch_seq < gone.batch_seq
    order by known.batch_seq desc limit 1
) as earlier
where not exists (
    select from {fact} as known where known.{key} = gone.{key} and known.batch_seq = gone.batch_seq
)
order by gone.{key}, gone.batch_seq
"""


def merge(connection: Connection, schema: str, staged: Iterable[Staged]) -> Mapping[str, int]:
    """Bring everything staged, dimensions before facts and these before their tombstones, into
    the tables of ``schema``, and return how many rows of each table were written."""
    rows: Counter[str] = Counter()
    for item in staged:
        if isinstance(item, Tombstones):
            rows[item.table.name] += insert_tombstones(connection, schema, item)
        elif isinstance(item.table, Fact):
            rows.update(add_inferred(connection, schema, item))
            rows[item.table.name] += insert_versions(connection, schema, item.table, item)
        else:
            rows[item.table.name] += merge_dimension(connection, schema, item)
    return dict(rows)


def merge_dimension(connection: Connection, schema: str, staged: Staged) -> int:
    """Make every staged key's row what its latest batch says, and return how many rows that
    changed. A row that says so already is not written, and not even locked."""
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
    return _changed(connection, render(UPDATE_DIFFERENT, **parts)) + _changed(
        connection, render(INSERT_NEW, **parts)
    )


def add_inferred(connection: Connection, schema: str, staged: Staged) -> Mapping[str, int]:
    """Add a member to each dimension for every key that staged facts refer to and it lacks, and
    return how many. What is not known of it is 'Unknown', or NULL, until its row arrives."""
    added: Counter[str] = Counter()
    for referring in staged.table.columns:
        dimension = contracts.warehouse().tables.get(referring.references)
        if isinstance(dimension, Dimension):  # a day that the calendar lacks is no day
            statement = render(
                INSERT_INFERRED,
                dimension=qualified(schema, dimension.name),
                columns=names(dimension.column_names),
                values=_inferred(dimension, referring),
                staging=staged.name,
                referring=referring.name,
                key=dimension.key,
            )
            added[dimension.name] += _changed(connection, statement)
    return +added  # without those that lacked none


def insert_versions(connection: Connection, schema: str, fact: Fact, staged: Staged) -> int:
    """Append the staged versions, so that record numbers follow the versions of each key."""
    statement = render(
        INSERT_VERSIONS,
        fact=qualified(schema, fact.name),
        columns=names(fact.column_names),
        values=Sql(", ".join(_staged_value(column) for column in fact.columns)),
        staging=staged.name,
        key=fact.key,
    )
    with checked_at_the_end(connection, qualified(schema, fact.name)):
        return _changed(connection, statement)


def insert_tombstones(connection: Connection, schema: str, staged: Tombstones) -> int:
    """Append a deleted version, with the last known values, to every staged key that has an
    earlier version, once: a retry stages again what found none in its day."""
    values = {"is_deleted": Sql("true")}
    values |= {c.name: render("gone.{column}", column=c.name) for c in staged.columns}
    earlier = (render("earlier.{column}", column=name) for name in staged.table.column_names)
    statement = render(
        INSERT_TOMBSTONES,
        fact=qualified(schema, staged.table.name),
        columns=names(staged.table.column_names),
        values=Sql(
            ", ".join(
                values.get(name, known)
                for name, known in zip(staged.table.column_names, earlier, strict=True)
            )
        ),
        staging=staged.name,
        key=staged.table.key,
    )
    return _changed(connection, statement)


def qualified(schema: str, table: str) -> Sql:
    """A table's name, with its schema."""
    return render("{schema}.{table}", schema=schema, table=table)


def _inferred(dimension: Dimension, referring: Column) -> Sql:
    values = []
    for column in dimension.columns:
        if column.name == dimension.key:
            values.append(render("fact.{key}", key=referring.name))
        else:
            unknown = value(None if column.nullable else UNKNOWN)
            cast = render("cast({value} as {type})", value=unknown, type=Sql(str(column.type)))
            values.append(cast)  # DISTINCT would take a bare NULL for text
    return Sql(", ".join(values))


def _staged_value(column: Column) -> Sql:
    template = "cast({name} as time)" if column.type.kind == "time" else "{name}"
    return render(template, name=column.name)


def _changed(connection: Connection, statement: Sql) -> int:
    connection.run(statement)
    return int(connection.row_count)
