"""Load pending batches into the warehouse: every batch exactly once, in chunks of whole batches."""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import contracts
from contracts import Fact
from glue_jobs.load import ledger
from glue_jobs.load.chunks import DEFAULT_SIZE, ChunkSize
from glue_jobs.load.connection import load_transaction
from glue_jobs.load.ledger import LedgerState
from glue_jobs.load.merge import ETL, merge, qualified
from glue_jobs.load.pending import Pending, built_through, next_pending
from glue_jobs.load.staging import Incoming, incoming
from glue_jobs.time_limit import NO_LIMIT, TimeLimit
from lake import Lake, SeqTaken, now
from lake.concurrent import map_concurrently
from lake.entries import LoadEntry
from postgres import Address, LockTimeout, Sql, render

ANALYZE = "analyze {table}"
BIG_LOAD = 5_000  # rows; autovacuum analyzes after smaller changes
CONNECTIONS = 2  # a fact and its latest versions are analyzed at once

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """The warehouse: a database, and the schema in it."""

    address: Address
    schema: str


@dataclass(frozen=True)
class LoadResult:
    """The result of a load: rows written per table, the first and last batch (0 if there was none),
    the number of retries of quarantined rows, and how many built batches are left for the next
    load."""

    rows: Mapping[str, int] = field(default_factory=dict)
    from_seq: int = 0
    through_seq: int = 0
    seconds: float = 0.0
    retries: int = 0
    left: int = 0

    def __add__(self, later: "LoadResult") -> "LoadResult":
        return LoadResult(
            dict(Counter(self.rows) + Counter(later.rows)),
            self.from_seq or later.from_seq,
            later.through_seq or self.through_seq,
            self.seconds + later.seconds,
            self.retries + later.retries,
            later.left,
        )


def load(
    lake: Lake,
    target: Target,
    run: str,
    size: ChunkSize = DEFAULT_SIZE,
    limit: TimeLimit = NO_LIMIT,
) -> LoadResult:
    """Load every pending batch and retry, in one transaction for each chunk of whole batches, and
    add the batches to the load log. The load ends before ``limit``; the next one continues. Of
    several concurrent loads one loads. Raises the errors of ``glue_jobs.errors``, and LockTimeout.
    """
    result, through = LoadResult(), built_through(lake)
    if not through:
        return result
    state = _read_state(target, lake)
    if state.head:  # an earlier load may have crashed before its log
        record_loads(lake, min(state.head, through), run)
    while pending := next_pending(lake, state.head, state.retries, through, size.within(limit)):
        if not size.has_time(pending, limit):
            logger.info("time limit is near", extra={"run": run, "left": result.left})
            break
        with limit.step():
            chunk = _load_chunk(lake, target, run, state, pending)
            state = _read_state(target, lake)  # another load may have been first
            record_loads(lake, min(state.head, through), run)
        if chunk is None:
            break
        result += replace(chunk, left=max(0, through - state.head))
        logger.info("warehouse loaded", extra={**vars(chunk), "run": run, "left": result.left})
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


def _load_chunk(
    lake: Lake, target: Target, run: str, before: LedgerState, pending: Pending
) -> LoadResult | None:
    """Bring the rows of all tables to the warehouse in one transaction, and return the result; None
    if another load was first."""
    began, rows = time.monotonic(), incoming(pending)
    with load_transaction(target.address) as connection:
        ledger.lock(connection)
        if ledger.read_state(connection) != before:
            return None
        written = merge(connection, lake.processed, target.schema, rows)
        ledger.record_batches(connection, pending, lake.generation, run)
        ledger.record_retries(connection, pending.retries, run)
    _analyze(target, rows)
    return LoadResult(written, *pending.span, time.monotonic() - began, len(pending.retries))


def _analyze(target: Target, loaded: Iterable[Incoming]) -> None:
    """Update the planner's statistics of tables to which many rows were added, unless another
    session locks them: the rows are committed, and autovacuum analyzes later."""
    big = [rows.table for rows in loaded if rows.files.rows >= BIG_LOAD]
    names = [qualified(target.schema, table.name) for table in big]
    names += [qualified(ETL, table.latest) for table in big if isinstance(table, Fact)]
    for _ in map_concurrently(lambda name: _analyze_one(target, name), names, CONNECTIONS):
        pass


def _analyze_one(target: Target, name: Sql) -> None:
    try:
        with load_transaction(target.address) as connection:
            connection.run(render(ANALYZE, table=name))
    except LockTimeout:
        logger.warning("table is locked and not analyzed", extra={"table": name})


def record_loads(lake: Lake, through: int, run: str) -> None:
    """Add the missing batches up to ``through`` to the load log, in one entry: a load may have
    crashed between its transaction and its entry, or a concurrent one may add the same."""
    while (last := lake.loads.head()) is None or last.last < through:
        number, first = (last.seq + 1, last.last + 1) if last else (1, 1)
        if first > through:
            return
        with suppress(SeqTaken):
            lake.loads.commit(LoadEntry(number, run, now(), first=first, last=through))
