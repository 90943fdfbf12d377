"""The foreign keys of a fact during its first load."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pg8000.exceptions import DatabaseError

from postgres import LOCK_NOT_AVAILABLE, Connection, Sql, local_lock_timeout, render, sqlstate

IS_EMPTY_AND_OWNED = """
select not exists (select from {fact}) and pg_has_role(relowner, 'USAGE')
from pg_class where oid = cast(:fact as regclass)
"""
FOREIGN_KEYS = """
select conname, pg_get_constraintdef(oid) from pg_constraint
where conrelid = cast(:fact as regclass) and contype = 'f' order by conname
"""
DROP = "alter table {fact} drop constraint {name}"
ADD = "alter table {fact} add constraint {name} {definition}"


DEADLOCK_DETECTED = "40P01"
LOCK_TIMEOUT = "2s"
"""The wait for readers of the fact and its dimensions. New readers wait behind it, so one that
forgot to end its transaction must not block them all. Keys that stay only cost time."""


@contextmanager
def foreign_keys_added_last(connection: Connection, fact: Sql) -> Iterator[None]:
    """Drop the foreign keys of an empty fact for the block, and add them again at its end: a check
    per row takes nine times as long. The keys stay if the fact has rows, is owned by another role
    or is being read. No other transaction sees the fact without its keys."""
    [[is_droppable]] = connection.run(render(IS_EMPTY_AND_OWNED, fact=fact), fact=fact)
    keys = connection.run(FOREIGN_KEYS, fact=fact) if is_droppable else []
    dropped = keys if _drop(connection, fact, [name for name, _ in keys]) else []
    yield
    for name, definition in dropped:
        connection.run(render(ADD, fact=fact, name=name, definition=Sql(definition)))


def _drop(connection: Connection, fact: Sql, names: Sequence[str]) -> bool:
    """Drop the keys, and return whether they are dropped; all stay if a lock is not available."""
    connection.run("savepoint keys")
    try:
        with local_lock_timeout(connection, LOCK_TIMEOUT):
            for name in names:
                connection.run(render(DROP, fact=fact, name=name))
    except DatabaseError as refusal:
        connection.run("rollback to savepoint keys")  # also resets the timeout
        if sqlstate(refusal) not in (LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED):
            raise
        return False
    connection.run("release savepoint keys")
    return True
