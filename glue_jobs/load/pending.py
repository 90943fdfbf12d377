"""What the lake has for the warehouse."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile

from msgspec.structs import replace

from lake import Lake
from lake.concurrent import map_concurrently
from lake.entries import Batch, BuildEntry, Output, RetryEntry


@dataclass(frozen=True)
class LakeIdentity:
    """Where batches come from: a lake, and the replay of its batches."""

    lake: str
    generation: int


@dataclass(frozen=True)
class Pending:
    """A batch, with what was made of it."""

    batch: Batch
    dimensions: BuildEntry
    facts: BuildEntry

    @property
    def rows(self) -> int:
        """Rows that it brings to the warehouse."""
        outputs = *self.outputs.values(), *self.facts.tombstones.values()
        return sum(output.rows for output in outputs)

    @property
    def outputs(self) -> dict[str, Output]:
        """What was made of it, by warehouse table."""
        return {**self.dimensions.tables, **self.facts.tables}


def built_through(lake: Lake) -> int:
    """The last batch of which both dimensions and facts were made, 0 where there is none."""
    return min(lake.dimensions.head_seq(), lake.facts.head_seq())


def origin(lake: Lake, through: int) -> LakeIdentity:
    """Whose the batches up to ``through`` are."""
    return LakeIdentity(lake.batches.entry(through).lake, lake.generation)


def pending(lake: Lake, after: int, through: int) -> list[Pending]:
    """The batches beyond ``after``, oldest first, up to and with ``through``."""

    def of(seq: int) -> Pending:
        # without its mirror, which is most of an entry: there may be many
        batch = replace(lake.batches.entry(seq), mirror={})
        return Pending(batch, lake.dimensions.entry(seq), lake.facts.entry(seq))

    return list(map_concurrently(of, range(after + 1, through + 1)))


def pending_retries(lake: Lake, after: int, through: int) -> list[RetryEntry]:
    """The retries beyond ``after``, oldest first, of batches up to and with ``through``: what a
    retry brings back never comes before its batch."""
    return list(takewhile(lambda retry: retry.through <= through, lake.retries.after(after)))


def files_of(table: str, tables: Iterable[Mapping[str, Output]]) -> Output:
    """All the files, and the rows, of a warehouse table in several batches and retries."""
    outputs = [each[table] for each in tables if table in each]
    files = tuple(file for output in outputs for file in output.files)
    return Output(files, sum(output.rows for output in outputs))
