"""Load pending batches into the warehouse: every batch exactly once."""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import contracts
from contracts import Fact
from glue_jobs.load import ledger
from glue_jobs.load.connection import load_transaction
from glue_jobs.load.ledger import LedgerState
from glue_jobs.load.merge import merge, qualified
from glue_jobs.load.partitions import Registry
from glue_jobs.load.pending import Pending, built_through, pending_batches, pending_retries
from glue_jobs.load.staging import (
    StagingTable,
    check_counts,
    created,
    drop,
    stage_all,
    staging_tables,
)
from glue_jobs.session import Session
from lake import Lake, SeqTaken, now
from lake.entries import LoadEntry
from postgres import Address, LockTimeout, render

ANALYZE = "analyze {table}"
ETL = "etl"
BIG_LOAD = 5_000  # rows; autovacuum analyzes after smaller changes

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """The warehouse: a database, and the schema in it."""

    address: Address
    schema: str


@dataclass(frozen=True)
class LoadResult:
    """The result of a load: rows written per table, the first and last batch (0 if there was none),
    and the number of retries of quarantined rows."""

    rows: Mapping[str, int]
    from_seq: int
    through_seq: int
    seconds: float
    retries: int = 0


def load(
    lake: Lake, target: Target, run: str, spark: Session, registry: Registry | None = None
) -> LoadResult:
    """Load every pending batch and retry into the warehouse in one transaction, register its
    partitions with ``registry``, and add the batches to the load log.

    ``spark`` is called only if there are rows to load. Of several concurrent loads one loads.
    Raises the errors of ``glue_jobs.errors``, and LockTimeout.
    """
    began = time.monotonic()
    through = built_through(lake)
    if not through:
        return LoadResult({}, 0, 0, 0.0)
    state = _read_state(target, lake)
    batches = pending_batches(lake, state.head, through)
    pending = Pending(batches, pending_retries(lake, state.retries, through))
    rows = None
    if pending:
        rows = _load_pending(lake, target, run, spark, state, pending)
        state = _read_state(target, lake)  # another load may have been first
    loaded = min(state.head, through)
    if registry:
        registry.register(lake, loaded, state.retries)
    record_loads(lake, loaded, run)
    seconds = time.monotonic() - began
    if rows is None:
        return LoadResult({}, 0, 0, seconds)
    result = LoadResult(rows, *pending.span, seconds, len(pending.retries))
    logger.info("warehouse loaded", extra={**vars(result), "run": run})
    return result


def _read_state(target: Target, lake: Lake) -> LedgerState:
    """Return the state of the ledger. Raises SchemaOutdated or OtherLedger if batches of the lake
    must not be loaded into this warehouse."""
    with load_transaction(target.address) as connection:
        state = ledger.read_state(connection)
    ledger.check_contracts(state, target.schema, contracts.warehouse().fingerprint)
    ledger.check_lake(state, lake)
    ledger.check_last_batch(state, lake)
    return state


def _load_pending(
    lake: Lake, target: Target, run: str, spark: Session, before: LedgerState, pending: Pending
) -> Mapping[str, int] | None:
    """Stage the rows of all tables, then merge them in one transaction, and return the rows written
    per table; None if another load was first."""
    tables = staging_tables(pending, run)
    with created(target.address, tables) as options:
        stage_all(spark, lake.processed, target.address, options, tables)
        with load_transaction(target.address) as connection:
            ledger.lock(connection)
            rows = None
            if ledger.read_state(connection) == before:
                check_counts(connection, tables)
                rows = merge(connection, target.schema, tables)
                ledger.record_batches(connection, pending.batches, lake.generation, run)
                ledger.record_retries(connection, pending.retries, run)
            drop(connection, tables)
    if rows is not None:
        _analyze(target, tables)
    return rows


def _analyze(target: Target, tables: Iterable[StagingTable]) -> None:
    """Update the planner's statistics of tables to which many rows were added, unless another
    session locks them: the rows are committed, and autovacuum analyzes later."""
    big = [staged.table for staged in tables if staged.rows >= BIG_LOAD]
    names = [qualified(target.schema, table.name) for table in big]
    names += [qualified(ETL, table.latest) for table in big if isinstance(table, Fact)]
    for name in names:
        try:
            with load_transaction(target.address) as connection:
                connection.run(render(ANALYZE, table=name))
        except LockTimeout:
            logger.warning("table is locked and not analyzed", extra={"table": name})


def record_loads(lake: Lake, through: int, run: str) -> None:
    """Add every missing batch up to ``through`` to the load log: a load may have crashed between
    its transaction and its entries, or a concurrent one may add the same."""
    for seq in range(lake.loads.last_batch() + 1, through + 1):
        try:
            lake.loads.commit(LoadEntry(seq, run, now()))
        except SeqTaken:
            continue
