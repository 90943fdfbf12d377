"""The real dump of the source, for the tests that need its size and its values."""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

from pg8000.native import Connection

from postgres import names, render, transaction, value

PROJECT = Path(__file__).resolve().parents[1]
DUMP = PROJECT.parent / "shared" / "data" / "totesys-2024-11-15"
TABLES = (  # each after those that it refers to
    "address",
    "counterparty",
    "currency",
    "department",
    "design",
    "staff",
    "sales_order",
    "purchase_order",
    "payment_type",
    "transaction",
    "payment",
)


def available() -> bool:
    """Whether the dump is there; a test that needs it is skipped where it is not."""
    return DUMP.is_dir()


def load(connection: Connection, folder: Path = DUMP) -> None:
    """Fill the empty tables of ``totesys`` from the dump, in heap order, in one transaction.

    New rows get keys after those of the dump.
    """
    with transaction(connection):
        for table in TABLES:
            _load(connection, table, folder / f"{table}.csv.gz")


def _load(connection: Connection, table: str, file: Path) -> None:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
        columns = next(csv.reader(text))
    copy = render(
        "copy {table} ({columns}) from stdin with (format csv, header)",
        table=table,
        columns=names(columns),
    )
    connection.run(copy, stream=_blocks(file))
    continue_serial = render(
        "select setval(pg_get_serial_sequence({literal}, {column}), max({key})) from {table}",
        literal=value(table),
        column=value(f"{table}_id"),
        key=f"{table}_id",
        table=table,
    )
    connection.run(continue_serial)


def _blocks(file: Path) -> Iterator[bytes]:
    with gzip.open(file) as text:
        while block := text.read(1 << 16):
            yield block
