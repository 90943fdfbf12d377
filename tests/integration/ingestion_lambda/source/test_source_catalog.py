"""DDL at the source: a poll sees it, or refuses it."""

from dataclasses import replace

import pytest

import contracts
from ingestion_lambda.errors import SourceMismatch
from ingestion_lambda.source.scope import MARGIN
from postgres import Connection, render, value
from tests.integration.ingestion_lambda.conftest import Pipeline, mirrored_rows, source_rows

pytestmark = pytest.mark.lambda_runtime

SILENT_DDL = {
    "column replaced by another": (
        "sales_order",
        "ALTER TABLE sales_order DROP COLUMN unit_price;"
        "ALTER TABLE sales_order RENAME unit_price_new TO unit_price",
    ),
    "columns exchanged": (
        "staff",
        "ALTER TABLE staff RENAME first_name TO other;"
        "ALTER TABLE staff RENAME last_name TO first_name;"
        "ALTER TABLE staff RENAME other TO last_name",
    ),
    "column recreated with a default": (
        "staff",
        "ALTER TABLE staff DROP COLUMN email_address;"
        "ALTER TABLE staff ADD COLUMN email_address text NOT NULL DEFAULT 'default'",
    ),
    "label of an enum renamed": (
        "transaction",
        """ALTER TYPE "TransactionType" RENAME VALUE 'SALE' TO 'SALES'""",
    ),
}


def leave_margin(source: Connection) -> None:
    """Use up transaction ids, so that the next poll reads no present row again because of the
    margin below the horizon."""
    for _ in range(2 * MARGIN):
        source.run("SELECT pg_current_xact_id()")


@pytest.mark.parametrize(("table", "ddl"), SILENT_DDL.values(), ids=SILENT_DDL.keys())
def test_ddl_that_changes_values_without_touching_xmin_is_detected(
    pipeline: Pipeline, source: Connection, table: str, ddl: str
):
    source.run("ALTER TABLE sales_order ADD COLUMN unit_price_new numeric(10,2)")
    source.run("UPDATE sales_order SET unit_price_new = unit_price * 2")
    leave_margin(source)
    pipeline.poll()
    source.run(ddl)
    assert set(pipeline.poll().changes) == {table}
    assert mirrored_rows(pipeline, table) == source_rows(source, table)
    assert pipeline.poll().changes == {}


def test_comma_in_a_label_of_an_enum_hides_no_change(pipeline: Pipeline, source: Connection):
    rename = """ALTER TYPE "TransactionType" RENAME VALUE {old} TO {new}"""
    source.run(render(rename, old=value("SALE"), new=value("SALE,NEW")))
    leave_margin(source)
    pipeline.poll()
    source.run(render(rename, old=value("SALE,NEW"), new=value("SALE")))
    source.run(render(rename, old=value("PURCHASE"), new=value("NEW,PURCHASE")))
    assert set(pipeline.poll().changes) == {"transaction"}
    assert mirrored_rows(pipeline, "transaction") == source_rows(source, "transaction")


@pytest.mark.parametrize("schema", ["Sales", "the 'old' \"books\""])
def test_name_of_the_schema_has_capital_letters_and_quotes(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch, schema: str
):
    source.run(render("ALTER SCHEMA public RENAME TO {schema}", schema=schema))
    renamed = replace(contracts.source(), schema=schema)
    monkeypatch.setattr(contracts, "source", lambda: renamed)
    assert pipeline.poll().changes["staff"]["I"] > 0
    source.run(
        render("UPDATE {schema}.staff SET first_name = 'Bob' WHERE staff_id = 1", schema=schema)
    )
    assert pipeline.poll().changes == {"staff": {"I": 0, "U": 1, "D": 0}}


def test_table_exchanged_by_rename_is_read_in_full_and_only_differences_land(
    pipeline: Pipeline, source: Connection
):
    pipeline.poll()
    source.run(
        "CREATE TABLE other (LIKE payment_type INCLUDING INDEXES);"
        "INSERT INTO other TABLE payment_type;"
        "UPDATE other SET payment_type_name = 'SALES_REFUND' WHERE payment_type_id = 1;"
        "ALTER TABLE payment_type RENAME TO gone; ALTER TABLE other RENAME TO payment_type"
    )
    assert pipeline.poll().changes == {"payment_type": {"I": 0, "U": 1, "D": 0}}


