"""The warehouse's own record of the batches that it holds, which is the truth about them."""

from collections.abc import Iterable
from dataclasses import dataclass

from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from glue_jobs.errors import OtherLedger, SchemaOutdated
from glue_jobs.pending import Origin, Pending
from postgres import sqlstate

NOTHING_THERE = ("42P01", "3F000")  # undefined table, undefined schema

# transaction-level, on the ledger itself: loads into other databases of the server go on
LOCK = "select pg_advisory_xact_lock(cast(cast('etl.ledger' as regclass) as bigint))"
STANDING = """
select schema_name, contracts, lake, generation, coalesce(batch_seq, 0)
from etl.warehouse left join (
    select lake, generation, batch_seq from etl.ledger order by batch_seq desc limit 1
) as last on true
"""
RECORD = """
insert into etl.ledger (batch_seq, lake, generation, run, observed_at, committed_at, rows)
values (:seq, :lake, :generation, :run, :observed_at, :committed_at, :rows)
"""


@dataclass(frozen=True)
class Standing:
    """What the warehouse says of itself; ``lake`` and ``generation`` are None, and ``head`` is 0,
    before its first load."""

    schema: str
    contracts: str
    lake: str | None
    generation: int | None
    head: int


def lock(connection: Connection) -> None:
    """Wait until no other load is in its transaction, and hold others off until ours ends."""
    connection.run(LOCK)


def standing(connection: Connection) -> Standing:
    """Where the warehouse stands. Raises SchemaOutdated where it was never migrated."""
    try:
        rows = connection.run(STANDING)
    except DatabaseError as refusal:
        if sqlstate(refusal) not in NOTHING_THERE:
            raise
        rows = []
    if not rows:
        raise SchemaOutdated("The database holds no warehouse yet: run the migrate command.")
    return Standing(*rows[0])


def check(found: Standing, origin: Origin, schema: str, fingerprint: str) -> None:
    """Raise SchemaOutdated or OtherLedger where batches of ``origin`` must not be loaded."""
    if (found.schema, found.contracts) != (schema, fingerprint):
        raise SchemaOutdated(
            f"The warehouse in schema {found.schema} was made for contracts {found.contracts}, and"
            f" this load brings schema {schema} by contracts {fingerprint}: run the migrate"
            " command of this version, then load again."
        )
    if found.head and (found.lake, found.generation) != (origin.lake, origin.generation):
        raise OtherLedger(
            f"The warehouse holds batches of lake {found.lake}, generation {found.generation};"
            f" this load brings lake {origin.lake}, generation {origin.generation}. Name the lake"
            " that belongs to this warehouse, or rebuild into an empty warehouse."
        )


def record(connection: Connection, pending: Iterable[Pending], origin: Origin, run: str) -> None:
    """Enter the batches, in the transaction that brings their rows."""
    for item in pending:
        connection.run(
            RECORD,
            seq=item.batch.seq,
            lake=origin.lake,
            generation=origin.generation,
            run=run,
            observed_at=item.batch.observed_at,
            committed_at=item.batch.committed_at,
            rows=item.rows,
        )
