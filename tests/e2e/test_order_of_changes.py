"""Several versions of a row in one batch, planted in a lake by hand, wherever versions are read.

A poll by difference brings one version of a row in a batch. These batches have what the log of the
source knows: the transactions of a batch, in order, with their times.
"""

import io
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pg8000.native import Connection
from pyspark.sql import SparkSession

import contracts
from artifacts.athena import saved_queries
from contracts import Fact
from embedded.server import Server
from glue_jobs import build_dimensions, build_facts
from glue_jobs.build.retry import Retry
from glue_jobs.load.transaction import Target, load
from glue_jobs.transform import conversions
from lake import new_run
from lake.quarantine import count_open, quarantine
from operations.quarantined_rows import quarantined_keys
from operations.reconcile.explained import by_quarantine
from operations.reconcile.table_comparison import TableComparison
from postgres import Sql, connected, from_dsn, names, render
from tests.athena.catalog import VIEWS, athena
from tests.athena.engine import Answer, Athena
from tests.lake_builder import START, LakeBuilder, row
from warehouse import migrate

FACT = "fact_sales_order"
SOON = {"agreed_payment_date": "soon"}  # does not conform, and does once the code is corrected
Change = tuple[str, dict[str, Any]]


def seen(batch: int) -> datetime:
    """Return when a batch observed the source."""
    return START + timedelta(minutes=batch)


def at(change: int) -> datetime:
    """Return when a transaction of the second batch committed."""
    return seen(1) + timedelta(seconds=1 + change)


def order(op: str, key: int, change: int, units: int, **values: Any) -> Change:
    placed = {"change_seq": change, "changed_at": at(change), "units_sold": units}
    return op, row("sales_order", key, **placed, **values)


def other(op: str, table: str, key: int, change: int, **values: Any) -> Change:
    return op, row(table, key, change_seq=change, changed_at=at(change), **values)


ORDERS = [  # not in their order: no reader may rely on the order in a file
    order("U", 1, 7, 4),
    order("U", 1, 0, 2),
    order("U", 1, 2, 3),
    order("I", 2, 5, 7),
    order("D", 2, 1, 1),
    order("U", 3, 4, 3),
    order("U", 3, 1, 2, **SOON),
    order("U", 4, 4, 3, **SOON),
    order("U", 4, 1, 2),
    order("I", 5, 6, 6),
    order("D", 5, 2, 1, **SOON),
    order("D", 6, 4, 2),
    order("I", 6, 3, 2),
    order("D", 7, 5, 2),
    order("U", 7, 1, 2, **SOON),
]
DESIGNS = [
    other("U", "design", 1, 3, design_name="C", file_name="c"),
    other("U", "design", 1, 1, design_name="B"),
    other("U", "design", 1, 6, design_name="C", file_name="c", created_at=START),
    other("D", "design", 2, 5, design_name="short"),
    other("I", "design", 2, 4, design_name="short"),
]
TRANSACTIONS = [
    other("U", "transaction", 1, 4, transaction_type="LAST"),
    other("U", "transaction", 1, 1, transaction_type="FIRST"),
]
STAFF = [
    other("U", "staff", 1, 4, first_name="Last"),
    other("U", "staff", 1, 1, first_name="First"),
]


class Planted(NamedTuple):
    """A lake with such batches, loaded into a warehouse and published."""

    built: LakeBuilder
    warehouse: Connection
    athena: Athena
    spark: SparkSession
    dsn: str

    def query(self, name: str, *parameters: str) -> Answer:
        """Return the answer of a saved query of Athena, or the rows of a view."""
        query = saved_queries().get(name) or render("select * from {view}", view=name)
        return self.athena.run(query, VIEWS, parameters)


@pytest.fixture(scope="module")
def planted(
    server: Server, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Planted]:
    """Batch 1 is of a version that did not know the order of changes, batch 2 has several versions
    of a row, batch 3 is a difference again."""
    built = LakeBuilder(tmp_path_factory.mktemp("planted") / "lake", without_order=True)
    built.insert(
        sales_order=[row("sales_order", key) for key in (1, 2, 3, 4, 5, 7)],
        design=[row("design", 1, design_name="A")],
        transaction=[row("transaction", 1)],
        department=[row("department", 1)],
        staff=[row("staff", 1)],
    )
    build_all(built, spark)
    built.without_order = False
    changes = {
        "sales_order": ORDERS, "design": DESIGNS, "transaction": TRANSACTIONS, "staff": STAFF,
    }  # fmt: skip
    built.batch(changes)
    built.update(sales_order=[row("sales_order", 1, units_sold=5)])
    build_all(built, spark)
    server.create_database("planted")
    dsn = server.dsn("planted")
    with connected(from_dsn(dsn), "tests") as warehouse:
        migrate(warehouse)
        load_into(dsn, built)
        with athena(built.lake) as engine:
            yield Planted(built, warehouse, engine, spark, dsn)
    server.drop_database("planted")


def build_all(built: LakeBuilder, spark: SparkSession, *arguments: str) -> None:
    for job in (build_dimensions, build_facts):
        job.main([*built.arguments, *arguments], spark)


