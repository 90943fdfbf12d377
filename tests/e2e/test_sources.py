"""Sources with what users of similar tools reported: each cell arrives, or is quarantined."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pg8000.native import Connection
from pyspark.sql import SparkSession

from embedded.platform import Platform
from embedded.server import Server
from ingestion_lambda.errors import SourceMismatch
from postgres import connected, from_dsn, render, value
from totesys.simulator import Simulator

CREATE = (
    "CREATE DATABASE sql_ascii ENCODING 'SQL_ASCII' TEMPLATE template0"
    " LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"
)
NULL_KEY = """
ALTER TABLE payment DROP CONSTRAINT payment_pkey, DROP CONSTRAINT payment_transaction_id_key,
    ALTER payment_id DROP NOT NULL;
CREATE UNIQUE INDEX ON payment (payment_id);
INSERT INTO payment SELECT NULL, created_at, last_updated, transaction_id, counterparty_id,
    payment_amount, currency_id, payment_type_id, paid, payment_date, company_ac_number,
    counterparty_ac_number FROM payment WHERE payment_id = 1
"""


@pytest.fixture
def sql_ascii(server: Server) -> Iterator[str]:
    """A seeded source that stores any bytes as text."""
    with connected(from_dsn(server.dsn("postgres")), "tests") as connection:
        connection.run(CREATE)
    try:
        with connected(from_dsn(server.dsn("sql_ascii")), "tests") as connection:
            simulator = Simulator(connection)
            simulator.create_schema()
            simulator.seed(10)
        yield server.dsn("sql_ascii")
    finally:
        server.drop_database("sql_ascii")


def set_bytes(source: Connection, table: str, column: str, key: int, text: bytes) -> None:
    parts: dict[str, str | int] = {
        "table": table, "column": column, "id": f"{table}_id", "key": key,
    }  # fmt: skip
    update = "UPDATE {table} SET {column} = convert_from({text}, 'SQL_ASCII') WHERE {id} = {key}"
    source.run("SET client_encoding = SQL_ASCII")
    source.run(render(update, text=value("\\x" + text.hex()), **parts))
    source.run("SET client_encoding = UTF8")


def test_cell_in_another_encoding_is_quarantined_and_every_other_row_is_loaded(
    tmp_path: Path, sql_ascii: str, warehouse_dsn: str, warehouse: Connection, spark: SparkSession
):
    platform = Platform(tmp_path / "lake", sql_ascii, warehouse_dsn, spark=lambda: spark)
    with connected(from_dsn(sql_ascii), "writer") as source:
        set_bytes(source, "purchase_order", "item_code", 1, b"caf\xe9")
        set_bytes(source, "staff", "first_name", 2, b"Ren\xe9")
        set_bytes(source, "staff", "first_name", 3, "René".encode())
        [[orders]] = source.run("SELECT count(*) FROM purchase_order")
        [[sales]] = source.run("SELECT count(*) FROM sales_order")
    platform.cycle()
    assert platform.report()["quarantined"] == 1
    count = "SELECT count(*) FROM warehouse.{view}"
    assert warehouse.run(render(count, view="fact_purchase_order_current")) == [[orders - 1]]
    assert warehouse.run(render(count, view="fact_sales_order_current")) == [[sales]]
    staff = "SELECT staff_id, first_name FROM warehouse.dim_staff WHERE staff_id IN (2, 3)"
    assert warehouse.run(f"{staff} ORDER BY 1") == [[2, "Unknown"], [3, "René"]]


def test_row_without_a_key_is_refused_and_the_lake_stays_readable(
    platform: Platform, source: Connection
):
    platform.cycle()
    source.run(NULL_KEY)
    with pytest.raises(SourceMismatch, match="payment_id identifies the rows"):
        platform.cycle()
    platform.transform()
    platform.load()
    source.run("DELETE FROM payment WHERE payment_id IS NULL")
    source.run("ALTER TABLE payment ADD PRIMARY KEY (payment_id)")
    source.run("UPDATE payment SET paid = NOT paid WHERE payment_id = 1")
    platform.cycle()
    report = platform.report()
    assert report["changes"] == {"payment": {"I": 0, "U": 1, "D": 0}}
    assert (report["seq"], report["loaded_through"]) == (2, 2)