PARTITIONED = """
DROP TABLE payment; CREATE TABLE payment (payment_id int PRIMARY KEY,
    created_at timestamp(3), last_updated timestamp(3), transaction_id int,
    counterparty_id int, payment_amount numeric(10,2), currency_id int,
    payment_type_id int, paid boolean, payment_date text, company_ac_number int,
    counterparty_ac_number int) PARTITION BY RANGE (payment_id);
CREATE TABLE payment_1 PARTITION OF payment FOR VALUES FROM (0) TO (100);
CREATE TABLE payment_2 PARTITION OF payment FOR VALUES FROM (100) TO (200);
CREATE TABLE other_1 (LIKE payment INCLUDING INDEXES);
INSERT INTO payment (payment_id, payment_date)
    VALUES (1, 'one'), (2, 'two'), (3, 'three'), (101, 'stays');
INSERT INTO other_1 (payment_id, payment_date) VALUES (1, 'one'), (2, 'TWO'), (4, 'four')
"""
EXCHANGE = """
BEGIN; ALTER TABLE payment DETACH PARTITION payment_1;
ALTER TABLE payment ATTACH PARTITION other_1 FOR VALUES FROM (0) TO (100);
ALTER TABLE payment_1 RENAME TO gone; ALTER TABLE other_1 RENAME TO payment_1; COMMIT
"""


def test_rows_of_an_exchanged_partition_arrive(pipeline: Pipeline, source: Connection):
    """All rows of both partitions have the xmin of one transaction, which is below the margin."""
    source.run(PARTITIONED)
    xmin = "SELECT DISTINCT xmin::text FROM (SELECT xmin FROM {old} UNION SELECT xmin FROM {new}) x"
    assert len(source.run(render(xmin, old="payment_1", new="other_1"))) == 1
    leave_margin(source)
    assert pipeline.poll().changes["payment"] == {"I": 4, "U": 0, "D": 0}
    assert pipeline.poll().changes == {}
    leave_margin(source)
    source.run(EXCHANGE)
    assert pipeline.poll().changes == {"payment": {"I": 1, "U": 1, "D": 1}}
    assert mirrored_rows(pipeline, "payment") == source_rows(source, "payment")
    texts = {row["payment_id"]: row["payment_date"] for row in pipeline.mirrored("payment")}
    assert texts == {1: "one", 2: "TWO", 4: "four", 101: "stays"}
    assert pipeline.poll().changes == {}


def test_missing_column_is_an_error_that_names_it(pipeline: Pipeline, source: Connection):
    source.run("ALTER TABLE staff RENAME COLUMN email_address TO email")
    with pytest.raises(SourceMismatch, match="staff does not have the column email_address"):
        pipeline.poll()


def test_column_without_a_contract_is_logged_and_left_out(
    pipeline: Pipeline, source: Connection, caplog: pytest.LogCaptureFixture
):
    source.run("ALTER TABLE staff ADD COLUMN shoe_size int DEFAULT 42")
    pipeline.poll()
    [record] = [record for record in caplog.records if "left out" in record.message]
    assert (record.table, record.columns) == ("staff", ("shoe_size",))  # type: ignore[attr-defined]  # extra
    assert "shoe_size" not in pipeline.landed("staff")[0]


