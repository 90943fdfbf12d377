"""The Data Catalog describes the tables as they are in the lake."""

import pytest

import contracts
from contracts import Type, glue
from contracts.arrow import batch_schema

TABLES = [*glue.tables()["ingestion"].items(), *glue.tables()["processed"].items()]
ARROW = {
    "int32": "int", "int64": "bigint", "string": "string", "bool": "boolean",
    "timestamp[us]": "timestamp", "date32[day]": "date",
}  # fmt: skip
COMMENT_LIMIT = 255  # bytes that Glue accepts


@pytest.mark.parametrize(
    ("type_", "hive_type"),
    {"int": "int", "bigint": "bigint", "text": "string", "boolean": "boolean", "date": "date",
     "numeric(10,2)": "decimal(10,2)", "timestamp": "timestamp", "time": "string"}.items(),
)  # fmt: skip
def test_every_type_has_a_hive_type(type_: str, hive_type: str):
    assert glue.glue_type(Type.parse(type_)) == hive_type


def test_every_table_and_the_tombstones_of_every_fact_are_described():
    tables, warehouse = glue.tables(), contracts.warehouse()
    assert tables["source"] == "totesys"
    assert tables["ingestion"].keys() == contracts.source().tables.keys()
    tombstones = {f"{fact.name}_tombstones" for fact in warehouse.facts}
    assert tables["processed"].keys() == warehouse.tables.keys() | tombstones


@pytest.mark.parametrize("name", contracts.source().tables)
def test_columns_of_an_ingestion_table_are_those_of_its_files(name: str):
    schema = batch_schema(contracts.source().tables[name])
    columns = glue.tables()["ingestion"][name]["columns"]
    types = {column["name"]: column["type"] for column in columns}
    assert list(types) == schema.names
    for field in schema:
        type_ = str(field.type).replace("decimal128", "decimal").replace(", ", ",")
        assert types[field.name] == ARROW.get(type_, type_)


def test_ingestion_has_partitions_by_day_and_batch_and_processed_by_batch():
    keys = {
        store: {tuple(k["name"] for k in table["partition_keys"]) for table in tables.values()}
        for store, tables in glue.tables().items()
        if store != "source"
    }
    assert keys == {"ingestion": {("observed_date", "batch")}, "processed": {("batch",)}}


@pytest.mark.parametrize("fact", contracts.warehouse().facts, ids=lambda fact: fact.name)
def test_tombstones_have_the_key_and_when_the_deletion_was_observed(fact: contracts.Fact):
    columns = glue.tombstones_table(fact)["columns"]
    assert [column["name"] for column in columns] == [
        fact.key, "observed_at", "batch_seq", "change_seq", "changed_at",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "table"), TABLES, ids=[name for name, _ in TABLES])
def test_every_column_is_unique_and_has_a_comment_that_glue_accepts(
    name: str, table: dict[str, list[dict[str, str]]]
):
    columns = [*table["columns"], *table["partition_keys"]]
    assert len({column["name"] for column in columns}) == len(columns)
    assert all(0 < len(column["comment"].encode()) <= COMMENT_LIMIT for column in columns)
