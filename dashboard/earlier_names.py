"""Earlier labels of dimension members. The warehouse has the latest values of a dimension; the lake
has the rows of every batch in which they changed."""

import io
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock

import pyarrow.parquet as pq
import streamlit as st

from contracts import Dimension
from dashboard import labels
from dashboard.settings import Settings
from lake import Lake
from lake.concurrent import map_concurrently

Key = tuple[object, int, tuple[str, ...]]
"""The addresses of a lake, its generation, and the names of the dimensions."""

ByKey = dict[int, set[str]]


@dataclass
class Names:
    """The labels of the members of some dimensions in the entries up to ``through``. The log of the
    lake only grows, so each of its entries and files is read once."""

    key: Key
    through: int = 0
    labels: dict[str, ByKey] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    lock: Lock = field(default_factory=Lock)

    def update(self, lake: Lake, dimensions: Sequence[Dimension]) -> None:
        """Read the entries that were added since the last call. Raises LakeUnavailable."""
        with self.lock:
            head = lake.dimensions.head_seq()
            for name, key, label in _labels(lake, dimensions, range(self.through + 1, head + 1)):
                self.labels[name][key].add(label)
            self.through = head

    def matching(self, of: Dimension, text: str, keys: Collection[int] = ()) -> list[int]:
        """Return the members of which a label contains the text, whatever its case; only those in
        ``keys``, if there are any."""
        folded = text.casefold()
        return [
            key
            for key, known in [*self.labels[of.name].items()]
            if (not keys or key in keys) and any(folded in label.casefold() for label in known)
        ]


def names(settings: Settings, dimensions: Sequence[Dimension]) -> Names | None:
    """Return the labels in the lake, or None if its address is unknown.

    Raises InvalidLake or LakeUnavailable.
    """
    lake = settings.lake
    if lake is None:
        return None
    known = _names((settings.stores, lake.generation, tuple(of.name for of in dimensions)))
    known.update(lake, dimensions)
    return known


@st.cache_resource(max_entries=50, show_spinner=False)
def _names(key: Key) -> Names:
    return Names(key)


def _labels(
    lake: Lake, dimensions: Sequence[Dimension], numbers: range
) -> Iterator[tuple[str, int, str]]:
    """Yield dimension, key and label of the rows of these entries."""
    entries = map_concurrently(lake.dimensions.entry, numbers)
    files = (
        (of, file)
        for entry in entries
        for of in dimensions
        if of.name in entry.tables
        for file in entry.tables[of.name].files
    )
    for rows in map_concurrently(lambda place: _rows(lake, *place), files):
        yield from rows


def _rows(lake: Lake, of: Dimension, file: str) -> list[tuple[str, int, str]]:
    body = io.BytesIO(lake.processed.get(file))
    table = pq.read_table(body, columns=[of.key, *labels.label_columns(of)])
    return [(of.name, row[of.key], labels.label(of, row)) for row in table.to_pylist()]
