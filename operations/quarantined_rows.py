"""Open rows in quarantine: each with its key, and grouped by their reasons."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq

import contracts
from contracts.arrow import read_changes
from contracts.observation import ORDER
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
    """Return the rows in these files by table and reasons, the most frequent first.

    Raises LakeUnavailable.
    """
    counts, examples = Counter[tuple[str, str]](), dict[tuple[str, str], int]()
    for table, output in tables.items():
        key = contracts.source().tables[table].key
        for reasons, rows, example in _grouped(lake, output.files, key):
            counts[table, reasons] += rows
            examples.setdefault((table, reasons), example)
    return [
        QuarantinedRows(table, reasons, rows, examples[table, reasons])
        for (table, reasons), rows in counts.most_common()
    ]


@dataclass(frozen=True)
class QuarantinedKey:
    """An open row: its table and key, the batch and the source's clock of its version, and the
    reasons."""

    table: str
    key: int
    batch: int
    observed_at: datetime
    reasons: str


def quarantined_keys(lake: Lake, tables: Mapping[str, Output]) -> Iterator[QuarantinedKey]:
    """Yield every row in these files, by table and key. Raises LakeUnavailable."""
    for table, output in sorted(tables.items()):
        key = contracts.source().tables[table].key
        columns = [key, *ORDER, "observed_at", "reasons"]
        bodies = map_concurrently(lake.processed.get, output.files)
        rows = pa.concat_tables(read_changes(body, columns) for body in bodies)
        for row in rows.sort_by([(name, "ascending") for name in (key, *ORDER)]).to_pylist():
            yield QuarantinedKey(
                table, row[key], row["batch_seq"], row["observed_at"], row["reasons"]
            )


def keys_as_csv(keys: Iterable[QuarantinedKey]) -> str:
    """Return the rows as CSV with a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(QuarantinedKey))
    writer.writerows(astuple(key) for key in keys)
    return text.getvalue()


def _grouped(lake: Lake, files: Iterable[str], key: str) -> Iterable[tuple[str, int, int]]:
    """Yield the reasons in each file, each with the count and the lowest key of its rows."""
    for body in map_concurrently(lake.processed.get, files):
        rows = pq.read_table(io.BytesIO(body), columns=[key, "reasons"])
        groups: pa.Table = rows.group_by("reasons").aggregate([(key, "count"), (key, "min")])
        for group in groups.to_pylist():
            yield group["reasons"], group[f"{key}_count"], group[f"{key}_min"]
