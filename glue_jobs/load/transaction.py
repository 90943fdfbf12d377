"""Load what was built and is not in the warehouse yet: every batch exactly once."""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pg8000.native import Connection

import contracts
from contracts import Fact, WarehouseTable
from glue_jobs.load import ledger
from glue_jobs.load.ledger import LedgerState
from glue_jobs.load.merge import merge, qualified
from glue_jobs.load.partitions import Registry
from glue_jobs.load.pending import (
    LakeIdentity,
    Pending,
    built_through,
    files_of,
    origin,
    pending,
    pending_retries,
)
from glue_jobs.load.staging import (
    Staged,
    Tombstones,
    check_counts,
    drop,
    drop_left_behind,
    stage_all,
    staging_name,
    staging_tables,
)
from glue_jobs.session import Session
from lake import Lake, SeqTaken, Store, now
from lake.entries import LoadEntry, Output, RetryEntry
from postgres import Address, connected, render, transaction

ANALYZE = "analyze {table}"
ETL = "etl"
BIG_LOAD = 5_000  # rows; smaller changes are left to autovacuum

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """The warehouse: a database, and the schema in it."""

    address: Address
    schema: str


@dataclass(frozen=True)
class LoadResult:
    """What a load did. Batches ``from_seq`` to ``through_seq`` came in, none where both are 0, and
    ``retries`` of quarantined rows; ``rows`` counts the rows written by table."""

    rows: Mapping[str, int]
    from_seq: int
    through_seq: int
    seconds: float
    retries: int = 0


@dataclass(frozen=True)
class _Lacking:
    """What the warehouse does not have."""

    batches: list[Pending]
    retries: list[RetryEntry]

    @property
    def tables(self) -> Iterable[Mapping[str, Output]]:
        """What each batch and each retry brings, by warehouse table."""
        yield from (item.outputs for item in self.batches)
        yield from (item.tables for item in self.retries)

    @property
    def tombstones(self) -> Iterable[Mapping[str, Output]]:
        """The deletions without values, by fact: a retry has those of all batches up to its own."""
        retried = self.retries[-1] if self.retries else None
        if retried:
            yield retried.tombstones
        through = retried.through if retried else 0
        yield from (i.facts.tombstones for i in self.batches if i.batch.seq > through)

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last batch."""
        seqs = [item.batch.seq for item in self.batches]
        return (seqs[0], seqs[-1]) if seqs else (0, 0)


def load(
    lake: Lake, target: Target, run: str, spark: Session, registry: Registry | None = None
) -> LoadResult:
    """Bring every batch that was built beyond the warehouse's ledger into the warehouse, with the
    retries of quarantined rows, all in one transaction; then register what is loaded with
    ``registry``, where there is one, and enter the batches into the load log.

    ``spark`` is called only if there are rows to bring. Of several loads at once one does it.
    Raises SchemaOutdated, OtherLedger, StagingFailed, StagedCountsDiffer or PartitionsRefused.
    """
    began = time.monotonic()
    through = built_through(lake)
    if not through:
        return LoadResult({}, 0, 0, 0.0)
    whose = origin(lake, through)
    with connected(target.address, "load_warehouse") as connection:
        found = ledger.read_state(connection)
        ledger.check(found, whose, target.schema, contracts.warehouse().fingerprint)
        ledger.check_batches(found, lake)
        lacking = _Lacking(
            pending(lake, found.head, through), pending_retries(lake, found.retries, through)
        )
        work = _Work(connection, target, whose, run)
        is_due = lacking.batches or lacking.retries
        rows = work.bring(found, lacking, lake.processed, spark) if is_due else None
        standing = ledger.read_state(connection)
    loaded = min(standing.head, through)
    if registry:
        registry.register(lake, loaded, standing.retries)
    record_loads(lake, loaded, run)
    seconds = time.monotonic() - began
    if rows is None:
        return LoadResult({}, 0, 0, seconds)
    done = LoadResult(rows, *lacking.span, seconds, len(lacking.retries))
    logger.info("warehouse loaded", extra={**vars(done), "run": run})
    return done


def record_loads(lake: Lake, through: int, run: str) -> None:
    """Enter every batch up to ``through`` that the load log lacks: a load may have crashed
    between its transaction and its entries, or another one may be entering the same."""
    for seq in range(lake.loads.head_seq() + 1, through + 1):
        try:
            lake.loads.commit(LoadEntry(seq, run, now()))
        except SeqTaken:
            continue


@dataclass(frozen=True)
class _Work:
    connection: Connection
    target: Target
    origin: LakeIdentity
    run: str

    def bring(
        self,
        before: LedgerState,
        lacking: _Lacking,
        store: Store,
        spark: Session,
    ) -> Mapping[str, int] | None:
        """Stage and merge what is lacking; None where another load was quicker."""
        staged = self._staged(lacking)
        drop_left_behind(self.connection)
        with staging_tables(self.connection, staged):
            stage_all(spark, store, self.target.address, staged)
            with transaction(self.connection):
                ledger.lock(self.connection)
                if ledger.read_state(self.connection) != before:
                    return None
                check_counts(self.connection, staged)
                rows = merge(self.connection, self.target.schema, staged)
                ledger.record(self.connection, lacking.batches, self.origin, self.run)
                ledger.record_retries(self.connection, lacking.retries, self.run)
                drop(self.connection, staged)
        for table in staged:
            if table.rows >= BIG_LOAD:
                self._analyze(table.table)
        return rows

    def _analyze(self, table: WarehouseTable) -> None:
        """Let the planner know what a big load has brought."""
        places = [(self.target.schema, table.name)]
        if isinstance(table, Fact):
            places.append((ETL, table.latest))
        for schema, name in places:
            self.connection.run(render(ANALYZE, table=qualified(schema, name)))

    def _staged(self, lacking: _Lacking) -> list[Staged]:
        """What there is to stage: dimensions before the facts that refer to them, and tombstones
        behind the versions whose values they take."""
        warehouse = contracts.warehouse()
        tables: tuple[WarehouseTable, ...] = (
            *warehouse.calendars,
            *warehouse.dimensions,
            *warehouse.facts,
        )
        outputs = [(table, files_of(table.name, lacking.tables)) for table in tables]
        gone = [(fact, files_of(fact.name, lacking.tombstones)) for fact in warehouse.facts]
        rows = [
            Staged(table, staging_name(self.run, table.name), output.files, output.rows)
            for table, output in outputs
            if output.rows
        ]
        return rows + [
            Tombstones(fact, staging_name(self.run, f"{fact.name}_gone"), output.files, output.rows)
            for fact, output in gone
            if output.rows
        ]
