"""Source, mirror and warehouse are compared row by row, and every difference is found."""

import json
from pathlib import Path

import pytest
from pg8000.native import Connection

from embedded.cli import main
from embedded.platform import Platform
from operations.reconcile import NothingToReconcile, Reconciled, TableComparison, reconcile
from totesys.simulator import Simulator


@pytest.fixture
def reconciled(platform: Platform, seeded_source_dsn: str, warehouse_dsn: str):
    """Compares them as they are at that moment."""

    def reconciled() -> Reconciled:
        return reconcile(platform.lake, seeded_source_dsn, warehouse_dsn, "warehouse")

    return reconciled


def differing(found: Reconciled) -> dict[tuple[str, str], dict[str, int]]:
    return {
        (comparison.side, comparison.name): {
            n: c for n, c in comparison.counts.items() if n != "rows" and c
        }
        for comparison in found.comparisons
        if comparison.differences
    }


def comparison(found: Reconciled, name: str) -> TableComparison:
    [one] = [comparison for comparison in found.comparisons if comparison.name == name]
    return one


def test_after_cycles_of_every_kind_of_change_nothing_differs(
    platform: Platform, simulator: Simulator, source: Connection, reconciled
):
    platform.cycle()
    simulator.place_purchase_order()
    simulator.edit_sales_order_silently()
    simulator.move_staff()
    simulator.change_address()
    simulator.delete_sales_order()
    platform.cycle()
    found = reconciled()
    assert differing(found) == {}
    assert (found.seq, found.loaded_through, found.unexplained) == (2, 2, 0)
    [[orders]] = source.run("SELECT count(*) FROM sales_order")
    assert comparison(found, "sales_order").rows == orders
    assert comparison(found, "fact_sales_order").rows == orders
    assert comparison(found, "dim_date").rows == 40177


def test_change_that_no_poll_has_seen_is_a_difference_of_the_mirror(
    platform: Platform, simulator: Simulator, source: Connection, reconciled
):
    platform.cycle()
    simulator.place_sales_order()
    source.run("UPDATE design SET design_name = 'Other' WHERE design_id IN (3, 4)")
    gone = simulator.delete_sales_order()
    found = reconciled()
    assert differing(found) == {
        ("mirror", "sales_order"): {"missing": 1, "extra": 1},
        ("mirror", "transaction"): {"missing": 1, "different": 1},
        ("mirror", "payment"): {"missing": 1},
        ("mirror", "design"): {"different": 2},
    }
    assert gone in comparison(found, "sales_order").examples


def test_hand_made_differences_of_the_warehouse_are_found(
    platform: Platform, warehouse: Connection, reconciled
):
    platform.cycle()
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
        "INSERT INTO warehouse.dim_currency VALUES (77, 'XXX', 'Made up')",
        "DELETE FROM warehouse.dim_date WHERE date_id = '2098-02-03'",
        "UPDATE warehouse.dim_date SET day_name = 'Caturday' WHERE date_id = '2098-02-04'",
        "INSERT INTO warehouse.dim_date VALUES ('2150-01-01', 2150, 1, 1, 4, 'Thursday',"
        " 'January', 1)",
    ):
        warehouse.run(statement)
    [[empty]] = warehouse.run("SELECT count(*) FROM warehouse.dim_location WHERE district IS NULL")
    assert empty
    found = reconciled()
    differences = differing(found)
    locations = differences.pop(("warehouse", "dim_location"))
    assert locations == {"different": 10}
    assert differences == {
        ("warehouse", "fact_sales_order"): {"missing": 1, "extra": 1, "different": 3},
        ("warehouse", "dim_staff"): {"different": 1},
        ("warehouse", "dim_currency"): {"extra": 1},
        ("warehouse", "dim_date"): {"missing": 1, "extra": 1, "different": 1},
    }
    assert found.unexplained == 20


def test_rows_set_apart_and_members_deleted_or_inferred_are_explained(
    platform: Platform, source: Connection, warehouse: Connection, reconciled
):
    source.run("UPDATE sales_order SET agreed_payment_date = 'soon' WHERE sales_order_id = 3")
    source.run("INSERT INTO currency VALUES (9, 'CHF', now(), now())")
    platform.cycle()
    source.run("UPDATE sales_order SET unit_price = 'NaN' WHERE sales_order_id = 4")
    source.run("DELETE FROM currency WHERE currency_id = 9")
    platform.cycle()
    warehouse.run("INSERT INTO warehouse.dim_currency VALUES (8, 'Unknown', 'Unknown')")
    found = reconciled()
    assert differing(found) == {
        ("warehouse", "fact_sales_order"): {"missing": 1, "different": 1, "explained": 2},
        ("warehouse", "dim_currency"): {"extra": 2, "explained": 2},
    }
    assert (found.quarantined, found.unexplained) == (2, 0)
    warehouse.run("UPDATE warehouse.fact_sales_order SET units_sold = 1 WHERE sales_order_id = 5")
    assert reconciled().unexplained == 1


def test_deletion_of_a_row_that_was_set_apart_leaves_no_difference(
    platform: Platform, source: Connection, reconciled
):
    platform.cycle()
    source.run("UPDATE sales_order SET agreed_payment_date = 'soon' WHERE sales_order_id = 3")
    platform.cycle()
    source.run("DELETE FROM sales_order WHERE sales_order_id = 3")
    platform.cycle()
    found = reconciled()
    assert differing(found) == {}
    assert (found.quarantined, found.unexplained) == (0, 0)


def test_command_says_what_is_pending_and_ends_with_3(
    platform: Platform,
    simulator: Simulator,
    seeded_source_dsn: str,
    warehouse_dsn: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    places = ["--source", seeded_source_dsn, "--warehouse", warehouse_dsn]
    arguments = ["reconcile", *places, "--lake", str(tmp_path / "lake")]
    (tmp_path / "lake").mkdir()
    assert main(arguments) == NothingToReconcile.exit_code
    assert "run a cycle first" in capsys.readouterr().err
    platform.cycle()
    assert main(arguments) == 0
    simulator.edit_sales_order_silently()
    platform.poll()
    capsys.readouterr()
    assert main(arguments) == 3
    told = capsys.readouterr().out
    assert "batch 2 not loaded yet" in told
    assert all(len(line) <= 100 for line in told.splitlines()[:-1])
    report = json.loads(told.splitlines()[-1])
    assert (report["pending"], report["unexplained"]) == (1, 1)
    assert report["tables"]["warehouse"]["fact_sales_order"]["different"] == 1
