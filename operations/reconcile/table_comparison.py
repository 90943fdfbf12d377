"""The comparison of a table with the rows that it should have, as counts."""

from dataclasses import dataclass, field

import pyarrow as pa

from ingestion_lambda.guards import is_mass_delete
from ingestion_lambda.mirror.difference import Difference

EXAMPLES = 3


@dataclass
class TableComparison:
    """Counts for the table ``name`` on ``side``: its rows, those that are missing, extra, or have
    different values, and ``explained``, the expected ones among these three. ``changed`` counts the
    rows that changed in the source since the last poll; they do not count as differences.
    ``deleted`` counts the rows of the mirror that the source no longer has."""

    side: str
    name: str
    rows: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    explained: int = 0
    changed: int = 0
    deleted: int = 0
    examples: list[int | str] = field(default_factory=list)
    keys: list[pa.Array] = field(default_factory=list, repr=False)

    @property
    def differences(self) -> int:
        """Count of rows that are not the same on both sides."""
        return self.missing + self.extra + self.different

    @property
    def unexplained(self) -> int:
        """Count of differences that are not explained."""
        return self.differences - self.explained

    @property
    def is_mass_delete(self) -> bool:
        """Whether the next poll is refused, because the source lost too many rows of the table."""
        return is_mass_delete(self.deleted, self.rows)

    @property
    def counts(self) -> dict[str, int]:
        """The counts for the last line of a command."""
        names = "rows", "missing", "extra", "different", "explained", "changed"
        return {name: getattr(self, name) for name in names}

    def note(self, missing: pa.Table, extra: pa.Table, different: pa.Table, key: str) -> None:
        """Add the rows that differ, and keep their keys."""
        self.missing += missing.num_rows
        self.extra += extra.num_rows
        self.different += different.num_rows
        for rows in (missing, extra, different):
            if rows.num_rows:
                self.keys.append(rows[key].combine_chunks())
                left = EXAMPLES - len(self.examples)
                self.examples += rows[key][: max(0, left)].to_pylist()

    def note_mirror(self, found: Difference, missed: Difference, key: str) -> None:
        """Add a bucket of the mirror: the rows ``found`` to differ from the source, of which a poll
        would not find those ``missed``."""
        self.rows += found.mirror.num_rows + found.deleted.num_rows - found.inserted.num_rows
        self.changed += found.changes - missed.changes
        self.deleted += found.deleted.num_rows
        self.note(missed.inserted, missed.deleted, missed.updated, key)

    def note_warehouse(self, differences: Difference, key: str) -> None:
        """Add the differences of a bucket of the warehouse from the rows of the mirror."""
        self.rows += differences.mirror.num_rows
        self.note(differences.deleted, differences.inserted, differences.updated, key)
