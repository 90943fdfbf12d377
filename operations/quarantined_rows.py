"""Rows that were set apart and are open, by the reasons why."""

import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

import contracts
from lake import Lake
from lake.concurrent import map_concurrently
from lake.entries import Output


@dataclass(frozen=True)
class QuarantinedRows:
    """Open rows of a source table with the same reasons, and the key of one of them."""

    table: str
    reasons: str
    rows: int
    example: int


def quarantined_rows(lake: Lake, tables: Mapping[str, Output]) -> list[QuarantinedRows]:
    """The rows in these files, by table and reasons, the most first. Raises LakeUnavailable."""
    counted, examples = Counter[tuple[str, str]](), dict[tuple[str, str], int]()
    for table, output in tables.items():
        key = contracts.source().tables[table].key
        for reasons, rows, example in _grouped(lake, output.files, key):
            counted[table, reasons] += rows
            examples.setdefault((table, reasons), example)
    return [
        QuarantinedRows(table, reasons, rows, examples[table, reasons])
        for (table, reasons), rows in counted.most_common()
    ]


def _grouped(lake: Lake, files: Iterable[str], key: str) -> Iterable[tuple[str, int, int]]:
    """The reasons in each file, each with its rows and the least of their keys."""
    for body in map_concurrently(lake.processed.get, files):
        rows = pq.read_table(io.BytesIO(body), columns=[key, "reasons"])
        grouped: pa.Table = rows.group_by("reasons").aggregate([(key, "count"), (key, "min")])
        for found in grouped.to_pylist():
            yield found["reasons"], found[f"{key}_count"], found[f"{key}_min"]
