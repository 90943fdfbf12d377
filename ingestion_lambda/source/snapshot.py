"""One instant of the source: its transaction, its snapshot, and which source it is."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from contracts import Source
from ingestion_lambda.errors import SourceBusy, SourceIsStandby, SourceMismatch
from ingestion_lambda.source.source_catalog import read_source_catalog
from postgres import Sql, render, sqlstate, sqlstate_message, value

LOCK_TIMEOUT = "5s"

# The owner of the source may shadow a function by search_path, or hide rows by policies (reading
# fails then, and says so); and a poll may pause between two statements to write to the lake.
OURS = """
SET LOCAL search_path = pg_catalog;
SET LOCAL row_security = off;
SET LOCAL idle_in_transaction_session_timeout = 0
"""

# Every figure comes from one statement, the first query after the locks: it takes the snapshot.
# clock_timestamp() runs after the snapshot is taken, so no row seen is younger than observed_at.
# The WAL file name of the current LSN knows a promotion at once, the control file does not.
SNAPSHOT = """
SELECT pg_is_in_recovery(),
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
       clock_timestamp()::timestamp,
       pg_current_wal_insert_lsn()::text,
       (SELECT next_xid FROM pg_control_checkpoint()),
       (SELECT system_identifier::text FROM pg_control_system()),
       substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
       (SELECT oid::bigint FROM pg_database WHERE datname = current_database())
"""

FLUSH_WAIT = 0.7  # seconds; an asynchronous commit is on the disk within three wal_writer_delay


@dataclass(frozen=True)
class Snapshot:
    """What a poll can see, and of which source. ``insert_lsn`` is the end of the WAL that every
    transaction seen finished had written; ids below ``durable_xid`` are on the disk whatever
    happens, for a checkpoint has recorded them; ``unknown_columns`` maps a table to the columns
    that its contract does not name."""

    xmin: int
    xmax: int
    observed_at: datetime
    insert_lsn: str
    durable_xid: int
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
        connection.run(OURS)
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
                    f"The source lacks a table that {source.name}/contracts/source describes: {reason}."
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
    in_recovery, xmin, xmax, observed_at, insert_lsn, next_xid, system, timeline, database = row
    if in_recovery:
        raise SourceIsStandby(
            "The source is a standby (in recovery), and its transaction ids cannot be compared"
            " with the primary's. Give the primary's address."
        )
    found = read_source_catalog(connection, source)
    identity = {
        "system_identifier": system,
        "timeline": timeline,
        "database": str(database),
        "tables": found.identity,
        "contracts": source.fingerprint,
    }
    epoch, xid = map(int, next_xid.split(":"))
    durable = (epoch << 32) + xid
    return Snapshot(xmin, xmax, observed_at, insert_lsn, durable, identity, found.unknown_columns)


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
