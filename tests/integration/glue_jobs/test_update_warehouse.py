"""One job builds and loads, and continues where a failed run ended."""

import pytest
from pyspark.sql import SparkSession

from glue_jobs.update_warehouse import main
from postgres import Unreachable, connected, from_dsn
from tests.lake_builder import LakeBuilder, row
from warehouse import migrate

NOBODY = "postgresql://nobody@127.0.0.1:1/nowhere"
ORDERS = "select count(*) from warehouse.fact_sales_order_current"
STEPS = ("build_dimensions", "build_facts", "load_warehouse")


def test_run_after_a_failed_load_repeats_the_load_only(
    spark: SparkSession, built: LakeBuilder, warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
):
    built.insert(
        sales_order=[row("sales_order", 1)],
        staff=[row("staff", 1)],
        department=[row("department", 1)],
        currency=[row("currency", 1, currency_code="GBP")],
        counterparty=[row("counterparty", 1)],
        address=[row("address", 1)],
        design=[row("design", 1)],
    )
    argv = [*built.arguments, "--warehouse", "env:WAREHOUSE", "--catalog", ""]
    lake = built.lake

    monkeypatch.setenv("WAREHOUSE", NOBODY)
    with pytest.raises(Unreachable):
        main(argv, spark)
    runs = [lake.dimensions.entry(1).run, lake.facts.entry(1).run]

    monkeypatch.setenv("WAREHOUSE", warehouse_dsn)
    with connected(from_dsn(warehouse_dsn), "owner") as owner:
        migrate(owner)
        main(argv, spark)
        assert owner.run(ORDERS) == [[1]]
    assert [lake.dimensions.entry(1).run, lake.facts.entry(1).run] == runs
    assert lake.loads.last_batch() == 1
    ends = {step: [a.outcome for a in lake.attempts.latest([step], 5)] for step in STEPS}
    assert ends == {
        "build_dimensions": ["succeeded", "succeeded"],
        "build_facts": ["succeeded", "succeeded"],
        "load_warehouse": ["succeeded", "failed"],
    }
