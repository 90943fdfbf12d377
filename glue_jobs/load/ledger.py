"""The warehouse's own record of the batches that it holds, which is the truth about them."""

from collections.abc import Iterable
from dataclasses import dataclass

from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from glue_jobs.errors import OtherLedger, SchemaOutdated
from glue_jobs.load.pending import LakeIdentity, Pending
from lake import Lake
from lake.entries import RetryEntry
from postgres import sqlstate

MIGRATE = "python -m warehouse migrate --warehouse env:VARIABLE"

NOTHING_THERE = ("42P01", "3F000")  # undefined table, undefined schema

# transaction-level, on the ledger itself: loads into other databases of the server go on
LOCK = "select pg_advisory_xact_lock(cast(cast('etl.ledger' as regclass) as bigint))"
STANDING = """
select schema_name, contracts, lake, generation, batch_run, coalesce(batch_seq, 0),
    (select coalesce(max(retry_seq), 0) from etl.retry)
from etl.warehouse left join (
    select lake, generation, batch_run, batch_seq from etl.ledger order by batch_seq desc limit 1
) as last on true
"""
RECORD = """
insert into etl.ledger
    (batch_seq, lake, generation, batch_run, run, observed_at, committed_at, rows)
values (:seq, :lake, :generation, :batch_run, :run, :observed_at, :committed_at, :rows)
"""
RECORD_RETRY = """
insert into etl.retry (retry_seq, through, run, committed_at, rows)
values (:seq, :through, :run, :committed_at, :rows)
"""


@dataclass(frozen=True)
class LedgerState:
    """What the warehouse says of itself; ``lake``, ``generation`` and ``batch_run`` are None, and
    ``head`` is 0, before its first load. ``retries`` is the last retry of quarantined rows that it
    holds."""

    schema: str
    contracts: str
    lake: str | None
    generation: int | None
    batch_run: str | None
    head: int
    retries: int


def lock(connection: Connection) -> None:
    """Wait until no other load is in its transaction, and hold others off until ours ends."""
    connection.run(LOCK)


def read_state(connection: Connection) -> LedgerState:
    """Where the warehouse stands. Raises SchemaOutdated where it was never migrated."""
    try:
        rows = connection.run(STANDING)
    except DatabaseError as refusal:
        if sqlstate(refusal) not in NOTHING_THERE:
            raise
        rows = []
    if not rows:
        raise SchemaOutdated(
            f"The database holds no warehouse yet, or one of an earlier version: run `{MIGRATE}`."
        )
    return LedgerState(*rows[0])


def check(found: LedgerState, origin: LakeIdentity, schema: str, fingerprint: str) -> None:
    """Raise SchemaOutdated or OtherLedger where batches of ``origin`` must not be loaded."""
    if (found.schema, found.contracts) != (schema, fingerprint):
        raise SchemaOutdated(
            f"The warehouse in schema {found.schema} was made for contracts {found.contracts}, and"
            f" this load brings schema {schema} by contracts {fingerprint}: run `{MIGRATE} --schema"
            f" {schema}` of this version as the warehouse's owner, then load again."
        )
    if found.head and (found.lake, found.generation) != (origin.lake, origin.generation):
        raise OtherLedger(
            f"The warehouse holds batches of lake {found.lake}, generation {found.generation};"
            f" this load brings lake {origin.lake}, generation {origin.generation}. Name the lake"
            " that belongs to this warehouse, or rebuild into an empty warehouse."
        )


def check_batches(found: LedgerState, lake: Lake) -> None:
    """Raise OtherLedger where the lake lacks the last batch that the warehouse holds: a lake that
    was put back to an earlier state counts on from there, and its numbers mean other rows."""
    if not found.head:
        return
    is_there = found.head <= lake.batches.head_seq()
    if not is_there or lake.batches.entry(found.head).run != found.batch_run:
        raise OtherLedger(
            f"The warehouse holds batch {found.head} of poll {found.batch_run}, and this lake has"
            f" {'another one' if is_there else 'none'} of that number: it was put back to an"
            " earlier state, or the warehouse belongs to another copy. Rebuild from this lake into"
            " an empty database."
        )


def record_retries(connection: Connection, retries: Iterable[RetryEntry], run: str) -> None:
    """Enter the retries, in the transaction that brings their rows."""
    for item in retries:
        connection.run(
            RECORD_RETRY,
            seq=item.seq,
            through=item.through,
            run=run,
            committed_at=item.committed_at,
            rows=item.rows,
        )


def record(
    connection: Connection, pending: Iterable[Pending], origin: LakeIdentity, run: str
) -> None:
    """Enter the batches, in the transaction that brings their rows."""
    for item in pending:
        connection.run(
            RECORD,
            seq=item.batch.seq,
            lake=origin.lake,
            generation=origin.generation,
            batch_run=item.batch.run,
            run=run,
            observed_at=item.batch.observed_at,
            committed_at=item.batch.committed_at,
            rows=item.rows,
        )
