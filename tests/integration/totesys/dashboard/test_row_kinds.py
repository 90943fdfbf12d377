"""The search, the recent changes and the history of orders, run by a reader."""

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import streamlit as st
from pg8000.native import Connection
from streamlit.testing.v1 import AppTest

import contracts
from dashboard import row_search
from dashboard.fact_row import FactRow, fact
from dashboard.reader import Reader, reading
from dashboard.settings import LAKE, Settings, stores
from dashboard.versions import versions
from lake import new_run
from lake.directory import DirectoryStore
from lake.entries import BuildEntry, Output
from lake.quarantine import continue_totals
from tests.integration.dashboard.conftest import PURCHASES, SALES, Look, add_batch
from tests.integration.warehouse.facts import DAY, add, add_version
from tests.processed import ProcessedLake
from totesys.dashboard.row_kinds import ROW_KINDS

MAX_ROWS, CUSTOMERS = 50, "dim_counterparty"
OBSERVED_AT = datetime.fromisoformat(f"{DAY} 10:00")


def search(reader: Reader, kind: str, text: str) -> list[int]:
    return row_search.search(reader, ROW_KINDS[kind], text, kind, MAX_ROWS).keys


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
    assert search(reader, "Sales order", "O'Hara") == [2]
    [listed] = reader.query(ROW_KINDS["Sales order"].listed, keys=[2])
    assert listed["is_deleted"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#2", [2]),
        ("Sales order 2", [2]),
        ("sales order #2", [2]),
        ("O'Hara 100% (2)", [2]),
        ("O'Hara 100% (1)", []),
        ("file_name of dim_design", [3, 2, 1]),
        ("design_name of dim_design, file_name of dim_design (1)", [3, 2, 1]),
        ("first_name of dim_staff last_name of dim_staff (1)", [3, 1]),
    ],
)
def test_search_finds_the_labels_that_pages_show(
    star: Connection, reader: Reader, text: str, found: list[int]
):
    assert search(reader, "Sales order", text) == found


def test_member_without_a_name_is_found_by_the_word_for_it(star: Connection, reader: Reader):
    star.run("update warehouse.dim_counterparty set counterparty_legal_name = ' '"
             " where counterparty_id = 2")  # fmt: skip
    assert search(reader, "Sales order", "No name (2)") == [2]
    [listed] = reader.query(ROW_KINDS["Sales order"].listed, keys=[2])
    assert listed["partner"] == "No name"


def test_customer_is_found_by_an_earlier_name_in_the_lake(
    star: Connection, settings: Settings, tmp_path: Path
):
    lake = ProcessedLake(tmp_path)
    member = {column.name: "x" for column in contracts.warehouse().tables[CUSTOMERS].columns}
    for name in ("Smith & Daughters", "O'Hara 100%"):
        lake.add({CUSTOMERS: [{**member, "counterparty_id": 2, "counterparty_legal_name": name}]})
    with_lake = replace(settings, stores=stores([str(tmp_path)]))
    with reading(with_lake) as reader:
        for text in ("smith & d", "Smith & Daughters (2)"):
            found = row_search.search(reader, ROW_KINDS["Sales order"], text, "Sales order", 5)
            assert (found.keys, found.earlier) == ([2], row_search.SEARCHED)
        other = row_search.search(reader, ROW_KINDS["Sales order"], "Jones", "Sales order", 5)
        assert (other.keys, other.earlier) == ([], row_search.SEARCHED)
        jones = {**member, "counterparty_id": 1, "counterparty_legal_name": "Jones"}
        lake.add({CUSTOMERS: [jones]})
        later = row_search.search(reader, ROW_KINDS["Sales order"], "Jones", "Sales order", 5)
        assert later.keys == [3, 1]


