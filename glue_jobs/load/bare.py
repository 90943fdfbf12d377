"""Tables without the keys, indexes and triggers that cost time for each row of a large load."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pg8000.exceptions import DatabaseError

from postgres import LOCK_NOT_AVAILABLE, Connection, Sql, local_lock_timeout, render, sqlstate

GROWS_MUCH = """
select pg_has_role(relowner, 'USAGE') and case
    when reltuples > 0 then reltuples <= {times} * {rows}
    else not exists (select from {table} offset {times} * {rows})
end
from pg_class where oid = cast(:table as regclass)
"""
"""Whether a table has at most so many times as many rows, as far as PostgreSQL has counted them,
and the role of the session may change it. PostgreSQL has not counted those of a restored table or
of an upgraded server."""

HAS_ADDITIONS = """
select exists (
    select from pg_index join pg_class as index on index.oid = indexrelid
    where indrelid = cast(:table as regclass) and (
        indisclustered or indisreplident or not indisvalid
        or reltablespace <> 0 or reloptions is not null
        or obj_description(indexrelid, 'pg_class') is not null
        or exists (select from pg_attribute where attrelid = indexrelid and attstattarget >= 0)
    )
) or exists (
    select from pg_constraint where conrelid = cast(:table as regclass)
    and obj_description(oid, 'pg_constraint') is not null
) or exists (
    select from pg_publication_tables
    join pg_namespace on nspname = schemaname
    join pg_class on relnamespace = pg_namespace.oid and relname = tablename
    where pg_class.oid = cast(:table as regclass)
)
"""
"""Whether keys or indexes were given what their definitions do not tell, or the table is published:
PostgreSQL deletes no row of a published table without a key."""

PARTS = """
select
    format('alter table %s drop constraint %I', cast(conrelid as regclass), conname),
    format(
        'alter table %s add constraint %I %s',
        cast(conrelid as regclass), conname, pg_get_constraintdef(oid)
    ),
    case contype when 'f' then 3 else 1 end as place
from pg_constraint where conrelid = cast(:table as regclass) and contype in ('p', 'u', 'f')
union all
select format('drop index %s', cast(indexrelid as regclass)), pg_get_indexdef(indexrelid), 2
from pg_index where indrelid = cast(:table as regclass) and indexrelid not in (
    select conindid from pg_constraint where conrelid = indrelid and contype in ('p', 'u', 'x')
)
union all
select
    format('alter table %s disable trigger %I', cast(tgrelid as regclass), tgname),
    format('alter table %s enable always trigger %I', cast(tgrelid as regclass), tgname),
    4
from pg_trigger where tgrelid = cast(:table as regclass) and tgname = 'latest_added'
order by place, 1
"""
"""What to drop, and how to add it again, in this order: unique keys, indexes, foreign keys, and the
trigger that maintains the latest versions."""

FOREIGN_KEY = 3

MANY_ROWS = 5_000
"""Rows of a load from which a check of each takes longer than to drop and add the parts."""

BARE_TIMES, UNREFERRING_TIMES = 2, 10
"""A load drops the parts of tables that have at most so many times as many rows as it adds, and
only the foreign keys of larger ones."""

TOLERATED = (LOCK_NOT_AVAILABLE, "40P01", "2BP01")  # deadlock detected, dependent objects exist
LOCK_TIMEOUT = "2s"
"""The wait for readers of the tables and of those that they refer to. New readers wait behind it,
so one that forgot to end its transaction must not block them all. Keys that stay only cost time."""


@contextmanager
def bare(connection: Connection, rows: int, *tables: Sql) -> Iterator[bool]:
    """Drop the parts of tables that get so many rows in the block, add them again at its end, and
    yield whether they were dropped: adding them for all rows at once takes a fifth of the time. All
    stay if the rows are few, or if a table has many more, is owned by another role, has additions
    or is being read. No other transaction sees the tables without them: readers wait until it ends.
    """
    is_worth = all(_grows_much(connection, each, rows, BARE_TIMES) for each in tables)
    parts = (part for each in tables for part in connection.run(PARTS, table=each))
    with _without(connection, list(parts) if is_worth else []) as is_bare:
        yield is_bare


@contextmanager
def without_foreign_keys(connection: Connection, rows: int, table: Sql) -> Iterator[None]:
    """Do the same with the foreign keys of a table that has rows, if it gets at least a tenth as
    many: a check for each new row takes 60 times as long as one for each row of all. Readers of the
    table and of those that it refers to wait until the transaction ends."""
    is_worth = _grows_much(connection, table, rows, UNREFERRING_TIMES)
    parts = connection.run(PARTS, table=table) if is_worth else []
    with _without(connection, [part for part in parts if part[-1] == FOREIGN_KEY]):
        yield


def _grows_much(connection: Connection, table: Sql, rows: int, times: int) -> bool:
    if rows < MANY_ROWS:
        return False
    statement = render(GROWS_MUCH, rows=rows, times=times, table=table)
    [[grows_much]] = connection.run(statement, table=table)
    if not grows_much:
        return False
    [[has_additions]] = connection.run(HAS_ADDITIONS, table=table)
    return not has_additions


@contextmanager
def _without(connection: Connection, parts: Sequence[Sequence[str]]) -> Iterator[bool]:
    is_without = bool(parts) and _drop(connection, [drop for drop, *_ in reversed(parts)])
    yield is_without
    for _, add, _ in parts if is_without else ():
        connection.run(add)


def _drop(connection: Connection, statements: Sequence[str]) -> bool:
    """Drop the parts, and return whether they are dropped; all stay if one of them cannot be."""
    connection.run("savepoint parts")
    try:
        with local_lock_timeout(connection, LOCK_TIMEOUT):
            for statement in statements:
                connection.run(statement)
    except DatabaseError as refusal:
        connection.run("rollback to savepoint parts")  # also resets the timeout
        if sqlstate(refusal) not in TOLERATED:
            raise
        return False
    connection.run("release savepoint parts")
    return True
