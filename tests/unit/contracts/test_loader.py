"""The contracts say what the two databases are, and contradictions are refused."""

from dataclasses import replace
from pathlib import Path

import pytest

import contracts
from contracts import ContractError, Type, loader
from contracts.arrow import batch_schema, row_schema

pytestmark = pytest.mark.lambda_runtime


def test_source_has_the_eleven_tables_keyed_by_their_own_id():
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


def test_all_three_stars_are_there():
    assert set(contracts.warehouse().tables) == {
        "fact_sales_order", "fact_purchase_order", "fact_payment",
        "dim_staff", "dim_location", "dim_design", "dim_date", "dim_currency", "dim_counterparty",
        "dim_payment_type", "dim_transaction",
    }  # fmt: skip


def test_account_numbers_contacts_and_managers_stay_in_the_lake():
    columns = {c.origin_column for t in contracts.warehouse().tables.values() for c in t.columns}
    assert not columns & {
        "company_ac_number", "counterparty_ac_number", "commercial_contact", "delivery_contact",
        "manager",
    }  # fmt: skip


def test_facts_end_with_the_columns_of_their_history():
    for fact in contracts.warehouse().facts:
        assert fact.column_names[-3:] == ("observed_at", "batch_seq", "is_deleted")


def test_every_date_of_a_fact_references_the_calendar():
    for fact in contracts.warehouse().facts:
        dates = [column for column in fact.columns if column.type.kind == "date"]
        assert dates
        assert all(column.references == "dim_date" for column in dates)


def test_money_is_decimal_and_timestamps_are_naive_microseconds():
    schema = row_schema(contracts.source().tables["sales_order"])
    assert str(schema.field("unit_price").type) == "decimal128(10, 2)"
    assert str(schema.field("created_at").type) == "timestamp[us]"


def test_batch_is_a_row_with_what_was_observed_of_it():
    table = contracts.source().tables["currency"]
    assert batch_schema(table).names == [
        "currency_id", "currency_code", "created_at", "last_updated", "_unfit",
        "op", "batch_seq", "observed_at",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["int", "bigint", "text", "boolean", "timestamp", "numeric(10,2)"])
def test_type_is_spelled_as_it_was_read(text: str):
    assert str(Type.parse(text)) == text


@pytest.mark.parametrize("text", ["money", "numeric", "int(4)", "", "numeric(ten,2)"])
def test_unknown_type_is_refused(text: str):
    with pytest.raises(ValueError, match=r"is no type|invalid literal"):
        Type.parse(text)


def test_fingerprint_follows_the_columns_and_not_the_prose():
    source = contracts.source()
    currency = source.tables["currency"]
    reworded = type(currency)(currency.name, "other words", currency.key, currency.columns)
    shorter = type(currency)(currency.name, currency.about, currency.key, currency.columns[:-1])
    same = type(source)(source.name, source.schema, {**source.tables, "currency": reworded})
    other = type(source)(source.name, source.schema, {**source.tables, "currency": shorter})
    assert same.fingerprint == source.fingerprint
    assert other.fingerprint != source.fingerprint


def test_what_is_personal_changes_no_fingerprint():
    source = contracts.source()
    staff = source.tables["staff"]
    assert staff.column("email_address").personal
    columns = tuple(replace(column, personal=False) for column in staff.columns)
    other = replace(source, tables={**source.tables, "staff": replace(staff, columns=columns)})
    assert other.fingerprint == source.fingerprint


WRONG_TABLES = {
    "no TOML": "columns = [",
    "no kind": 'about = "x"\nkey = "id"\n[columns]',
    "unknown kind": 'kind = "cube"\nabout = "x"\nkey = "id"\n[columns]',
    "lookup of a row passed through": 'kind = "dimension"\nof = "staff"\nabout = "x"\nkey = "id"\n'
    'pass_through = true\n[lookups]\ndepartment = "department_id"\n[columns]',
    "fact without a beginning": 'kind = "fact"\nof = "staff"\nabout = "x"\nkey = "staff_id"\n'
    'record = "id"\n[columns]\nstaff_id = { type = "int", about = "x" }',
    "personal in quotes": 'kind = "dimension"\nof = "staff"\nabout = "x"\nkey = "staff_id"\n'
    '[columns]\nstaff_id = { type = "int", personal = "true", about = "x" }',
    "unknown type": 'kind = "dimension"\nof = "staff"\nabout = "x"\nkey = "id"\n'
    '[columns]\nid = { type = "uuid", about = "x" }',
}


@pytest.mark.parametrize("text", WRONG_TABLES.values(), ids=WRONG_TABLES.keys())
def test_wrong_file_is_refused_by_its_name(tmp_path: Path, text: str):
    path = tmp_path / "dim_wrong.toml"
    path.write_text(text)
    with pytest.raises(ContractError, match=r"dim_wrong\.toml"):
        loader._warehouse_table(path)


WRONG_NAMES = {
    "key": 'of = "staff"\nkey = "nowhere"\n[columns]\nstaff_id = { type = "int", about = "x" }',
    "column": 'of = "staff"\nkey = "wage"\n[columns]\nwage = { type = "int", about = "x" }',
    "table": 'of = "shop"\nkey = "staff_id"\n[columns]\nstaff_id = { type = "int", about = "x" }',
    "reference": 'of = "staff"\nkey = "staff_id"\n[columns]\n'
    'staff_id = { type = "int", references = "dim_shop", about = "x" }',
}


@pytest.mark.parametrize("text", WRONG_NAMES.values(), ids=WRONG_NAMES.keys())
def test_name_that_does_not_exist_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "dim_wrong.toml"
    path.write_text('kind = "dimension"\nabout = "x"\n' + text)
    table = loader._warehouse_table(path)
    with pytest.raises(ContractError, match="which does not exist"):
        loader._check(contracts.Warehouse({table.name: table}), contracts.source())
