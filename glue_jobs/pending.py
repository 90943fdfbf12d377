"""What the lake has for the warehouse."""

from collections.abc import Sequence
from dataclasses import dataclass

from lake import Lake
from lake.entries import Batch, Built, Output


@dataclass(frozen=True)
class Origin:
    """Where batches come from: a lake, and the replay of its batches."""

    lake: str
    generation: int


@dataclass(frozen=True)
class Pending:
    """A batch, with what was made of it."""

    batch: Batch
    dimensions: Built
    facts: Built

    @property
    def rows(self) -> int:
        """Rows that it brings to the warehouse."""
        return sum(output.rows for output in self.outputs.values())

    @property
    def outputs(self) -> dict[str, Output]:
        """What was made of it, by warehouse table."""
        return {**self.dimensions.tables, **self.facts.tables}


def built_through(lake: Lake) -> int:
    """The last batch of which both dimensions and facts were made, 0 where there is none."""
    return min(lake.dimensions.head_seq(), lake.facts.head_seq())


def origin(lake: Lake, through: int) -> Origin:
    """Whose the batches up to ``through`` are."""
    return Origin(lake.batches.entry(through).lake, lake.generation)


def pending(lake: Lake, after: int, through: int) -> list[Pending]:
    """The batches beyond ``after``, oldest first, up to and with ``through``."""
    logs = lake.batches, lake.dimensions, lake.facts
    return [
        Pending(*entries)
        for entries in zip(*(log.after(after, through) for log in logs), strict=True)
    ]


def files_of(table: str, pending: Sequence[Pending]) -> Output:
    """All the files, and the rows, of a warehouse table in several batches."""
    outputs = [item.outputs[table] for item in pending if table in item.outputs]
    files = tuple(file for output in outputs for file in output.files)
    return Output(files, sum(output.rows for output in outputs))
