"""Empty tables without the keys, indexes and triggers that cost time for each row of a load."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pg8000.exceptions import DatabaseError

from postgres import LOCK_NOT_AVAILABLE, Connection, Sql, local_lock_timeout, render, sqlstate

IS_EMPTY_AND_OWNED = """
select not exists (select from {table}) and pg_has_role(relowner, 'USAGE')
from pg_class where oid = cast(:table as regclass)
"""
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

TOLERATED = (LOCK_NOT_AVAILABLE, "40P01", "2BP01")  # deadlock detected, dependent objects exist
LOCK_TIMEOUT = "2s"
"""The wait for readers of the tables and of those that they refer to. New readers wait behind it,
so one that forgot to end its transaction must not block them all. Keys that stay only cost time."""


@contextmanager
def bare(connection: Connection, *tables: Sql) -> Iterator[bool]:
    """Drop the parts of empty tables for the block, add them again at its end, and yield whether
    they were dropped: adding them for all rows at once takes a fifth of the time. All stay if one
    of the tables has rows, is owned by another role or is being read. No other transaction sees the
    tables without them."""
    parts = list(_parts(connection, tables)) if _are_droppable(connection, tables) else []
    is_bare = bool(parts) and _drop(connection, [drop for drop, _ in reversed(parts)])
    yield is_bare
    if is_bare:
        for _, add in parts:
            connection.run(add)


def _are_droppable(connection: Connection, tables: Sequence[Sql]) -> bool:
    found = (connection.run(render(IS_EMPTY_AND_OWNED, table=t), table=t) for t in tables)
    return all(is_droppable for [[is_droppable]] in found)


def _parts(connection: Connection, tables: Sequence[Sql]) -> Iterator[tuple[str, str]]:
    for table in tables:
        for drop, add, _ in connection.run(PARTS, table=table):
            yield drop, add


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
