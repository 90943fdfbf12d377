"""The search, the recent changes and the history of orders, run by a reader."""

from datetime import datetime

import pytest
from pg8000.native import Connection

from dashboard.fact_row import FactRow, fact
from dashboard.generic_pages import row_history
from dashboard.reader import Reader
from dashboard.versions import versions
from tests.integration.dashboard.conftest import PURCHASES, SALES, Look, add_batch
from tests.integration.warehouse.facts import DAY, add_version
from totesys.dashboard.row_kinds import ROW_KINDS

OBSERVED_AT = datetime.fromisoformat(f"{DAY} 10:00")


def search(reader: Reader, kind: str, text: str) -> list[int]:
    return list(row_history.search(reader, ROW_KINDS[kind], text))


def test_search_finds_orders_by_number_and_by_names_with_the_number_first(
    star: Connection, reader: Reader
):
    assert search(reader, "Sales order", "2") == [2]
    assert search(reader, "Sales order", "o'HARA") == [2]
    assert search(reader, "Sales order", "100%") == [2]
    assert search(reader, "Sales order", "%") == [2]  # not a wildcard
    assert search(reader, "Sales order", "design_name") == [3, 2, 1]
    assert search(reader, "Sales order", "99999999999999999999") == []
    assert search(reader, "Sales order", "9" * 5_000) == []
    for order in (1, 17):
        add_version(star, PURCHASES, order, 1, item_code="A1B17")
    assert search(reader, "Purchase order", "1") == [1, 17]
    assert search(reader, "Purchase order", "b17") == [17, 1]


def test_search_for_a_text_does_not_match_the_order_with_key_0(star: Connection, reader: Reader):
    add_version(star, SALES, 0, 1)
    assert search(reader, "Sales order", "O'Hara") == [2]
    assert search(reader, "Sales order", "0")[0] == 0


def test_search_includes_deleted_orders_and_earlier_names(star: Connection, reader: Reader):
    add_version(star, SALES, 2, 2, counterparty_id=1, units_sold=9)
    add_version(star, SALES, 2, 3, is_deleted=True)
    [result] = row_history.search(reader, ROW_KINDS["Sales order"], "O'Hara").values()
    assert result.endswith("deleted")


@pytest.mark.parametrize(("table", "kind"), [(SALES, "Sales order"), (PURCHASES, "Purchase order")])
def test_recently_changed_orders_are_offered(
    star: Connection, reader: Reader, table: str, kind: str
):
    for batch in range(1, 4):
        add_batch(star, batch, OBSERVED_AT)
    add_version(star, table, 7, 1)
    add_version(star, table, 7, 2, counterparty_id=2)
    add_version(star, table, 8, 2)
    add_version(star, table, 8, 3, is_deleted=True)
    recent = reader.query(ROW_KINDS[kind].recent, batches=10, max_rows=5)
    assert [(row["key"], row["changes"], row["is_deleted"]) for row in recent] == [
        (8, 1, True),
        (7, 1, False),
    ]


@pytest.mark.parametrize(("table", "kind"), [(SALES, "Sales order"), (PURCHASES, "Purchase order")])
def test_order_that_was_inserted_again_is_not_offered_as_deleted(
    star: Connection, reader: Reader, table: str, kind: str
):
    add_batch(star, 4, OBSERVED_AT)
    add_version(star, table, 7, 1)
    add_version(star, table, 7, 2, is_deleted=True)
    add_version(star, table, 7, 3)
    [row] = reader.query(ROW_KINDS[kind].recent, batches=10, max_rows=5)
    assert (row["key"], row["is_deleted"]) == (7, False)


def test_history_of_an_order_agrees_with_the_function_as_of(star: Connection, reader: Reader):
    add_version(star, SALES, 2, 2, units_sold=5, counterparty_id=2)
    add_version(star, SALES, 2, 3, units_sold=5, counterparty_id=2, is_deleted=True)
    order = FactRow(fact(SALES), 2)
    rows = order.versions(reader)
    all_versions = versions(rows, order.columns)
    assert [version.describe("placed") for version in all_versions] == [
        "placed",
        "4 fields changed",
        "deleted",
    ]
    for version in all_versions:
        as_of = order.as_of(reader, version.valid_from)
        assert as_of == (None if version.is_deleted else version.values)
    labels = order.labels(reader, rows)
    assert labels["counterparty_id"] == {2: "O'Hara 100%"}
    assert order.format("unit_price", all_versions[0].values, labels) == "1.25 GBP"


def test_page_offers_recent_changes_and_shows_the_first(star: Connection, look: Look):
    for batch in (1, 2):
        add_batch(star, batch, OBSERVED_AT)
    add_version(star, SALES, 2, 2, units_sold=5, unit_price="1.25", currency_id=2,
                counterparty_id=2, sales_staff_id=2)  # fmt: skip
    app = look("history")
    assert app.selectbox[0].label == "Recent changes"
    assert app.selectbox[0].options == ["2 · 1 change · 1 Jan 2024, 02:00:00"]
    assert app.subheader[0].value == "Sales order 2"
    assert app.markdown[1].value.startswith("2 versions. Placed on 1 Jan 2024")
