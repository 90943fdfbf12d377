"""The contracts describe the two databases."""

from dataclasses import replace

import pytest

import contracts
from contracts import Type
from contracts.arrow import batch_schema, row_schema

pytestmark = pytest.mark.lambda_runtime


def test_source_has_eleven_tables_with_their_own_id_as_key():
    tables = contracts.source().tables
    assert set(tables) == {
        "address", "counterparty", "currency", "department", "design", "payment",
        "payment_type", "purchase_order", "sales_order", "staff", "transaction",
    }  # fmt: skip
    assert all(table.key == f"{name}_id" for name, table in tables.items())


def test_every_source_table_has_both_timestamps():
    for table in contracts.source().tables.values():
        assert str(table.column("created_at").type) == "timestamp"
        assert str(table.column("last_updated").type) == "timestamp"


def test_warehouse_has_three_facts_and_eight_dimensions():
    assert set(contracts.warehouse().tables) == {
        "fact_sales_order", "fact_purchase_order", "fact_payment",
        "dim_staff", "dim_location", "dim_design", "dim_date", "dim_currency", "dim_counterparty",
        "dim_payment_type", "dim_transaction",
    }  # fmt: skip


def test_only_the_dimension_of_transactions_is_incremental():
    incremental = [d.name for d in contracts.warehouse().dimensions if d.incremental]
    assert incremental == ["dim_transaction"]


def test_account_numbers_contacts_and_managers_stay_in_the_lake():
    columns = {c.origin_column for t in contracts.warehouse().tables.values() for c in t.columns}
    assert not columns & {
        "company_ac_number", "counterparty_ac_number", "commercial_contact", "delivery_contact",
        "manager",
    }  # fmt: skip


def test_columns_of_a_fact_end_with_its_observation():
    for fact in contracts.warehouse().facts:
        assert fact.column_names[-5:] == (
            "observed_at", "batch_seq", "is_deleted", "change_seq", "changed_at",
        )  # fmt: skip


def test_every_date_of_a_fact_references_the_calendar():
    for fact in contracts.warehouse().facts:
        dates = [column for column in fact.columns if column.type.kind == "date"]
        assert dates
        assert all(column.references == "dim_date" for column in dates)


def test_money_is_decimal_and_timestamps_are_microseconds_without_a_zone():
    schema = row_schema(contracts.source().tables["sales_order"])
    assert str(schema.field("unit_price").type) == "decimal128(10, 2)"
    assert str(schema.field("created_at").type) == "timestamp[us]"


def test_batch_row_is_a_source_row_with_its_observation():
    schema = batch_schema(contracts.source().tables["currency"])
    assert schema.names == [
        "currency_id", "currency_code", "created_at", "last_updated", "_unfit",
        "op", "batch_seq", "observed_at", "change_seq", "changed_at",
    ]  # fmt: skip
    assert [field.name for field in schema if not field.nullable] == [
        "op", "batch_seq", "observed_at", "change_seq",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["int", "bigint", "text", "boolean", "timestamp", "numeric(10,2)"])
def test_type_is_written_as_it_was_read(text: str):
    assert str(Type.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "money", "numeric", "int(4)", "", "numeric(ten,2)", "numeric(10)", "numeric(39,2)",
        "numeric(2,3)", "numeric(0,0)", "numeric(-1,2)", "numeric(10,2) ",
    ],
)  # fmt: skip
def test_unknown_type_is_refused(text: str):
    with pytest.raises(ValueError, match="is unknown"):
        Type.parse(text)


def test_fingerprint_depends_on_columns_and_not_on_descriptions():
    source = contracts.source()
    currency = source.tables["currency"]
    reworded = replace(currency, about="other words")
    shorter = replace(currency, columns=currency.columns[:-1])
    same = replace(source, tables={**source.tables, "currency": reworded})
    other = replace(source, tables={**source.tables, "currency": shorter})
    assert same.fingerprint == source.fingerprint
    assert other.fingerprint != source.fingerprint


def test_fingerprint_does_not_depend_on_what_is_personal():
    source = contracts.source()
    staff = source.tables["staff"]
    assert staff.column("email_address").personal
    columns = tuple(replace(column, personal=False) for column in staff.columns)
    other = replace(source, tables={**source.tables, "staff": replace(staff, columns=columns)})
    assert other.fingerprint == source.fingerprint