def test_log_of_the_lake_is_read_once_for_all_names(
    star: Connection, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    lake = ProcessedLake(tmp_path)
    for _ in range(3):
        lake.add({})
    read, get = list[str](), DirectoryStore.get

    def counted(store: DirectoryStore, key: str) -> bytes:
        read.append(key)
        return get(store, key)

    monkeypatch.setattr(DirectoryStore, "get", counted)
    with reading(replace(settings, stores=stores([str(tmp_path)]))) as reader:
        for kind in ("Sales order", "Purchase order"):
            assert search(reader, kind, "nobody") == []
    assert len(read) == len(set(read)) == 3


def test_search_says_why_earlier_names_were_not_searched(
    star: Connection, look: Look, settings: Settings, tmp_path: Path
):
    app = look("history?search=nobody")
    assert row_search.NOT_CONFIGURED in app.info[0].value
    assert "number, customer, design, file or seller" in app.info[0].value
    (tmp_path / "ingestion").write_text("a file where the folder should be")
    (tmp_path / "processed").write_text("a file where the folder should be")
    app = look("history?search=nobody", {LAKE: " ".join(stores([str(tmp_path)]))})
    assert row_search.NOT_READ in app.info[0].value


@pytest.mark.parametrize(("table", "kind"), [(SALES, "Sales order"), (PURCHASES, "Purchase order")])
def test_recently_changed_orders_are_listed_with_edits_and_fields(
    star: Connection, look: Look, table: str, kind: str
):
    for batch in range(1, 5):
        add_batch(star, batch, OBSERVED_AT)
    add(star, "dim_date", date_id="2024-01-02")
    add_version(star, table, 7, 1)
    add_version(star, table, 7, 2, counterparty_id=2, agreed_payment_date="2024-01-02")
    add_version(star, table, 8, 1)
    add_version(star, table, 8, 3, is_deleted=True)
    add_version(star, table, 9, 1)
    add_version(star, table, 9, 2, is_deleted=True)
    add_version(star, table, 9, 4)
    rows = cells(look(f"history?kind={kind}"))
    assert [row[:2] for row in rows] == [
        ["8", "deleted"],
        ["9", "deleted, placed again"],
        ["7", "1 edit, 2 fields"],
    ]


@pytest.mark.parametrize(("table", "kind"), [(SALES, "Sales order"), (PURCHASES, "Purchase order")])
def test_each_transaction_of_a_batch_is_an_edit_and_the_last_one_is_listed(
    star: Connection, reader: Reader, look: Look, table: str, kind: str
):
    for batch in (1, 2):
        add_batch(star, batch, OBSERVED_AT)
    add_version(star, table, 7, 1)
    for key, change, values in (
        (7, 9, {"counterparty_id": 1}),
        (8, 4, {"is_deleted": True}),
        (7, 2, {"counterparty_id": 2}),
        (8, 3, {}),
    ):
        add_version(star, table, key, 2, change_seq=change, **values)
    rows = cells(look(f"history?kind={kind}"))
    assert [row[:2] for row in rows] == [["7", "2 edits, 2 fields"], ["8", "deleted"]]
    listed = {row["key"]: row for row in reader.query(ROW_KINDS[kind].listed, keys=[7, 8])}
    assert listed[8]["is_deleted"]
    assert listed[7]["partner"] == "counterparty_legal_name of dim_counterparty"
    order = FactRow(fact(table), 7)
    partners = [row["counterparty_id"] for row in order.versions(reader)]
    assert partners == [1, 2, 1]


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


def test_order_in_the_address_stays_while_others_change(star: Connection, look: Look):
    for batch in (1, 2, 3):
        add_batch(star, batch, OBSERVED_AT)
    edited = {"unit_price": "1.25", "currency_id": 2, "counterparty_id": 2, "sales_staff_id": 2}
    add_version(star, SALES, 2, 2, units_sold=5, **edited)
    app = look("history?order=2&moment=2024-01-01T01:30:00")
    assert app.subheader[0].value == "Sales order 2"
    assert app.markdown[1].value.startswith("2 versions. Placed on 1 Jan 2024")
    assert "**As of 1 Jan 2024, 01:30:00**, version 1" in [text.value for text in app.markdown]
    add_version(star, SALES, 3, 3, units_sold=7)
    add_version(star, SALES, 2, 3, units_sold=9, **edited)
    st.cache_data.clear()
    app.run()
    assert app.subheader[0].value == "Sales order 2"
    assert app.markdown[1].value.startswith("3 versions.")
    assert "**As of 1 Jan 2024, 01:30:00**, version 1" in [text.value for text in app.markdown]


def test_link_to_an_order_that_does_not_exist_says_so(star: Connection, look: Look):
    app = look("history?order=999999")
    assert "Sales order 999999 does not exist" in app.warning[0].value
    assert "Recent changes" in app.subheader[0].value
    assert not look("history").warning


def test_order_whose_newest_version_is_in_quarantine_says_so(
    star: Connection, look: Look, tmp_path: Path
):
    lake = ProcessedLake(tmp_path)
    lake.add({})
    quarantine(lake, [2, 99])
    variables = {LAKE: " ".join(stores([str(tmp_path)]))}
    app = look("history?order=2", variables)
    assert "newest version is in quarantine** (batch 2): soon is not a date" in app.warning[0].value
    assert "now, but a newer version is in quarantine" in html(app)
    assert "current since" not in app.markdown[1].value
    app = look("history?order=99", variables)
    assert "No version of it is in the warehouse." in app.warning[0].value
    app = look("history?order=1", variables)
    assert not app.warning


def test_last_quarantined_transaction_of_a_batch_is_the_newest_version(
    look: Look, star: Connection, tmp_path: Path
):
    lake = ProcessedLake(tmp_path)
    lake.add({})
    changes = [{"change_seq": n, "reasons": f"number {n}"} for n in (3, 8, 5)]
    quarantine(lake, [2, 2, 2], changes)
    app = look("history?order=2", {LAKE: " ".join(stores([str(tmp_path)]))})
    assert "newest version is in quarantine** (batch 2): number 8" in app.warning[0].value


def quarantine(
    lake: ProcessedLake, keys: list[int], changes: Sequence[dict[str, Any]] = ()
) -> None:
    """Commit a batch that quarantines the sales orders. Without ``changes`` its file is of a
    version that did not know the order of changes."""
    seq = lake.land({})
    key = f"g=1/_quarantine/sales_order/{seq}.parquet"
    row = {"batch_seq": seq, "reasons": "soon is not a date"}
    rows = [
        {"sales_order_id": key, **row, **change}
        for key, change in zip(keys, changes or [{}] * len(keys), strict=True)
    ]
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file)
    lake.lake.processed.put_new(key, file.getvalue())
    output = {"sales_order": Output((key,), len(keys))}
    entry = BuildEntry(seq, new_run(), datetime.now(UTC), {}, output)
    lake.lake.facts.commit(continue_totals(entry, lake.lake.facts.head(), None))


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.main if element.type == "html")


def cells(app: AppTest) -> list[list[str]]:
    """Return the texts of the cells of the only table, by row."""
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td.*?</td>", row)]
        for row in re.findall(r"<tr>(<td.*?)</tr>", html(app))
    ]
