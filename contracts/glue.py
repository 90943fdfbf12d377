"""Tables of the lake as the AWS Glue Data Catalog describes them to Athena."""

from collections.abc import Iterable
from typing import Any

import contracts
from contracts import Column, Dimension, Fact, SourceTable, Type, WarehouseTable
from contracts.observation import batch_columns, stored_columns, tombstone_columns

DAY = Column("observed_date", Type("date"), False, "Day of observed_at.")
BATCH = Column("batch", Type("text"), False, "The batch, as 20 digits, and the run that wrote it.")


def glue_type(type_: Type) -> str:
    """Return the Hive type. Hive has no type for a time of day: it is text, HH:MM:SS.ffffff."""
    match type_.kind:
        case "text" | "time":
            return "string"
        case "numeric":
            return f"decimal({type_.precision},{type_.scale})"
        case kind:
            return kind


def ingestion_table(table: SourceTable) -> dict[str, Any]:
    """Describe the changed rows of a source table in the *ingestion* store."""
    return _table(table.about, table.key, batch_columns(table), [DAY, BATCH])


def processed_table(table: WarehouseTable) -> dict[str, Any]:
    """Describe the rows of a warehouse table in the *processed* store."""
    described = _table(table.about, table.key, stored_columns(table), [BATCH])
    match table:
        case Fact():
            return described | {"kind": "fact"}
        case Dimension():
            return described | {"kind": "dimension", "sources": sorted(table.source_tables)}
    return described


def tombstones_table(fact: Fact) -> dict[str, Any]:
    """Describe the tombstones of a fact."""
    about = f"Deletions whose last values cannot be a version of {fact.name}."
    return _table(about, fact.key, tombstone_columns(fact), [BATCH])


def tables() -> dict[str, Any]:
    """Describe every table of both stores, by name. ``source`` is the name of the source."""
    source, warehouse = contracts.source(), contracts.warehouse()
    processed = {name: processed_table(table) for name, table in warehouse.tables.items()}
    tombstones = {fact.tombstones: tombstones_table(fact) for fact in warehouse.facts}
    return {
        "source": source.name,
        "ingestion": {name: ingestion_table(table) for name, table in source.tables.items()},
        "processed": processed | tombstones,
    }


def _table(
    about: str, key: str, columns: Iterable[Column], partition_keys: Iterable[Column]
) -> dict[str, Any]:
    return {
        "about": about,
        "key": key,
        "columns": [_column(column) for column in columns],
        "partition_keys": [_column(column) for column in partition_keys],
    }


def _column(column: Column) -> dict[str, str]:
    return {"name": column.name, "type": glue_type(column.type), "comment": column.about}
