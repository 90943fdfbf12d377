"""Prepare the capture by log before the snapshot: check the publication, find or create the slot.

The creation of a slot waits for every transaction that has written. Within the poll's transaction
it would deadlock with DDL that waits for the poll's locks.
"""

import logging
from dataclasses import dataclass

from pg8000.exceptions import DatabaseError

from contracts import PlatformError, Source
from ingestion_lambda.capture.options import CaptureOptions
from ingestion_lambda.source.log.access import SlotAccess, find_access
from ingestion_lambda.source.log.publication import (
    Problem,
    Publication,
    read_publication,
    server_problem,
)
from ingestion_lambda.source.log.slot import (
    CREATE_TIMEOUT,
    Slot,
    create_slot,
    drop_slot,
    find_slot,
)
from postgres import (
    LOCK_NOT_AVAILABLE,
    Connection,
    Session,
    local_lock_timeout,
    render,
    sqlstate,
    sqlstate_message,
    waited_for,
)
from postgres.transaction import roll_back, transaction

LOCK_TIMEOUT = "5s"
"""The wait for a lock on a published table, as long as for those of the snapshot."""

# An asynchronous commit is on the disk within three times wal_writer_delay; a synchronous one puts
# it there at once. The poll sees its id; after the snapshot it would cost the next poll.
FLUSH_DUE = """
SELECT pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn()
       AND pg_snapshot_xmax(pg_current_snapshot())::text::bigint <> {xmax}
"""
# The message is of no row, and pgoutput leaves it out. A commit without one would not be flushed.
FLUSH = """
BEGIN; SET LOCAL synchronous_commit TO local; SELECT pg_logical_emit_message(true, '', ''); COMMIT
"""

REMEDIES = {
    "42501": "ALTER ROLE {role} REPLICATION; on Amazon RDS: GRANT rds_replication TO {role};"
    " docs/deploy.md has functions for a role without this right.",
    "53400": "ALTER SYSTEM SET max_replication_slots = 20; then restart the server.",
    "57014": "end the transactions that have been open for long; the next poll tries again.",
}
"""The remedies of a slot that cannot be created, by SQLSTATE."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """The log as it is before the snapshot: its slot and publication, or the ``problem`` that
    rules it out, with the slot, which retains WAL all the same. ``is_new`` states whether this poll
    created the slot, ``access`` how it is reached."""

    access: SlotAccess
    slot: Slot | None = None
    publication: Publication | None = None
    problem: str = ""
    is_new: bool = False


def prepare(
    connection: Connection, source: Source, options: CaptureOptions, default: str, xmax: int
) -> Prepared:
    """Return the log; the slot is ``default`` unless it has another name. A problem is logged with
    its remedy.

    Transactions that ended since the snapshot of ``xmax`` are then on the source's disk, unless it
    refuses the flush: then the check after the snapshot decides.
    """
    access, slot = SlotAccess(options.slot or default, options.publication), None
    try:
        access = find_access(connection, options.slot, default, options.publication)
        slot = find_slot(connection, access.slot)
        found = _find(connection, source, access, slot, options.accept_unlimited_wal)
        _flush(connection, xmax)
    except DatabaseError as error:
        found = Problem(sqlstate_message(error), "see docs/deploy.md.")
    except PlatformError as error:
        found = Problem(str(error), "see docs/deploy.md.")
    if isinstance(found, Problem):
        logger.warning("the log is not read", extra={"reason": str(found)})
        return Prepared(access, slot if slot and slot.is_ours else None, problem=found.reason)
    for problem in found.publication.problems.values() if found.publication else ():
        logger.warning("a table is not captured by log", extra={"reason": str(problem)})
    return found


def _flush(connection: Connection, xmax: int) -> None:
    """Let the source write its log to disk if a transaction has ended since ``xmax`` was the next
    id. If it refuses, the poll waits for its writer."""
    try:
        [[is_due]] = connection.run(render(FLUSH_DUE, xmax=xmax))
        if is_due:
            connection.run(FLUSH)
    except DatabaseError as error:
        roll_back(connection)
        logger.warning("the log is not flushed", extra={"reason": sqlstate_message(error)})


def _find(
    connection: Connection,
    source: Source,
    access: SlotAccess,
    slot: Slot | None,
    is_unlimited_accepted: bool,
) -> Prepared | Problem:
    if problem := server_problem(connection, is_unlimited_accepted):
        return problem
    publication = _read_publication(connection, source, access.publication)
    if isinstance(publication, Problem):
        return publication
    is_new = False
    if slot and not slot.is_ours:
        return Problem(
            f"the replication slot {slot.name} is of another plugin or database",
            "give another name with --slot.",
        )
    if slot is None or slot.is_lost or not slot.position:  # the last while another poll creates it
        if problem := _create(connection, access, is_lost=slot is not None and slot.is_lost):
            return problem
        slot = find_slot(connection, access.slot)
        if slot is None:
            reason = "another session dropped the replication slot"
            return Problem(reason, "the next poll creates it again.")
        is_new = slot.position > 0
    return Prepared(access, slot, publication, is_new=is_new)


def _read_publication(
    connection: Connection, source: Source, publication: str
) -> Publication | Problem:
    """Read the publication. PostgreSQL opens every published table for it, also those that no
    contract names."""
    try:
        with transaction(connection), local_lock_timeout(connection, LOCK_TIMEOUT):
            return read_publication(connection, source, publication)
    except DatabaseError as error:
        if sqlstate(error) != LOCK_NOT_AVAILABLE:
            raise
        remedy = f"end the transaction that holds {waited_for(error)}; the next poll tries again."
        return Problem("another session locks a published table", remedy)


def _create(first: Connection, access: SlotAccess, is_lost: bool) -> Problem | None:
    """Create the slot, in place of one that has lost its log."""
    with first.another(Session(statement_timeout=CREATE_TIMEOUT)) as connection:
        try:
            if is_lost:
                drop_slot(connection, access)
            if create_slot(connection, access):
                logger.info("replication slot created", extra={"slot": access.slot})
                return None
            reason, state = "transactions are in progress", "57014"
        except DatabaseError as error:
            reason, state = sqlstate_message(error), sqlstate(error)
        remedy = find_remedy(connection, access, state)
    return Problem(f"the replication slot {access.slot} cannot be created: {reason}", remedy)


def find_remedy(connection: Connection, access: SlotAccess, state: str) -> str:
    """Return what to do about a slot that the server refuses with this SQLSTATE."""
    [[role]] = connection.run(access.sql("role"))
    return render(REMEDIES.get(state, "see docs/deploy.md."), role=role)
