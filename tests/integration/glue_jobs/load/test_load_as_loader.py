"""A load by a member of warehouse_loader, which owns no tables."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from pg8000.native import Connection

from glue_jobs.load import bare
from glue_jobs.load import transaction as module
from glue_jobs.load.transaction import LoadResult, Target, load
from lake import new_run
from postgres import Sql, connected, from_dsn, render, value
from tests.processed import ProcessedLake, calendar, dimension_row, star, version_row
from warehouse import migrate_at

ROWS = "select (to_jsonb(row) - 'sales_record_id')::text from {table} as row order by 1"
VIEWS = ("", "_history", "_current", "_changes", "_wide")
TABLES = (
    "etl.latest_sales_order",
    *(f"warehouse.fact_sales_order{view}" for view in VIEWS),
    *(f"warehouse.{dimension}" for dimension in star()),
)
STAGING = "select count(*) from pg_tables where tablename like 'staging%'"
LOADERS = "warehouse_loader"


@pytest.fixture
def loader(connection: Connection, warehouse_dsn: str) -> Iterator[Target]:
    """Return the warehouse with a login role that has the privileges of loaders only."""
    name, password = f"nightly_{secrets.token_hex(4)}", secrets.token_hex(8)
    create = "create role {name} login password {password} in role {loaders}"
    connection.run(render(create, name=name, password=value(password), loaders=LOADERS))
    address = replace(from_dsn(warehouse_dsn), user=name, password=password)
    yield Target(address, "warehouse")
    connection.run(render("drop owned by {name}; drop role {name}", name=name))


@pytest.fixture
def processed(tmp_path: Path) -> ProcessedLake:
    return ProcessedLake(tmp_path)


@pytest.fixture
def load_once(processed: ProcessedLake, loader: Target) -> Callable[[], LoadResult]:
    return lambda: load(processed.lake, loader, new_run())


def test_first_and_later_loads_succeed(
    connection: Connection, processed: ProcessedLake, load_once: Callable[[], LoadResult]
) -> None:
    processed.add({**star(), "fact_sales_order": [version_row(1, 1, design_id=7)]})
    assert load_once().rows["dim_design"] == 2  # one of them inferred
    member = dimension_row("dim_design", 7, design_name="arrived")
    changed = version_row(1, 2, unit_price=Decimal("4.00"))
    processed.add({"dim_design": [member], "fact_sales_order": [changed]})
    assert load_once().rows == {"dim_design": 1, "fact_sales_order": 1}
    assert connection.run("select batch_seq from warehouse.fact_sales_order_current") == [[2]]
    assert connection.run("select batch_seq from etl.ledger order by 1") == [[1], [2]]
    assert connection.run(STAGING) == [[0]]


def test_large_load_is_analyzed_if_the_server_allows_it(
    connection: Connection, processed: ProcessedLake, load_once: Callable[[], LoadResult]
) -> None:
    rows = [version_row(order, 1) for order in range(module.BIG_LOAD)]
    processed.add({**calendar(), "fact_sales_order": rows})
    assert load_once().rows["fact_sales_order"] == len(rows)
    [[version]] = connection.run("select current_setting('server_version_num')::int")
    found = connection.run("select reltuples from pg_class where relname = 'fact_sales_order'")
    assert found == [[len(rows)]] or version < 170000


def test_owner_and_loader_bring_the_same_rows(
    connection: Connection,
    processed: ProcessedLake,
    load_once: Callable[[], LoadResult],
    source_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The owner's loads copy versions into the facts themselves, the loader's do not. The second
    load brings a version that is earlier than the latest one of its order."""
    migrate_at(from_dsn(source_dsn))
    owner = Target(from_dsn(source_dsn), "warehouse")
    monkeypatch.setattr(bare, "MANY_ROWS", 1)
    orders = [version_row(1, 1, design_id=7, created_time="23:59:59.999999"), version_row(2, 1)]
    processed.add({**star(), "fact_sales_order": orders}, deleted=[3])
    several = [version_row(1, 2, change_seq=n, units_sold=n) for n in (9, 5)]
    processed.add({"fact_sales_order": several}, deleted=[1], deleted_by=7)
    processed.add({"fact_sales_order": [version_row(2, 3), version_row(4, 3)]}, deleted=[4])
    assert load(processed.lake, owner, new_run()).rows == load_once().rows
    several = [version_row(2, 4, change_seq=n, units_sold=n) for n in (8, 3)]
    processed.add({"fact_sales_order": [*several, version_row(5, 4, design_id=8)]})
    processed.retry({"fact_sales_order": [version_row(4, 2), version_row(6, 2)]}, 4, {})
    assert load(processed.lake, owner, new_run()).rows == load_once().rows
    latest = "select sales_order_id, batch_seq, change_seq from etl.latest_sales_order order by 1"
    of_orders = [[1, 2, 9], [2, 4, 8], [4, 3, 0], [5, 4, 0], [6, 2, 0]]
    assert connection.run(latest) == of_orders
    with connected(owner.address, "tests") as other:
        for table in TABLES:
            query = render(ROWS, table=Sql(table))
            rows = other.run(query)
            assert rows, table
            assert connection.run(query) == rows, table
