"""Foreign keys of a fact during its first load."""

from collections.abc import Iterator
from contextlib import contextmanager

from pg8000.native import Connection

from postgres import Sql, render

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


@contextmanager
def checked_at_the_end(connection: Connection, fact: Sql) -> Iterator[None]:
    """Let a block fill an empty table, and check its foreign keys once at the end: row by row
    takes nine times as long. Where the table has rows or is not ours, rows are checked as ever.
    Within a transaction the keys are never seen to be missing."""
    [[unchecked]] = connection.run(render(IS_EMPTY_AND_OURS, fact=fact), fact=fact)
    keys = connection.run(FOREIGN_KEYS, fact=fact) if unchecked else []
    for name, _ in keys:
        connection.run(render(DROP, fact=fact, name=name))
    yield
    for name, definition in keys:
        connection.run(render(ADD, fact=fact, name=name, definition=Sql(definition)))
