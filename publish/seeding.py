"""Give a table that is made new the files of the last compaction."""

from collections.abc import Callable, Mapping

from pyiceberg.table import Table

from lake import Lake
from lake.compactions import CompactionEntry
from publish.tables import COMPACTED, PublishedTable, address_of_file, property_of

Through = Mapping[str, int]
"""The last entry whose files a table has, by log."""


class Seed:
    """The files of a table after the last compaction, and the entries up to which these are all."""

    def __init__(self, lake: Lake, published: PublishedTable, head: CompactionEntry | None) -> None:
        self._head, self._properties = head, {log: property_of(log) for log in published.logs}
        self._files = [
            address_of_file(lake, published.namespace, file)
            for part in (head.parts.get(published.name, ()) if head else ())
            for file in part.files
        ]

    def is_empty(self) -> bool:
        """Return whether the table has no file of these entries."""
        return not self._files

    @property
    def through(self) -> Through:
        """The entries up to which the table has its files once it has those of the compaction."""
        return self._head.through if self._head else {}

    def add(self, table: Table, commit: Callable[[list[str], Mapping[str, str]], None]) -> Through:
        """Add the files to a table without files, by ``commit`` of files and properties. Return
        the entries up to which the table has its files."""
        found = {log: table.properties.get(name) for log, name in self._properties.items()}
        if any(found.values()):
            return {log: int(through or 0) for log, through in found.items()}
        if self._head and self._files:
            through = {n: str(self.through.get(log, 0)) for log, n in self._properties.items()}
            commit(self._files, {**through, COMPACTED: str(self._head.seq)})
        return self.through
