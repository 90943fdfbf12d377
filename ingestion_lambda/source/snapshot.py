"""A snapshot of the source: one transaction, its visibility, and the identity of the source."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from pg8000.exceptions import DatabaseError

from contracts import ContractError, Source
from ingestion_lambda.errors import SourceBusy, SourceIsStandby, SourceMismatch
from ingestion_lambda.source.functions import IS_AURORA, name_refused_functions
from ingestion_lambda.source.source_catalog import read_source_catalog
from postgres import (
    Connection,
    Session,
    Sql,
    render,
    sqlstate,
    sqlstate_message,
    value,
    waited_for,
)
from postgres.transaction import roll_back

LOCK_TIMEOUT = 5.0
"""Seconds."""

KIND = render("SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.{is_aurora}", is_aurora=IS_AURORA)

# One statement reads every value, and it is the first query after the locks: it takes the snapshot.
# clock_timestamp() runs after the snapshot is taken, so no visible row is later than observed_at.
# Behind a pooler, an earlier statement may have asked another server whether it is a standby.
SNAPSHOT = """
SELECT pg_is_in_recovery(),
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
       pg_current_snapshot()::text,
       clock_timestamp()::timestamp,
       (SELECT oid::bigint FROM pg_database WHERE datname = current_database()),
       {server}
