"""The field ids of this project's columns are fixed for ever: files that exist have them."""

import tomllib
from pathlib import Path

import contracts
from contracts.field_ids import field_ids
from contracts.observation import batch_columns, stored_columns

FIXED = tomllib.loads((Path(__file__).parent / "field_ids.toml").read_text(encoding="utf-8"))


def test_field_ids_are_those_of_the_files_that_exist():
    source, warehouse = contracts.source().tables, contracts.warehouse().tables
    ids = {
        "ingestion": {name: field_ids(batch_columns(table)) for name, table in source.items()},
        "processed": {name: field_ids(stored_columns(table)) for name, table in warehouse.items()},
    }
    fixed = {
        store: {
            name: {column: number for number, column in enumerate(columns.split(), 1)}
            for name, columns in tables.items()
        }
        for store, tables in FIXED.items()
    }
    assert ids == fixed
