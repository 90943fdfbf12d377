"""One instant of the source: its transaction, its snapshot, and which source it is."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from contracts import Source
from ingestion_lambda.errors import SourceBusy, SourceIsStandby, SourceMismatch
from postgres import Sql, render, sqlstate, sqlstate_message, value

LOCK_TIMEOUT = "5s"

# Every figure comes from one statement, the first query after the locks: it takes the snapshot.
# clock_timestamp() runs after the snapshot is taken, so no row seen is younger than observed_at.
# The WAL file name of the current LSN knows a promotion at once, the control file does not.
SNAPSHOT = """
SELECT pg_is_in_recovery(),
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
       clock_timestamp()::timestamp,
       pg_current_wal_insert_lsn()::text,
       (SELECT system_identifier::text FROM pg_control_system()),
       substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
       (SELECT oid::bigint FROM pg_database WHERE datname = current_database())
"""

COLUMNS = """
SELECT c.relname, c.oid::bigint, a.attname
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = {schema} AND c.relname IN ({tables})
ORDER BY c.relname, a.attnum
"""

FLUSH_WAIT = 0.7  # seconds; an asynchronous commit is on the disk within three wal_writer_delay


@dataclass(frozen=True)
class Snapshot:
    """What a poll can see, and of which source. ``insert_lsn`` is the end of the WAL that every
    transaction seen finished had written; ``unknown_columns`` maps a table to the columns that
    its contract does not name."""

    xmin: int
    xmax: int
    observed_at: datetime
    insert_lsn: str
    identity: dict[str, str]
    unknown_columns: dict[str, tuple[str, ...]]


@contextmanager
def frozen(connection: Connection, source: Source) -> Iterator[Snapshot]:
    """The whole source at one instant, for the block.

    The tables are locked (ACCESS SHARE, which a read-only role may) before the first query,
    because a table rewritten or truncated behind a snapshot reads as empty. Raises
    SourceMismatch, SourceBusy or SourceIsStandby.
    """
    connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        _lock(connection, source)
        yield _take(connection, source)
    finally:
        connection.run("ROLLBACK")


def _lock(connection: Connection, source: Source) -> None:
    tables = Sql(
        ", ".join(render("{schema}.{table}", schema=source.schema, table=t) for t in source.tables)
    )
    connection.run(render("SET LOCAL lock_timeout = {limit}", limit=value(LOCK_TIMEOUT)))
    try:
        connection.run(render("LOCK TABLE {tables} IN ACCESS SHARE MODE", tables=tables))
    except DatabaseError as refusal:
        reason = sqlstate_message(refusal)
        match sqlstate(refusal):
            case "55P03":
                raise SourceBusy(
                    f"The tables of the source stayed locked for {LOCK_TIMEOUT}: {reason}."
                    " The next poll tries again; look for a long ALTER, TRUNCATE or VACUUM FULL."
                ) from None
            case "42P01" | "3F000":
                raise SourceMismatch(
                    f"The source lacks a table that contracts/{source.name} describes: {reason}."
                    " Check the database in the DSN, or take the table out of the contracts."
                ) from None
            case "42501":
                raise SourceMismatch(
                    f"The source's role may not read every table: {reason}."
                    " Its owner must GRANT SELECT on the tables, not on columns."
                ) from None
        raise


def _take(connection: Connection, source: Source) -> Snapshot:
    [row] = connection.run(SNAPSHOT)
    in_recovery, xmin, xmax, observed_at, insert_lsn, system, timeline, database = row
    if in_recovery:
        raise SourceIsStandby(
            "The source is a standby (in recovery), and its transaction ids cannot be compared"
            " with the primary's. Give the primary's address."
        )
    oids, unknown = _columns(connection, source)
    identity = {
        "system_identifier": system,
        "timeline": timeline,
        "database": str(database),
        "tables": " ".join(oids),
        "contracts": source.fingerprint,
    }
    return Snapshot(xmin, xmax, observed_at, insert_lsn, identity, unknown)


def _columns(
    connection: Connection, source: Source
) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """The oid of each table, and the columns beyond its contract. Raises SourceMismatch."""
    query = render(
        COLUMNS,
        schema=value(source.schema),
        tables=Sql(", ".join(value(name) for name in source.tables)),
    )
    oids, unknown = [], {}
    for (name, oid), rows in groupby(connection.run(query), key=lambda row: (row[0], row[1])):
        found = [row[2] for row in rows]
        named = source.tables[name].column_names
        if lacking := [column for column in named if column not in found]:
            raise SourceMismatch(
                f"{source.schema}.{name} lacks the column {', '.join(lacking)} that"
                f" contracts/{source.name}/{name}.toml names. Was it renamed? Mend the contract."
            )
        oids.append(str(oid))
        if beyond := tuple(column for column in found if column not in named):
            unknown[name] = beyond
    return oids, unknown


def is_flushed(connection: Connection, snapshot: Snapshot) -> bool:
    """Whether all that the snapshot saw finished is on the source's disk.

    A transaction id whose WAL is not can be used again after a crash, so a horizon may only be
    stored once this holds (FINDINGS.md). Waits a moment for asynchronous commits.
    """
    query = render("SELECT pg_current_wal_flush_lsn() >= {lsn}", lsn=value(snapshot.insert_lsn))
    give_up = time.monotonic() + FLUSH_WAIT
    while True:
        [[flushed]] = connection.run(query)
        if flushed or time.monotonic() > give_up:
            return bool(flushed)
        time.sleep(0.05)
