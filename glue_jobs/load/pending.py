"""The batches and retries that were built and are not in the warehouse yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile

from msgspec.structs import replace

from lake import Lake
from lake.concurrent import map_concurrently
from lake.entries import Batch, BuildEntry, Output, RetryEntry


@dataclass(frozen=True)
class PendingBatch:
    """A batch, with the entries of what the two jobs built from it."""

    batch: Batch
    dimensions: BuildEntry
    facts: BuildEntry

    @property
    def rows(self) -> int:
        """The number of its rows for the warehouse."""
        outputs = *self.tables.values(), *self.facts.tombstones.values()
        return sum(output.rows for output in outputs)

    @property
    def tables(self) -> dict[str, Output]:
        """Its files by warehouse table."""
        return {**self.dimensions.tables, **self.facts.tables}


@dataclass(frozen=True)
class Pending:
    """The batches and the retries, oldest first, that one load brings to the warehouse."""

    batches: list[PendingBatch]
    retries: list[RetryEntry]

    def __bool__(self) -> bool:
        return bool(self.batches or self.retries)

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last batch; 0 and 0 without batches."""
        seqs = [pending.batch.seq for pending in self.batches]
        return (seqs[0], seqs[-1]) if seqs else (0, 0)

    def rows_of(self, table: str) -> Output:
        """Return the files and the row count of a warehouse table."""
        batches = (item.tables for item in self.batches)
        return _of_table(table, [*batches, *(retry.tables for retry in self.retries)])

    def tombstones_of(self, fact: str) -> Output:
        """Return the files and the row count of a fact's tombstones. A retry lists those of all
        batches that it covers."""
        last = self.retries[-1] if self.retries else None
        covered = last.through if last else 0
        later = [item.facts.tombstones for item in self.batches if item.batch.seq > covered]
        return _of_table(fact, [last.tombstones, *later] if last else later)


def built_through(lake: Lake) -> int:
    """Return the last batch from which both dimensions and facts were built; 0 if there is none."""
    return min(lake.dimensions.last_batch(), lake.facts.last_batch())


def pending_batches(lake: Lake, after: int, through: int) -> list[PendingBatch]:
    """Return the batches beyond ``after`` up to and including ``through``, oldest first."""

    def read(seq: int) -> PendingBatch:
        # without its mirror, which is most of an entry: there may be many batches
        batch = replace(lake.batches.entry(seq), mirror={})
        return PendingBatch(batch, lake.dimensions.entry(seq), lake.facts.entry(seq))

    return list(map_concurrently(read, range(after + 1, through + 1)))


def pending_retries(lake: Lake, after: int, through: int) -> list[RetryEntry]:
    """Return the retries beyond ``after``, oldest first, that cover no batch beyond ``through``: a
    row that a retry brings back is never loaded before its batch."""
    return list(takewhile(lambda retry: retry.through <= through, lake.retries.after(after)))


def _of_table(table: str, outputs: Iterable[Mapping[str, Output]]) -> Output:
    found = [each[table] for each in outputs if table in each]
    files = tuple(file for output in found for file in output.files)
    return Output(files, sum(output.rows for output in found))
