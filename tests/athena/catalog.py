"""A Data Catalog in memory, and Athena on its tables."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from contracts import glue
from glue_jobs.load.partitions import Partition, Table
from tests.athena.engine import Athena, Column, Part
from tests.athena.engine import Table as AthenaTable

PREFIX = "test"


class MemoryCatalog:
    """A catalog of registered partitions: table -> values of the partition -> location."""

    def __init__(self) -> None:
        self.partitions: defaultdict[Table, dict[tuple[str, ...], str]] = defaultdict(dict)

    def add(self, table: Table, partitions: Sequence[Partition]) -> None:
        for partition in partitions:
            self.partitions[table].setdefault(partition.values, partition.location)

    def athena(self) -> Athena:
        """Return Athena on the tables of the contracts, in databases named ``test_…``."""
        return Athena(self._tables())

    def _tables(self) -> Iterator[AthenaTable]:
        described = glue.tables()
        processed = {t.database for t in self.partitions if t.database.startswith("processed")}
        for database in ("ingestion", *processed):
            for name, table in described[database.partition("_")[0]].items():
                known = self.partitions[Table(database, name)]
                yield AthenaTable(
                    f"{PREFIX}_{database}",
                    name,
                    _columns(table["columns"]),
                    _columns(table["partition_keys"]),
                    [Part(values, _files(place)) for values, place in known.items()],
                )


def _columns(described: list[dict[str, Any]]) -> list[Column]:
    return [Column(column["name"], column["type"]) for column in described]


def _files(location: str) -> list[str]:
    """Return the files that Athena reads in a folder: all except hidden ones."""
    folder = Path(unquote(urlsplit(location).path))
    return [str(path) for path in sorted(folder.iterdir()) if path.name[0] not in "._"]
