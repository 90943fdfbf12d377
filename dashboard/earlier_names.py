"""Earlier labels of dimension members. The warehouse has the latest values of a dimension; the lake
has the rows of every batch in which they changed."""

import io
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from threading import Lock

import pyarrow.parquet as pq
import streamlit as st

from contracts import Dimension
from dashboard import labels
from dashboard.settings import Settings
from lake import Lake
from lake.concurrent import map_concurrently
from lake.entries import BuildEntry, Output

Key = tuple[object, int, str]
"""The addresses of a lake, its generation, and the name of a dimension."""


@dataclass
class Names:
    """The labels of the members of one dimension in the batches up to ``through``. The log of the
    lake only grows, so each batch is read once."""

    key: Key
    through: int = 0
    by_key: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    lock: Lock = field(default_factory=Lock)

    def update(self, lake: Lake, of: Dimension) -> None:
        """Read the batches that were built since the last call. Raises LakeUnavailable."""
        with self.lock:
            head = lake.dimensions.head_seq()
            numbers = range(self.through + 1, head + 1)
            for entry in map_concurrently(lake.dimensions.entry, numbers):
                for key, label in _labels(lake, of, entry):
                    self.by_key[key].add(label)
            self.through = head

    def matching(self, text: str, keys: Collection[int] = ()) -> list[int]:
        """Return the members of which a label contains the text, whatever its case; only those in
        ``keys``, if there are any."""
        folded = text.casefold()
        return [
            key
            for key, known in [*self.by_key.items()]
            if (not keys or key in keys) and any(folded in label.casefold() for label in known)
        ]


def names(settings: Settings, of: Dimension) -> Names | None:
    """Return the labels in the lake, or None if its address is unknown.

    Raises InvalidLake or LakeUnavailable.
    """
    lake = settings.lake
    if lake is None:
        return None
    known = _names((settings.stores, lake.generation, of.name))
    known.update(lake, of)
    return known


@st.cache_resource(max_entries=50, show_spinner=False)
def _names(key: Key) -> Names:
    return Names(key)


def _labels(lake: Lake, of: Dimension, entry: BuildEntry) -> Iterator[tuple[int, str]]:
    output = entry.tables.get(of.name, Output((), 0))
    columns = [of.key, *labels.label_columns(of)]
    for body in map_concurrently(lake.processed.get, output.files):
        for row in pq.read_table(io.BytesIO(body), columns=columns).to_pylist():
            yield row[of.key], labels.label(of, row)
