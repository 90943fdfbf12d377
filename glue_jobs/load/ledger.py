"""The ledger: the warehouse's own record of the batches that it contains."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from pg8000.exceptions import DatabaseError

from glue_jobs.errors import OtherLedger, SchemaOutdated
from glue_jobs.load.pending import Pending
from lake import Lake
from lake.entries import RetryEntry
from postgres import Connection, local_lock_timeout, sqlstate

MIGRATE = "python -m warehouse migrate --warehouse env:VARIABLE"

MISSING = ("42P01", "3F000")  # undefined table, undefined schema

LOCK_TIMEOUT = "10min"
"""The wait for another load, whose transaction may insert many rows."""

# a transaction-level lock on the ledger itself: loads into other databases do not wait for it
LOCK = "select pg_advisory_xact_lock(cast(cast('etl.ledger' as regclass) as bigint))"
STATE = """
select schema_name, contracts, lake, generation, batch_run, coalesce(batch_seq, 0),
    (select coalesce(max(retry_seq), 0) from etl.retry)
from etl.warehouse left join (
    select lake, generation, batch_run, batch_seq from etl.ledger order by batch_seq desc limit 1
) as last on true
"""
RECORD_BATCHES = """
insert into etl.ledger
    (batch_seq, lake, generation, batch_run, run, observed_at, committed_at, rows)
select (batch->>'seq')::bigint, batch->>'lake', :generation, batch->>'run', :run,
    (batch->>'observed_at')::timestamp, (batch->>'committed_at')::timestamptz,
    (batch->>'rows')::bigint
from jsonb_array_elements(cast(:batches as jsonb)) as batch
order by 1
"""
RECORD_RETRY = """
insert into etl.retry (retry_seq, through, run, committed_at, rows)
values (:seq, :through, :run, :committed_at, :rows)
"""


@dataclass(frozen=True)
class LedgerState:
    """The warehouse's schema and contracts, its last batch (``head``) and where that came from,
    and its last retry. Before the first load ``lake``, ``generation`` and ``batch_run`` are None,
    and ``head`` is 0."""

    schema: str
    contracts: str
    lake: str | None
    generation: int | None
    batch_run: str | None
    head: int
    retries: int


def lock(connection: Connection) -> None:
    """Wait until no other load is in its transaction, and block other loads until this one ends."""
    with local_lock_timeout(connection, LOCK_TIMEOUT):
        connection.run(LOCK)


def read_state(connection: Connection) -> LedgerState:
    """Return the state of the ledger. Raises SchemaOutdated if the database was not migrated."""
    try:
        rows = connection.run(STATE)
    except DatabaseError as refusal:
        if sqlstate(refusal) not in MISSING:
            raise
        rows = []
    if not rows:
        raise SchemaOutdated(
            "The database contains no warehouse, or one of an earlier version. To fix: run"
            f" `{MIGRATE}`."
        )
    return LedgerState(*rows[0])


def check_contracts(state: LedgerState, schema: str, fingerprint: str) -> None:
    """Raise SchemaOutdated unless the warehouse was migrated for this schema and contracts."""
    if (state.schema, state.contracts) != (schema, fingerprint):
        raise SchemaOutdated(
            f"The warehouse was migrated for schema {state.schema} and contracts"
            f" {state.contracts}, and this load is for schema {schema} and contracts {fingerprint}."
            f" To fix: run `{MIGRATE} --schema {schema}` of this version as the warehouse's owner,"
            " then load again."
        )


def check_lake(state: LedgerState, lake: Lake) -> None:
    """Raise OtherLedger if the warehouse contains batches of another lake or generation."""
    if not state.head or (batch := lake.batches.head()) is None:
        return
    if (state.lake, state.generation) != (batch.lake, lake.generation):
        raise OtherLedger(
            f"The warehouse contains batches of lake {state.lake}, generation {state.generation},"
            f" and this load is from lake {batch.lake}, generation {lake.generation}. To fix: name"
            " the lake that belongs to this warehouse, or rebuild into an empty warehouse."
        )


def check_last_batch(state: LedgerState, lake: Lake) -> None:
    """Raise OtherLedger unless the lake contains the last batch of the warehouse. A lake that was
    restored to an earlier state continues from there, and its numbers mean other rows."""
    if not state.head:
        return
    exists = state.head <= lake.batches.head_seq()
    if not exists or lake.batches.entry(state.head).run != state.batch_run:
        raise OtherLedger(
            f"The warehouse contains batch {state.head} of poll {state.batch_run}, and this lake"
            f" has {'another batch' if exists else 'no batch'} of that number: it was restored to"
            " an earlier state, or the warehouse belongs to another copy. To fix: rebuild from this"
            " lake into an empty database."
        )


def record_batches(connection: Connection, pending: Pending, generation: int, run: str) -> None:
    """Add the batches to the ledger, in the transaction that inserts their rows."""
    rows = pending.rows
    batches = [
        {
            "seq": batch.seq,
            "lake": batch.lake,
            "run": batch.run,
            "observed_at": batch.observed_at.isoformat(),
            "committed_at": batch.committed_at.isoformat(),
            "rows": rows[batch.seq],
        }
        for batch in pending.batches
    ]
    connection.run(RECORD_BATCHES, generation=generation, run=run, batches=json.dumps(batches))


def record_retries(connection: Connection, retries: Iterable[RetryEntry], run: str) -> None:
    """Add the retries to the ledger, in the transaction that inserts their rows."""
    for item in retries:
        connection.run(
            RECORD_RETRY,
            seq=item.seq,
            through=item.through,
            run=run,
            committed_at=item.committed_at,
            rows=item.rows,
        )
