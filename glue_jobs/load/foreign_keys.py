"""Foreign keys of a fact during its first load."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from postgres import Sql, render, sqlstate, value

LOCK_NOT_AVAILABLE = "55P03"

IS_EMPTY_AND_OURS = """
select not exists (select from {fact}) and pg_has_role(relowner, 'USAGE')
from pg_class where oid = cast(:fact as regclass)
"""
FOREIGN_KEYS = """
select conname, pg_get_constraintdef(oid) from pg_constraint
where conrelid = cast(:fact as regclass) and contype = 'f' order by conname
"""
DROP = "alter table {fact} drop constraint {name}"
ADD = "alter table {fact} add constraint {name} {definition}"


PATIENCE = "2s"
"""Dropping a key waits for readers of fact and dimensions, and new readers wait behind it: one that
forgot to end its transaction must not hold them all up. Keys that stay only cost time."""


@contextmanager
def checked_at_the_end(connection: Connection, fact: Sql) -> Iterator[None]:
    """Let a block fill an empty table, and check its foreign keys once at the end: row by row
    takes nine times as long. Where the table has rows, is not ours or is being read, rows are
    checked as ever. Within a transaction the keys are never seen to be missing."""
    [[unchecked]] = connection.run(render(IS_EMPTY_AND_OURS, fact=fact), fact=fact)
    keys = connection.run(FOREIGN_KEYS, fact=fact) if unchecked else []
    dropped = keys if _drop(connection, fact, [name for name, _ in keys]) else []
    yield
    for name, definition in dropped:
        connection.run(render(ADD, fact=fact, name=name, definition=Sql(definition)))


def _drop(connection: Connection, fact: Sql, names: Sequence[str]) -> bool:
    """Whether the keys are gone; where somebody's lock is in the way, all of them stay."""
    connection.run("savepoint keys")
    connection.run(render("set local lock_timeout = {patience}", patience=value(PATIENCE)))
    try:
        for name in names:
            connection.run(render(DROP, fact=fact, name=name))
    except DatabaseError as refusal:
        connection.run("rollback to savepoint keys")
        if sqlstate(refusal) != LOCK_NOT_AVAILABLE:
            raise
        return False
    connection.run("set local lock_timeout to default; release savepoint keys")
    return True
