"""The publication: which tables PostgreSQL shows in its log, and what is missing there.

Each problem is one line with the statement that solves it; the owner of the source runs it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts import Source, SourceTable
from postgres import Connection, Sql, names, render, value

SETTINGS = """
SELECT current_setting('wal_level'), current_setting('max_slot_wal_keep_size')
"""
UNLIMITED = "-1"

OPERATIONS = ("insert", "update", "delete", "truncate")
PUBLICATION = """
SELECT oid::bigint, pubinsert AND pubupdate AND pubdelete AND pubtruncate
FROM pg_publication WHERE pubname = {publication}
"""

# One row for each table, or for each of its partitions, which hold the rows. PostgreSQL 13 and 14
# publish neither single columns nor filtered rows, and their view has no such columns.
MEMBERS = """
WITH RECURSIVE family (root, depth, oid, kind) AS (
    SELECT relname, 0, oid, relkind FROM pg_class
    WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = {schema})
          AND relname IN ({tables})
    UNION ALL
    SELECT root, depth + 1, c.oid, c.relkind
    FROM family JOIN pg_inherits ON inhparent = family.oid JOIN pg_class c ON c.oid = inhrelid
)
SELECT root::text, depth > 0, family.oid::bigint, kind::text, relreplident::text, ARRAY(
           SELECT attname::text FROM pg_index
           JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey::int2[])
           WHERE indrelid = family.oid
                 AND CASE relreplident
                     WHEN 'd' THEN indisprimary AND indimmediate ELSE indisreplident END),
       published IS NOT NULL, published -> 'attnames', published ->> 'rowfilter', ARRAY(
           SELECT attname::text FROM pg_attribute
           WHERE attrelid = family.oid AND NOT attisdropped AND attgenerated <> '')
FROM family JOIN pg_class c ON c.oid = family.oid
LEFT JOIN LATERAL (
    SELECT to_jsonb(t) AS published FROM pg_publication_tables t
    WHERE pubname = {publication} AND (
        (schemaname = {schema} AND tablename = root)
        OR (tablename = relname
            AND schemaname = (SELECT nspname FROM pg_namespace WHERE oid = relnamespace)))
    LIMIT 1
) p ON true
"""

PARTITIONED = "p"
FULL, NOTHING = "f", "n"


@dataclass(frozen=True)
class Problem:
    """A right or a setting that is missing: the reason in a few words, and the remedy."""

    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.reason}. To fix: {self.remedy}"


@dataclass(frozen=True)
class Member:
    """A table or a partition, as the publication shows it.

    ``identity`` is the setting of its replica identity, ``identity_columns`` are those of the
    index that it names. ``columns`` are the published ones, None for all. ``generated`` columns
    are only published if a publication says so.
    """

    identity: str
    identity_columns: Sequence[str]
    is_published: bool
    columns: Sequence[str] | None = None
    filter: str | None = None
    generated: Sequence[str] = ()


@dataclass(frozen=True)
class Publication:
    """The publication as it is now.

    ``oid`` differs after it was dropped and created again. ``tables`` maps the oid of every table
    and partition that can be captured to the table, ``problems`` the others to their first
    problem. ``partitions`` are the oids of partitions.
    """

    oid: int
    tables: Mapping[int, str]
    problems: Mapping[str, Problem]
    partitions: frozenset[int]

    @property
    def captured(self) -> tuple[str, ...]:
        """The names of the tables that can be captured."""
        return tuple(sorted(set(self.tables.values())))


def server_problem(connection: Connection, is_unlimited_accepted: bool) -> Problem | None:
    """Return the setting of the server that rules out reading its log."""
    [[wal_level, keep_size]] = connection.run(SETTINGS)
    if wal_level != "logical":
        return Problem(
            f"wal_level is {wal_level}",
            "ALTER SYSTEM SET wal_level = 'logical'; then restart the server.",
        )
    if keep_size == UNLIMITED and not is_unlimited_accepted:
        return Problem(
            "max_slot_wal_keep_size is unlimited, so a slot that no poll reads could fill the disk",
            "ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'; SELECT pg_reload_conf();",
        )
    return None


def read_publication(connection: Connection, source: Source, name: str) -> "Publication | Problem":
    """Return the publication, or why no table can be captured."""
    found = connection.run(render(PUBLICATION, publication=value(name)))
    if not found:
        tables = ", ".join(place(source, table) for table in source.tables)
        return Problem(
            f"the publication {name} does not exist",
            render("CREATE PUBLICATION {name} FOR TABLE {tables};", name=name, tables=Sql(tables)),
        )
    [[oid, is_complete]] = found
    if not is_complete:
        return Problem(
            f"the publication {name} leaves out operations",
            render(
                "ALTER PUBLICATION {name} SET (publish = {operations});",
                name=name,
                operations=value(", ".join(OPERATIONS)),
            ),
        )
    return _checked(connection, source, name, oid)


def _checked(connection: Connection, source: Source, name: str, oid: int) -> Publication:
    parts = {
        "schema": value(source.schema),
        "tables": Sql(", ".join(value(table) for table in source.tables)),
        "publication": value(name),
    }
    oids, problems, partitions = dict[int, str](), dict[str, Problem](), set[int]()
    for root, is_partition, member, kind, *rest in connection.run(render(MEMBERS, **parts)):
        oids[member] = root
        partitions |= {member} if is_partition else set()
        problem = member_problem(source, source.tables[root], Member(*rest), name)
        if kind != PARTITIONED and problem:
            problems.setdefault(root, problem)
    captured = {oid: table for oid, table in oids.items() if table not in problems}
    return Publication(oid, captured, problems, frozenset(partitions))


def member_problem(
    source: Source, table: SourceTable, member: Member, publication: str
) -> Problem | None:
    """Return why the rows of a table or partition cannot be captured."""
    return next(_problems(source, table, member, publication), None)


def _problems(
    source: Source, table: SourceTable, member: Member, publication: str
) -> Iterator[Problem]:
    named: dict[str, Any] = {"publication": publication, "table": place(source, table.name)}
    add = render("ALTER PUBLICATION {publication} ADD TABLE {table};", **named)
    again = render("ALTER PUBLICATION {publication} DROP TABLE {table}; ", **named) + add
    if not member.is_published:
        yield Problem(f"{table.name} is not published", add)
        return
    if member.filter:
        yield Problem(f"{table.name} is published with a filter", again)
    published = member.columns
    if published is not None:
        if missing := [c for c in table.column_names if c not in published]:
            yield Problem(f"{table.name} is published without {', '.join(missing)}", again)
    elif generated := [c for c in table.column_names if c in member.generated]:
        yield Problem(
            f"{table.name} has the generated column {', '.join(generated)}, which is not logged",
            "nothing; this table is read by difference.",
        )
    is_ours = tuple(member.identity_columns) == (table.key,)
    if member.identity != FULL and (member.identity == NOTHING or not is_ours):
        yield Problem(
            f"{table.name} has a replica identity without its key {table.key}",
            render("ALTER TABLE {table} REPLICA IDENTITY FULL;", **named),
        )


def place(source: Source, table: str) -> Sql:
    """Return the quoted name of a table with its schema."""
    return Sql(f"{names([source.schema])}.{names([table])}")