"""


@dataclass(frozen=True)
class ServerKind:
    """A kind of server: its columns of SNAPSHOT, and the parts of the identity that they give."""

    columns: Sql
    identity: tuple[str, ...]


# The WAL file name of the current LSN shows a promotion at once; the control file does not.
WITH_WAL = ServerKind(
    Sql("""
       pg_current_wal_insert_lsn()::text,
       (SELECT next_xid FROM pg_control_checkpoint()),
       (SELECT system_identifier::text FROM pg_control_system()),
       substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
    """),
    ("system_identifier", "timeline"),
)

# Aurora has no function of the WAL. A restart or a failover changes the first time, a crash that
# the server survives the second.
ON_AURORA = ServerKind(
    Sql("""
       NULL, NULL,
       concat_ws(', ', pg_postmaster_start_time(), pg_stat_get_bgwriter_stat_reset_time())
    """),
    ("server_start",),
)

INVALID_PARAMETER = "22023"

FLUSH_WAIT = 0.7
"""Seconds; an asynchronous commit is on disk within three times wal_writer_delay."""


@dataclass(frozen=True)
class Snapshot:
    """The part of the source that a poll can see, and the identity of the source.

    ``visible`` is the whole snapshot as PostgreSQL writes it. ``insert_lsn`` is the end of the WAL
    that every visible transaction had written. The last checkpoint recorded the ids below
    ``durable_xid``, so they survive a crash. Aurora has neither: they are None, and the identity
    has ``server_start`` instead, which changes with every crash, restart and failover.
    ``unknown_columns`` maps a table to the columns that its contract does not name, ``selected`` to
    the expressions that read the others, ``types`` to the types of its columns.
    """

    xmin: int
    xmax: int
    visible: str
    observed_at: datetime
    insert_lsn: str | None
    durable_xid: int | None
    identity: dict[str, str]
    unknown_columns: dict[str, tuple[str, ...]]
    selected: dict[str, Sql]
    types: dict[str, dict[str, str]]


@contextmanager
def open_snapshot(connection: Connection, source: Source) -> Iterator[Snapshot]:
    """Open a snapshot of the whole source for the block.

    The tables are locked (ACCESS SHARE, which a read-only role may take) before the first query,
    because a table that is rewritten or truncated after the snapshot reads as empty. Raises
    SourceMismatch, SourceBusy, SourceIsStandby or ContractError.
    """
    try:
        server = _server_kind(connection)
        connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        _set_session(connection, source)
        _lock(connection, source)
        yield _read_snapshot(connection, source, server)
    except DatabaseError as error:
        roll_back(connection)
        name_refused_functions(connection, error)
        raise
    finally:
        roll_back(connection)


def _server_kind(connection: Connection) -> ServerKind:
    [[is_standby, is_aurora]] = connection.run(KIND)
    _check_primary(is_standby)
    return ON_AURORA if is_aurora else WITH_WAL


def _check_primary(is_standby: bool) -> None:
    if is_standby:
        raise SourceIsStandby(
            "The source is a standby (in recovery), and its transaction ids cannot be compared"
            " with the primary's. To fix: give the primary's address."
        )


def _set_session(connection: Connection, source: Source) -> None:
    """Set every setting for the transaction, whatever role, database or server set.

    The clock has the zone of the contract. The owner of the source may shadow a function through
    search_path, or hide rows by a policy: with row_security off, reading such a table fails.
    """
    session = Session(source.timezone, search_path=(), lock_timeout=LOCK_TIMEOUT)
    try:
        connection.run(session.local(connection.version))
    except DatabaseError as error:
        if sqlstate(error) != INVALID_PARAMETER:
            raise
        raise ContractError(
            f"The source does not accept a setting: {sqlstate_message(error)}. To fix: if it is"
            f" TimeZone, correct timezone in {source.name}/contracts/source/source.toml."
        ) from None


def _lock(connection: Connection, source: Source) -> None:
    tables = Sql(
        ", ".join(render("{schema}.{table}", schema=source.schema, table=t) for t in source.tables)
    )
    try:
        connection.run(render("LOCK TABLE {tables} IN ACCESS SHARE MODE", tables=tables))
    except DatabaseError as error:
        reason = sqlstate_message(error)
        match sqlstate(error):
            case "55P03":
                raise SourceBusy(
                    f"The source's tables stayed locked for {LOCK_TIMEOUT:g} s: the poll waited for"
                    f" {waited_for(error)}. The next poll tries again. To fix: end that"
                    " transaction, which is probably a long ALTER, TRUNCATE or VACUUM FULL."
                ) from None
            case "42P01" | "3F000":
                raise SourceMismatch(
                    f"The source does not have a table that {source.name}/contracts/source"
                    f" describes: {reason}. To fix: check the database in the DSN, or remove the"
                    " table from the contracts."
                ) from None
            case "42501":
                raise SourceMismatch(
                    f"The source's role may not read every table: {reason}. To fix: its owner must"
                    " GRANT SELECT on the tables, not on columns."
                ) from None
        raise


def _read_snapshot(connection: Connection, source: Source, server: ServerKind) -> Snapshot:
    [row] = connection.run(Sql(SNAPSHOT.replace("{server}", server.columns)))
    is_standby, xmin, xmax, visible, observed_at, database, insert_lsn, next_xid, *identity = row
    _check_primary(is_standby)
    catalog = read_source_catalog(connection, source)
    return Snapshot(
        xmin,
        xmax,
        visible,
        observed_at,
        insert_lsn,
        _xid(next_xid) if next_xid else None,
        {
            **dict(zip(server.identity, identity, strict=True)),
            "database": str(database),
            "tables": catalog.identity,
            "contracts": source.fingerprint,
        },
        catalog.unknown_columns,
        catalog.selected,
        catalog.types,
    )


def _xid(text: str) -> int:
    """Return the 64-bit id that PostgreSQL writes as ``epoch:xid``."""
    epoch, xid = map(int, text.split(":"))
    return (epoch << 32) + xid


def is_flushed(connection: Connection, snapshot: Snapshot) -> bool:
    """Return whether every visible transaction is on the source's disk, after waiting FLUSH_WAIT
    at most for asynchronous commits.

    After a crash the source can assign an id again whose WAL was not flushed, so a horizon above
    such an id would lose rows. On Aurora the crash changes the identity of the source instead, and
    the next poll reads everything.
    """
    if snapshot.insert_lsn is None:
        return True
    query = render("SELECT pg_current_wal_flush_lsn() >= {lsn}", lsn=value(snapshot.insert_lsn))
    deadline = time.monotonic() + FLUSH_WAIT
    while True:
        [[flushed]] = connection.run(query)
        if flushed or time.monotonic() > deadline:
            return bool(flushed)
        time.sleep(0.05)
