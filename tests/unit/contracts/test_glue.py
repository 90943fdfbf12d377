"""What the Data Catalog is told of a table is what lies in the lake."""

import pytest

import contracts
from contracts import Type, glue
from contracts.arrow import batch_schema

TABLES = [*glue.tables()["ingestion"].items(), *glue.tables()["processed"].items()]
ARROW = {
    "int32": "int", "int64": "bigint", "string": "string", "bool": "boolean",
    "timestamp[us]": "timestamp", "date32[day]": "date",
}  # fmt: skip
COMMENT_LIMIT = 255  # Glue's


@pytest.mark.parametrize(
    ("ours", "hives"),
    {"int": "int", "bigint": "bigint", "text": "string", "boolean": "boolean", "date": "date",
     "numeric(10,2)": "decimal(10,2)", "timestamp": "timestamp", "time": "string"}.items(),
)  # fmt: skip
def test_every_type_has_one_of_hive(ours: str, hives: str):
    assert glue.glue_type(Type.parse(ours)) == hives


def test_every_table_of_both_databases_is_there_and_the_tombstones_of_every_fact():
    tables, warehouse = glue.tables(), contracts.warehouse()
    assert tables["source"] == "totesys"
    assert tables["ingestion"].keys() == contracts.source().tables.keys()
    gone = {f"{fact.name}_tombstones" for fact in warehouse.facts}
    assert tables["processed"].keys() == warehouse.tables.keys() | gone


@pytest.mark.parametrize("name", contracts.source().tables)
def test_columns_of_a_landed_table_are_those_of_its_files(name: str):
    schema = batch_schema(contracts.source().tables[name])
    told = {
        column["name"]: column["type"] for column in glue.tables()["ingestion"][name]["columns"]
    }
    assert list(told) == schema.names
    for field in schema:
        kind = str(field.type).replace("decimal128", "decimal").replace(", ", ",")
        assert told[field.name] == ARROW.get(kind, kind)


def test_landed_rows_are_partitioned_by_day_and_batch_and_processed_ones_by_batch():
    keys = {
        database: {tuple(k["name"] for k in table["partition_keys"]) for table in tables.values()}
        for database, tables in glue.tables().items()
        if database != "source"
    }
    assert keys == {"ingestion": {("observed_date", "batch")}, "processed": {("batch",)}}


@pytest.mark.parametrize(("name", "table"), TABLES, ids=[name for name, _ in TABLES])
def test_every_column_is_named_once_and_says_what_it_means_in_what_glue_takes(
    name: str, table: dict[str, list[dict[str, str]]]
):
    columns = [*table["columns"], *table["partition_keys"]]
    assert len({column["name"] for column in columns}) == len(columns)
    assert all(0 < len(column["comment"].encode()) <= COMMENT_LIMIT for column in columns)