def load_into(dsn: str, built: LakeBuilder) -> None:
    target = Target(from_dsn(dsn), "warehouse")
    load(built.lake, target, new_run())


HISTORY = """
select sales_order_id, batch_seq, change_seq, units_sold, is_deleted, valid_from
from warehouse.fact_sales_order_history order by sales_order_id, version
"""
CREATED = datetime(2024, 11, 14, 8, 30, 15, 123000)
EXPECTED = [
    [1, 1, 0, 1, False, CREATED],
    [1, 2, 0, 2, False, at(0)],
    [1, 2, 2, 3, False, at(2)],
    [1, 2, 7, 4, False, at(7)],
    [1, 3, 0, 5, False, seen(3)],
    [2, 1, 0, 1, False, CREATED],
    [2, 2, 1, 1, True, at(1)],
    [2, 2, 5, 7, False, at(5)],
    [3, 1, 0, 1, False, CREATED],
    [3, 2, 4, 3, False, at(4)],
    [4, 1, 0, 1, False, CREATED],
    [4, 2, 1, 2, False, at(1)],
    [5, 1, 0, 1, False, CREATED],
    [5, 2, 2, 1, True, at(2)],  # a tombstone, with the values before it
    [5, 2, 6, 6, False, at(6)],
    [6, 2, 3, 2, False, at(3)],
    [6, 2, 4, 2, True, at(4)],
    [7, 1, 0, 1, False, CREATED],
    [7, 2, 5, 2, True, at(5)],
]
BROUGHT_BACK = [[3, 2, 1, 2, False, at(1)], [4, 2, 4, 3, False, at(4)], [7, 2, 1, 2, False, at(1)]]


def test_history_has_every_transaction_in_its_order_with_its_time(planted: Planted):
    assert planted.warehouse.run(HISTORY) == EXPECTED


def test_current_state_is_the_last_transaction_of_each_row(planted: Planted):
    expected = [[1, 5], [2, 7], [3, 3], [4, 2], [5, 6]]
    for view in ("current", "wide"):
        query = render(
            "select sales_order_id, units_sold from warehouse.{view} order by 1",
            view=f"{FACT}_{view}",
        )
        assert planted.warehouse.run(query) == expected


def test_rows_as_of_a_time_are_those_of_the_last_commit_before_it(planted: Planted):
    query = "select sales_order_id, units_sold from warehouse.fact_sales_order_as_of(:t) order by 1"
    first = [[key, 1] for key in (1, 2, 3, 4, 5, 7)]
    expected = {
        seen(1): first,
        at(1): [[1, 2], [3, 1], [4, 2], [5, 1], [7, 1]],
        at(3): [[1, 3], [3, 1], [4, 2], [6, 2], [7, 1]],
        at(7): [[1, 4], [2, 7], [3, 3], [4, 2], [5, 6]],
        seen(3): [[1, 5], [2, 7], [3, 3], [4, 2], [5, 6]],
    }
    for moment, rows in expected.items():
        assert planted.warehouse.run(query, t=moment) == rows
        answer = planted.query(f"{FACT}_as_of", f"'{moment}'")
        units = answer.columns.index("units_sold")
        assert sorted([line[0], line[units]] for line in answer.rows) == rows


def test_a_report_as_known_has_the_last_transaction_of_each_batch(planted: Planted):
    query = (
        "select sales_order_id, units_sold from warehouse.fact_sales_order_as_known(:t) order by 1"
    )
    known = {batch: planted.warehouse.run(query, t=seen(batch)) for batch in (1, 2, 3)}
    assert known[1] == [[key, 1] for key in (1, 2, 3, 4, 5, 7)]
    assert known[2] == [[1, 4], [2, 7], [3, 3], [4, 2], [5, 6]]
    assert known[3] == [[1, 5], [2, 7], [3, 3], [4, 2], [5, 6]]


def test_changes_compare_each_transaction_with_the_one_before_it(planted: Planted):
    query = """
        select batch_seq, change_seq, change, old_value, new_value
        from warehouse.fact_sales_order_changes
        where sales_order_id = :key and coalesce(column_name, 'units_sold') = 'units_sold'
        order by batch_seq, change_seq, change
    """
    assert planted.warehouse.run(query, key=1) == [
        [1, 0, "created", None, None],
        [2, 0, "updated", "1", "2"],
        [2, 2, "updated", "2", "3"],
        [2, 7, "updated", "3", "4"],
        [3, 0, "updated", "4", "5"],
    ]
    assert planted.warehouse.run(query, key=2) == [
        [1, 0, "created", None, None],
        [2, 1, "deleted", None, None],
        [2, 5, "created", None, None],
        [2, 5, "updated", "1", "7"],
    ]