INVALID_TABLES = {
    "view": (
        "ALTER TABLE payment RENAME TO payments; CREATE VIEW payment AS TABLE payments",
        "is a view or has inheriting tables",
    ),
    "table with inheriting tables": (
        "CREATE TABLE heir () INHERITS (payment)",
        "has inheriting tables",
    ),
    "key of another type": (
        "ALTER TABLE payment ALTER payment_id TYPE bigint",
        r"payment_id .* must be int2 or int4, .*; it is bigint\. To fix: ",
    ),
    "key that is not unique": (
        "ALTER TABLE payment DROP CONSTRAINT payment_pkey",
        "it is integer, without the index",
    ),
    "key whose index covers some rows": (
        "ALTER TABLE payment DROP CONSTRAINT payment_pkey;"
        "CREATE UNIQUE INDEX ON payment (payment_id) WHERE payment_id > 5",
        "it is integer, without the index",
    ),
    "key that is unique with another column": (
        "ALTER TABLE payment DROP CONSTRAINT payment_pkey;"
        "CREATE UNIQUE INDEX ON payment (payment_id, created_at)",
        "it is integer, without the index",
    ),
    "key that may be NULL": (
        "ALTER TABLE payment DROP CONSTRAINT payment_pkey, ALTER payment_id DROP NOT NULL;"
        "CREATE UNIQUE INDEX ON payment (payment_id)",
        r"it is integer, and may be NULL\. To fix: .* totesys/contracts/source/payment\.toml",
    ),
    "key whose NOT NULL was never validated": (
        "ALTER TABLE payment DROP CONSTRAINT payment_pkey, ALTER payment_id DROP NOT NULL;"
        "ALTER TABLE payment ADD NOT NULL payment_id NOT VALID;"
        "CREATE UNIQUE INDEX ON payment (payment_id)",
        "it is integer, and may be NULL",
    ),
    "key that a domain alone keeps from being NULL": (
        "CREATE DOMAIN key AS int NOT NULL;"
        "ALTER TABLE payment DROP CONSTRAINT payment_pkey, ALTER payment_id DROP NOT NULL,"
        " ALTER payment_id TYPE key; CREATE UNIQUE INDEX ON payment (payment_id)",
        "and may be NULL",
    ),
}


@pytest.mark.parametrize(("ddl", "message"), INVALID_TABLES.values(), ids=INVALID_TABLES.keys())
def test_table_whose_rows_cannot_be_followed_is_refused(
    pipeline: Pipeline, source: Connection, ddl: str, message: str
):
    if "NOT VALID" in ddl and source.version < 18:
        pytest.skip(f"PostgreSQL {source.version} validates NOT NULL at once")
    source.run(ddl)
    with pytest.raises(SourceMismatch, match=message):
        pipeline.poll()


def test_new_expression_of_a_virtual_column_is_detected(pipeline: Pipeline, source: Connection):
    if source.version < 18:
        pytest.skip(f"PostgreSQL {source.version} has no virtual columns")
    source.run(
        "ALTER TABLE staff DROP COLUMN email_address; ALTER TABLE staff"
        " ADD COLUMN email_address text GENERATED ALWAYS AS (first_name) VIRTUAL"
    )
    leave_margin(source)
    staff = pipeline.poll().changes["staff"]["I"]
    expression = "ALTER COLUMN email_address SET EXPRESSION AS (first_name || '@example.org')"
    source.run(f"ALTER TABLE staff {expression}")
    assert pipeline.poll().changes == {"staff": {"I": 0, "U": staff, "D": 0}}
    assert pipeline.poll().changes == {}


def test_row_without_a_key_is_refused_and_the_lake_stays_readable(
    pipeline: Pipeline, source: Connection
):
    pipeline.poll()
    source.run(
        "ALTER TABLE payment DROP CONSTRAINT payment_pkey,"
        " DROP CONSTRAINT payment_transaction_id_key, ALTER payment_id DROP NOT NULL;"
        "CREATE UNIQUE INDEX ON payment (payment_id)"
    )
    source.run(
        "INSERT INTO payment SELECT NULL, created_at, last_updated, transaction_id,"
        " counterparty_id, payment_amount, currency_id, payment_type_id, paid, payment_date,"
        " company_ac_number, counterparty_ac_number FROM payment WHERE payment_id = 1"
    )
    with pytest.raises(SourceMismatch, match="payment_id identifies the rows"):
        pipeline.poll()
    assert [entry.seq for entry in pipeline.lake.batches.after(0)] == [1]
    source.run("DELETE FROM payment WHERE payment_id IS NULL")
    source.run("ALTER TABLE payment ADD PRIMARY KEY (payment_id)")
    assert pipeline.poll().changes == {}


def test_unique_index_with_included_columns_is_a_key(pipeline: Pipeline, source: Connection):
    source.run(
        "ALTER TABLE payment DROP CONSTRAINT payment_pkey;"
        "CREATE UNIQUE INDEX ON payment (payment_id) INCLUDE (created_at)"
    )
    assert pipeline.poll().seq == 1
