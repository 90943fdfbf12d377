"""Every file of the lake has the field ids of the contracts, and timestamps in microseconds."""

import io

import pyarrow.parquet as pq
from pyspark.sql import SparkSession

import contracts
from contracts.field_ids import field_ids
from contracts.observation import (
    quarantine_columns,
    stored_columns,
    tombstone_columns,
)
from glue_jobs import build_dimensions, build_facts
from lake.entries import Output
from lake.store import Store
from tests.lake_builder import LakeBuilder, row

INVALID = {"agreed_delivery_date": "2024-99-99"}


def test_every_processed_file_has_the_ids_of_the_contract_and_no_int96(
    built: LakeBuilder, spark: SparkSession
):
    rows = {name: [row(name, 1)] for name in ("staff", "department", "transaction")}
    built.insert(**rows, sales_order=[row("sales_order", 1), row("sales_order", 2, **INVALID)])
    built.batch({"sales_order": [("D", row("sales_order", 3, **INVALID))]})
    build_dimensions.main(built.by_batch, spark)
    build_facts.main(built.by_batch, spark)

    lake, warehouse, source = built.lake, contracts.warehouse(), contracts.source()
    fact = next(fact for fact in warehouse.facts if fact.of == "sales_order")
    first, second = lake.facts.entry(1), lake.facts.entry(2)
    expected = {
        name: (output, stored_columns(warehouse.tables[name]))
        for name, output in {**lake.dimensions.entry(1).tables, **first.tables}.items()
    }
    held = source.tables["sales_order"]
    expected["quarantine"] = first.quarantined["sales_order"], quarantine_columns(held)
    expected["tombstones"] = second.tombstones[fact.name], tombstone_columns(fact)

    assert expected.keys() >= {"dim_date", "dim_staff", "dim_transaction", fact.name}
    for name, (output, columns) in expected.items():
        assert _ids(lake.processed, output) == field_ids(columns), name
        assert {"batch_seq", "change_seq", "observed_at"} <= field_ids(columns).keys()


def _ids(store: Store, output: Output) -> dict[str, int]:
    """Return the field id of each column. Fails at a timestamp that is not in microseconds."""
    [key] = output.files
    file = pq.ParquetFile(io.BytesIO(store.get(key)))
    physical = {
        column.name: column.physical_type
        for column in map(file.schema.column, range(len(file.schema)))
    }
    assert "INT96" not in physical.values()
    assert all(
        str(f.type) == "timestamp[us]" for f in file.schema_arrow if "timestamp" in str(f.type)
    )
    return {f.name: int(f.metadata[b"PARQUET:field_id"]) for f in file.schema_arrow}