@pytest.mark.parametrize("kind", ["current", "history"])
def test_athena_sees_the_same_rows(planted: Planted, kind: str):
    fact = contracts.warehouse().tables[FACT]
    answer = planted.query(f"{FACT}_{kind}")
    added = answer.columns[len(fact.columns) :]
    columns = ["sales_order_id", "units_sold", "batch_seq", "change_seq", "changed_at", *added]
    places = [answer.columns.index(name) for name in columns]
    query = render(
        "select {columns} from warehouse.{view}",
        columns=Sql(names(columns)),
        view=f"{FACT}_{kind}",
    )
    rows = [[line[place] for place in places] for line in answer.rows]
    assert sorted(rows, key=repr) == sorted(planted.warehouse.run(query), key=repr)


def test_athena_answers_what_changed_by_transactions(planted: Planted):
    answer = planted.query("order_changes")
    changed = {line[0]: line[1:3] for line in answer.rows}
    # of orders 1, 3, 4 and of the deletion of 7; not of those that were deleted before the change
    assert changed["units_sold"] == (4 + 1 + 1 + 1, 4)


def test_states_of_a_dimension_without_lookups_are_in_the_lake(planted: Planted):
    answer = planted.query("dim_design_history")
    shown = "design_id", "design_name", "batch_seq", "change_seq", "valid_from", "is_current"
    places = [answer.columns.index(name) for name in shown]
    assert sorted(tuple(line[p] for p in places) for line in answer.rows) == [
        (1, "A", 1, 0, seen(1), False),
        (1, "B", 2, 1, at(1), False),
        (1, "C", 2, 3, at(3), True),  # the last update changed no column of the dimension
        (2, "short", 2, 4, at(4), True),  # dimensions have no versions of deletions
    ]


def test_warehouse_has_the_last_state_of_each_member(planted: Planted):
    texts = {
        "select design_name from warehouse.dim_design order by design_id": [["C"], ["short"]],
        "select transaction_type from warehouse.dim_transaction": [["LAST"]],
        "select first_name from warehouse.dim_staff": [["Last"]],
    }
    for query, rows in texts.items():
        assert planted.warehouse.run(query) == rows


def test_version_closes_quarantined_rows_of_its_batch_that_are_earlier(planted: Planted):
    lake = planted.built.lake
    held = quarantine(lake)
    assert [key.key for key in quarantined_keys(lake, held.tables)] == [3, 4, 7]
    assert [key.key for key in quarantined_keys(lake, held.open)] == [4]
    assert (count_open(lake), held.rows) == (1, 1)


def test_quarantine_explains_a_difference_if_its_row_is_later_in_the_batch(planted: Planted):
    fact = contracts.warehouse().tables[FACT]
    assert isinstance(fact, Fact)
    held = quarantine(planted.built.lake).tables["sales_order"]
    for key, explained in ((3, 0), (4, 1), (7, 0)):
        comparison = TableComparison("warehouse", FACT)
        comparison.keys = [pa.array([key], pa.int32())]
        arguments = planted.warehouse, "warehouse", fact, comparison, planted.built.lake, held
        assert by_quarantine(*arguments) == explained


def test_replay_without_mirrors_builds_the_same_files(planted: Planted):
    built = planted.built
    for bucket in (built.directory / "ingestion" / "_mirror").rglob("*.parquet"):
        bucket.unlink()
    build_all(built, planted.spark, "--generation", "2")
    first, second = (_contents(built, generation) for generation in (1, 2))
    assert first == second
    assert len(first) > 5


def _contents(built: LakeBuilder, generation: int) -> dict[str, list[str]]:
    """Return the rows of each table in a generation, whose ranges may differ from another one's."""
    root, found = built.directory / "processed" / f"g={generation}", dict[str, list[str]]()
    for path in root.rglob("*.parquet"):
        folder = path.parent.relative_to(root).as_posix().partition("/batch=")[0]
        if folder == "dim_date" or folder.startswith("_open"):
            continue
        rows = pq.ParquetFile(io.BytesIO(path.read_bytes())).read().to_pylist()
        found.setdefault(folder, []).extend(map(repr, rows))
    return {folder: sorted(rows) for folder, rows in found.items()}


def test_rows_brought_back_take_their_places(
    planted: Planted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, warehouse_dsn: str
):
    copied = LakeBuilder(tmp_path / "lake")
    shutil.copytree(planted.built.directory, copied.directory)
    with connected(from_dsn(warehouse_dsn), "tests") as warehouse:
        migrate(warehouse)
        load_into(warehouse_dsn, copied)
        assert warehouse.run(HISTORY) == EXPECTED
        known = conversions.CONVERSIONS["text", "date"]
        corrected = f"coalesce({known}, case when {{0}} = 'soon' then date'2024-11-20' end)"
        monkeypatch.setitem(conversions.CONVERSIONS, ("text", "date"), corrected)
        retry = Retry(copied.lake, lambda: planted.spark, contracts.source(), contracts.warehouse())
        assert retry.run() == len(BROUGHT_BACK)
        load_into(warehouse_dsn, copied)
        assert count_open(copied.lake) == 0
        assert warehouse.run(HISTORY) == sorted([*EXPECTED, *BROUGHT_BACK])
        current = "select sales_order_id, units_sold from warehouse.fact_sales_order_current"
        assert sorted(warehouse.run(current)) == [[1, 5], [2, 7], [3, 3], [4, 3], [5, 6]]
