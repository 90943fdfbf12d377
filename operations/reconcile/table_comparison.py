"""Two sides of a table, compared and counted."""

from dataclasses import dataclass, field

import pyarrow as pa

from ingestion_lambda.mirror.difference import Difference

EXAMPLES = 3


@dataclass
class TableComparison:
    """How the table ``name`` on ``side`` compares with what it is checked against: rows that it
    has, those that it lacks, has beyond, or has with other values, and ``explained``, those of
    the three that are as they should be."""

    side: str
    name: str
    rows: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    explained: int = 0
    examples: list[int | str] = field(default_factory=list)
    keys: list[pa.Array] = field(default_factory=list, repr=False)

    @property
    def differences(self) -> int:
        """Rows that are not the same on both sides."""
        return self.missing + self.extra + self.different

    @property
    def unexplained(self) -> int:
        """Differences that nothing explains."""
        return self.differences - self.explained

    @property
    def counts(self) -> dict[str, int]:
        """The figures, as the last line of a command has them."""
        names = "rows", "missing", "extra", "different", "explained"
        return {name: getattr(self, name) for name in names}

    def note(self, missing: pa.Table, extra: pa.Table, different: pa.Table, key: str) -> None:
        """Count the rows that differ, and keep their keys."""
        self.missing += missing.num_rows
        self.extra += extra.num_rows
        self.different += different.num_rows
        for rows in (missing, extra, different):
            if rows.num_rows:
                self.keys.append(rows[key].combine_chunks())
                wanted = EXAMPLES - len(self.examples)
                self.examples += rows[key][: max(0, wanted)].to_pylist()

    def note_mirror(self, found: Difference, key: str) -> None:
        """A bucket of the mirror, found to differ so from the source."""
        self.rows += found.mirror.num_rows + found.deleted.num_rows - found.inserted.num_rows
        self.note(found.inserted, found.deleted, found.updated, key)

    def note_warehouse(self, found: Difference, key: str) -> None:
        """A bucket of the warehouse, which differs so from what the mirror asks for."""
        self.rows += found.mirror.num_rows
        self.note(found.deleted, found.inserted, found.updated, key)
