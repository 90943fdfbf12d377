"""Load what was built and is not in the warehouse yet: every batch exactly once."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pg8000.native import Connection

import contracts
from contracts import WarehouseTable
from glue_jobs import ledger
from glue_jobs.ledger import Standing
from glue_jobs.merge import merge, qualified
from glue_jobs.pending import Origin, Pending, built_through, files_of, origin, pending
from glue_jobs.session import Session
from glue_jobs.staging import (
    Staged,
    check_counts,
    drop,
    drop_left_behind,
    stage,
    staging_name,
    staging_tables,
)
from lake import Lake, SeqTaken, Store, now
from lake.entries import Loaded
from postgres import Address, connected, render, transaction

ANALYZE = "analyze {table}"
BIG_LOAD = 5_000  # rows; smaller changes are left to autovacuum

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """The warehouse: a database, and the schema in it."""

    address: Address
    schema: str


@dataclass(frozen=True)
class Loading:
    """What a load did. Batches ``from_seq`` to ``through_seq`` came in, none where both are 0;
    ``rows`` counts the rows written by table."""

    rows: Mapping[str, int]
    from_seq: int
    through_seq: int
    seconds: float


def load(lake: Lake, target: Target, run: str, spark: Session) -> Loading:
    """Bring every batch that was built beyond the warehouse's ledger into the warehouse, all in
    one transaction, then enter what is loaded into the load log.

    ``spark`` is called only if there are rows to bring. Of several loads at once one does it.
    Raises SchemaOutdated, OtherLedger, StagingFailed or StagedCountsDiffer.
    """
    began = time.monotonic()
    through = built_through(lake)
    if not through:
        return Loading({}, 0, 0, 0.0)
    whose = origin(lake, through)
    with connected(target.address, "load_warehouse") as connection:
        found = ledger.standing(connection)
        ledger.check(found, whose, target.schema, contracts.warehouse().fingerprint)
        batches = pending(lake, found.head, through)
        work = _Work(connection, target, whose, run)
        rows = work.bring(found, batches, lake.processed, spark) if batches else None
        loaded = ledger.standing(connection).head
    record_loads(lake, min(loaded, through), run)
    seconds = time.monotonic() - began
    if rows is None:
        return Loading({}, 0, 0, seconds)
    done = Loading(rows, batches[0].batch.seq, through, seconds)
    logger.info("warehouse loaded", extra={**vars(done), "run": run})
    return done


def record_loads(lake: Lake, through: int, run: str) -> None:
    """Enter every batch up to ``through`` that the load log lacks: a load may have crashed
    between its transaction and its entries, or another one may be entering the same."""
    for seq in range(lake.loads.head_seq() + 1, through + 1):
        try:
            lake.loads.commit(Loaded(seq, run, now()))
        except SeqTaken:
            continue


@dataclass(frozen=True)
class _Work:
    connection: Connection
    target: Target
    origin: Origin
    run: str

    def bring(
        self,
        before: Standing,
        batches: Sequence[Pending],
        store: Store,
        spark: Session,
    ) -> Mapping[str, int] | None:
        """Stage and merge the batches; None where another load was quicker."""
        staged = self._staged(batches)
        drop_left_behind(self.connection)
        with staging_tables(self.connection, staged):
            for table in staged:
                stage(spark, store, self.target.address, table)
            with transaction(self.connection):
                ledger.lock(self.connection)
                if ledger.standing(self.connection) != before:
                    return None
                check_counts(self.connection, staged)
                rows = merge(self.connection, self.target.schema, staged)
                ledger.record(self.connection, batches, self.origin, self.run)
                drop(self.connection, staged)
        for table in staged:
            if table.rows >= BIG_LOAD:
                name = qualified(self.target.schema, table.table.name)
                self.connection.run(render(ANALYZE, table=name))
        return rows

    def _staged(self, batches: Sequence[Pending]) -> list[Staged]:
        """What there is to stage: dimensions before the facts that refer to them."""
        warehouse = contracts.warehouse()
        tables: tuple[WarehouseTable, ...] = (
            *warehouse.calendars,
            *warehouse.dimensions,
            *warehouse.facts,
        )
        outputs = ((table, files_of(table.name, batches)) for table in tables)
        return [
            Staged(table, staging_name(self.run, table), output.files, output.rows)
            for table, output in outputs
            if output.rows
        ]
