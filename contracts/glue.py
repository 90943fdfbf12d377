"""The lake's tables as the AWS Glue Data Catalog, and with it Athena, is to know them."""

from collections.abc import Iterable
from typing import Any

import contracts
from contracts import Column, Dimension, Fact, SourceTable, Type, WarehouseTable
from contracts.arrow import UNFIT
from contracts.loader import HISTORY

LANDED = (
    Column(UNFIT, Type("text"), True, "JSON: column and original text of values that do not fit."),
    Column("op", Type("text"), False, "I, U or D: inserted, updated or deleted."),
    Column("batch_seq", Type("bigint"), False, "The batch."),
    Column("observed_at", Type("timestamp"), False, "Source clock of the batch's snapshot."),
)
"""What a source row lands with."""

DAY = Column("observed_date", Type("date"), False, "Day of observed_at.")
BATCH = Column("batch", Type("text"), False, "The batch, as 20 digits, and the run that wrote it.")


def glue_type(type_: Type) -> str:
    """The type in the words of Hive, which has no time of day: that is text, HH:MM:SS.ffffff."""
    match type_.kind:
        case "text" | "time":
            return "string"
        case "numeric":
            return f"decimal({type_.precision},{type_.scale})"
        case kind:
            return kind


def ingestion_table(table: SourceTable) -> dict[str, Any]:
    """Changed rows of a source table, as they landed."""
    return _table(table.about, table.key, [*table.columns, *LANDED], [DAY, BATCH])


def processed_table(table: WarehouseTable) -> dict[str, Any]:
    """Rows of a warehouse table, as each batch brought them."""
    described = _table(table.about, table.key, table.columns, [BATCH])
    match table:
        case Fact():
            return described | {"kind": "fact"}
        case Dimension():
            return described | {"kind": "dimension", "sources": sorted(table.source_tables)}
    return described


def tombstones_table(fact: Fact) -> dict[str, Any]:
    """Deletions of a fact whose last values could not conform."""
    about = f"Deletions whose last values cannot be a version of {fact.name}."
    told = [column for column in HISTORY if column.name != "is_deleted"]
    return _table(about, fact.key, [fact.column(fact.key), *told], [BATCH])


def tables() -> dict[str, Any]:
    """Every table of both buckets, by name, and the source's name."""
    source, warehouse = contracts.source(), contracts.warehouse()
    made = {name: processed_table(table) for name, table in warehouse.tables.items()}
    gone = {fact.tombstones: tombstones_table(fact) for fact in warehouse.facts}
    return {
        "source": source.name,
        "ingestion": {name: ingestion_table(table) for name, table in source.tables.items()},
        "processed": made | gone,
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
