"""`reconcile` compares source, mirror and warehouse row by row, and finds every difference."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from pg8000.native import Connection

from contracts import PlatformError
from embedded.cli import main
from embedded.platform import Platform
from ingestion_lambda.source.scope import XidRange
from operations.reconcile import NothingToReconcile, Reconciliation, TableComparison, reconcile
from postgres import Sql, from_dsn
from totesys.simulator import Simulator
from totesys.simulator.background_writer import background_writer

Compare = Callable[[], Reconciliation]


@pytest.fixture
def compare(platform: Platform, seeded_source_dsn: str, warehouse_dsn: str) -> Compare:
    """Compare them in their current state."""
    source, warehouse = from_dsn(seeded_source_dsn), from_dsn(warehouse_dsn)
    return lambda: reconcile(platform.lake, source, warehouse, "warehouse")


def differences(result: Reconciliation) -> dict[tuple[str, str], dict[str, int]]:
    return {
        (comparison.side, comparison.name): {
            n: c for n, c in comparison.counts.items() if n != "rows" and c
        }
        for comparison in result.comparisons
        if comparison.differences
    }


def comparison(result: Reconciliation, name: str) -> TableComparison:
    [one] = [comparison for comparison in result.comparisons if comparison.name == name]
    return one


@pytest.mark.loaded
def test_after_cycles_with_every_kind_of_change_there_is_no_difference(
    platform: Platform, simulator: Simulator, source: Connection, compare: Compare
):
    simulator.place_purchase_order()
    simulator.edit_sales_order_silently()
    simulator.move_staff()
    simulator.change_address()
    simulator.delete_sales_order()
    platform.cycle()
    result = compare()
    assert differences(result) == {}
    assert (result.seq, result.loaded_through, result.unexplained) == (2, 2, 0)
    [[orders]] = source.run("SELECT count(*) FROM sales_order")
    assert comparison(result, "sales_order").rows == orders
    assert comparison(result, "fact_sales_order").rows == orders
    assert comparison(result, "dim_date").rows == 40177


@pytest.mark.loaded
def test_change_after_the_last_poll_is_counted_apart_and_is_no_difference(
    platform: Platform, simulator: Simulator, source: Connection, compare: Compare
):
    simulator.place_sales_order()
    source.run("UPDATE design SET design_name = 'Other' WHERE design_id IN (3, 4)")
    simulator.delete_sales_order()
    result = compare()
    assert differences(result) == {}
    changed = {c.name: c.changed for c in result.comparisons if c.changed}
    assert changed == {"sales_order": 2, "transaction": 2, "payment": 1, "design": 2}
    assert (result.changed, result.exit_status) == (7, 0)


@pytest.mark.loaded
def test_row_that_no_poll_would_find_is_a_difference_beside_changed_rows(
    platform: Platform, source: Connection, compare: Compare, monkeypatch: pytest.MonkeyPatch
):
    [[xid]] = source.run(
        "UPDATE design SET design_name = 'Other' WHERE design_id = 4 RETURNING txid_current()"
    )
    source.run("UPDATE design SET design_name = 'Other' WHERE design_id IN (3, 5)")

    def without_that_row(scope: XidRange) -> Sql:
        return Sql(
            f"xmin::text::bigint between {scope.low} and {scope.xmax} and xmin::text <> '{xid}'"
        )

    monkeypatch.setattr(XidRange, "condition", property(without_that_row))
    result = compare()
    assert differences(result) == {("mirror", "design"): {"different": 1, "changed": 2}}
    assert comparison(result, "design").examples == [4]
    assert result.exit_status == 3


@pytest.mark.loaded
def test_busy_source_has_no_difference_whenever_it_is_compared(
    platform: Platform, seeded_source_dsn: str, compare: Compare
):
    stopping, results = Event(), list[Reconciliation]()
    with background_writer(from_dsn(seeded_source_dsn), 3000, stopping) as writer:
        results.append(compare())
        platform.poll()
        results.append(compare())
        platform.cycle()
        results += [compare() for _ in range(3)]
    assert len(writer.take()[0]) > 20
    assert [(result.unexplained, result.exit_status) for result in results] == [(0, 0)] * 5
    assert all(differences(result) == {} for result in results)
    assert sum(result.changed for result in results) > 0
    assert results[1].pending == 1


@pytest.mark.loaded
def test_warehouse_that_lost_batches_of_the_load_log_is_different(
    platform: Platform, warehouse: Connection, simulator: Simulator, compare: Compare
):
    simulator.place_sales_order()
    platform.cycle()
    warehouse.run("DELETE FROM etl.ledger WHERE batch_seq = 2")
    warehouse.run("DELETE FROM warehouse.fact_sales_order WHERE batch_seq = 2")
    result = compare()
    assert (result.compared, result.loaded_through, result.exit_status) == (2, 1, 3)
    assert comparison(result, "fact_sales_order").missing == 1


@pytest.mark.loaded
def test_manual_changes_of_the_warehouse_are_found(
    platform: Platform, warehouse: Connection, compare: Compare
):
    for statement in (
        "DELETE FROM warehouse.fact_sales_order WHERE sales_order_id = 3",
        "UPDATE warehouse.fact_sales_order SET unit_price = unit_price + 0.01"
        " WHERE sales_order_id IN (4, 5)",
        "UPDATE warehouse.fact_sales_order SET created_time = created_time"
        " + interval '1 microsecond' WHERE sales_order_id = 6",
        "INSERT INTO warehouse.fact_sales_order SELECT 10000, 4711, created_date, created_time,"
        " last_updated_date, last_updated_time, sales_staff_id, counterparty_id, units_sold,"
        " unit_price, currency_id, design_id, agreed_payment_date, agreed_delivery_date,"
        " agreed_delivery_location_id, observed_at, batch_seq, is_deleted"
        " FROM warehouse.fact_sales_order LIMIT 1",
        "UPDATE warehouse.dim_staff SET location = 'Nowhere' WHERE staff_id = 2",
        "UPDATE warehouse.dim_location SET district = NULL WHERE district = ''",
        "INSERT INTO warehouse.dim_currency VALUES (77, 'XXX', 'Invented')",
        "DELETE FROM warehouse.dim_date WHERE date_id = '2098-02-03'",
        "UPDATE warehouse.dim_date SET day_name = 'Caturday' WHERE date_id = '2098-02-04'",
        "INSERT INTO warehouse.dim_date VALUES ('2150-01-01', 2150, 1, 1, 4, 'Thursday',"
        " 'January', 1)",
    ):
        warehouse.run(statement)
    [[empty]] = warehouse.run("SELECT count(*) FROM warehouse.dim_location WHERE district IS NULL")
    assert empty
    result = compare()
    found = differences(result)
    locations = found.pop(("warehouse", "dim_location"))
    assert locations == {"different": 10}
    assert found == {
        ("warehouse", "fact_sales_order"): {"missing": 1, "extra": 1, "different": 3},
        ("warehouse", "dim_staff"): {"different": 1},
        ("warehouse", "dim_currency"): {"extra": 1},
        ("warehouse", "dim_date"): {"missing": 1, "extra": 1, "different": 1},
    }
    assert result.unexplained == 20


def test_quarantined_rows_and_deleted_or_inferred_members_are_explained(
    platform: Platform, source: Connection, warehouse: Connection, compare: Compare
):
    source.run("UPDATE sales_order SET agreed_payment_date = 'soon' WHERE sales_order_id = 3")
    source.run("INSERT INTO currency VALUES (9, 'CHF', now(), now())")
    platform.cycle()
    source.run("UPDATE sales_order SET unit_price = 'NaN' WHERE sales_order_id = 4")
    source.run("DELETE FROM currency WHERE currency_id = 9")
    platform.cycle()
    warehouse.run("INSERT INTO warehouse.dim_currency VALUES (8, 'Unknown', 'Unknown')")
    result = compare()
    assert differences(result) == {
        ("warehouse", "fact_sales_order"): {"missing": 1, "different": 1, "explained": 2},
        ("warehouse", "dim_currency"): {"extra": 2, "explained": 2},
    }
    assert (result.quarantined, result.unexplained) == (2, 0)
    warehouse.run("UPDATE warehouse.fact_sales_order SET units_sold = 1 WHERE sales_order_id = 5")
    assert compare().unexplained == 1


@pytest.mark.loaded
def test_deletion_of_a_quarantined_row_leaves_no_difference(
    platform: Platform, source: Connection, compare: Compare
):
    source.run("UPDATE sales_order SET agreed_payment_date = 'soon' WHERE sales_order_id = 3")
    platform.cycle()
    source.run("DELETE FROM sales_order WHERE sales_order_id = 3")
    platform.cycle()
    result = compare()
    assert differences(result) == {}
    assert (result.quarantined, result.unexplained) == (0, 0)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("alter table staff enable row level security", "hide rows of public.staff"),
        ("revoke select on staff from restricted", "staff"),
    ],
)
def test_refusal_of_the_source_does_not_name_the_warehouse(
    platform: Platform, source: Connection, statement: str, message: str
):
    platform.poll()
    platform.migrate()
    at, warehouse = from_dsn(platform._source), from_dsn(platform._warehouse)
    source.run("create role restricted login password 'restricted'")
    try:
        source.run("grant select on all tables in schema public to restricted")
        source.run(statement)
        reader = replace(at, user="restricted", password="restricted")
        with pytest.raises(PlatformError, match=message) as refused:
            reconcile(platform.lake, reader, warehouse, "warehouse")
        assert warehouse.database not in str(refused.value)
    finally:
        source.run("drop owned by restricted; drop role restricted")


def test_command_shows_pending_batches_and_ends_with_3_on_a_difference(
    platform: Platform,
    warehouse: Connection,
    simulator: Simulator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("COLUMNS", "80")
    databases = ["--source", platform._source, "--warehouse", platform._warehouse]
    arguments = ["reconcile", *databases, "--lake", str(tmp_path / "lake")]
    (tmp_path / "lake").mkdir()
    assert main(arguments) == NothingToReconcile.exit_code
    assert "run a cycle first" in capsys.readouterr().err
    platform.cycle()
    assert main(arguments) == 0
    simulator.edit_sales_order_silently()
    platform.poll()
    capsys.readouterr()
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "batch 2 is not loaded yet. The warehouse was compared as of batch 1." in words(out)
    report = json.loads(out.splitlines()[-1])
    assert (report["pending"], report["unexplained"]) == (1, 0)

    warehouse.run("UPDATE warehouse.fact_sales_order SET units_sold = 0 WHERE sales_order_id < 8")
    assert main(arguments) == 3
    out = capsys.readouterr().out
    assert "Keys in fact_sales_order (warehouse): 1, 2, 3, and 4 more" in words(out)
    report = json.loads(out.splitlines()[-1])
    assert report["tables"]["warehouse"]["fact_sales_order"]["different"] == 7


def words(out: str) -> str:
    """Return the screen as one line, after checking that it holds at 80 columns."""
    lines = out.splitlines()[:-1]
    assert max(map(len, lines)) <= 80
    assert "…" not in out
    return " ".join(" ".join(lines).split())
