"""The table of the latest versions beside a fact, after every kind of statement."""

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pg8000.native import Connection

import contracts
from postgres import connected, from_dsn, render
from tests.integration.warehouse.facts import add_members, add_version
from warehouse.plan import plan

FACTS = contracts.warehouse().facts
DIFFERENT = """
with latest as (
    select distinct on ({key}) * from warehouse.{fact}
    order by {key}, batch_seq desc, change_seq desc
)
select count(*) from (
    (table latest except table etl.{latest}) union all (table etl.{latest} except table latest)
) as different
"""
MANY = """
insert into warehouse.fact_payment (
    payment_id, batch_seq, change_seq, observed_at, created_date, created_time, last_updated_date,
    last_updated_time, transaction_id, counterparty_id, payment_amount, currency_id,
    payment_type_id, paid, payment_date, is_deleted
)
select
    key, batch, change, '2024-01-01', '2024-01-01', '10:00', '2024-01-01', '10:00', 1, 1, batch, 1,
    1, false, '2024-01-01', (batch + change) % 2 = 0
from unnest(cast(:keys as int[]), cast(:batches as int[]), cast(:changes as int[]))
    as one (key, batch, change)
on conflict do nothing
"""
SMALL = st.integers(1, 4)
PLACES = ("keys", "batches", "changes")
Statement = tuple[str, dict[str, object]]
inserts = st.lists(st.tuples(SMALL, st.integers(1, 6), st.integers(0, 3)), min_size=1).map(
    lambda rows: (MANY, {name: [row[n] for row in rows] for n, name in enumerate(PLACES)})
)
BY_HAND = [
    "update warehouse.fact_payment set payment_amount = payment_amount + 1 where payment_id = :key",
    "update warehouse.fact_payment set batch_seq = batch_seq + 10 where payment_id = :key",
    "delete from warehouse.fact_payment where payment_id = :key and batch_seq > 3",
]
repairs = st.tuples(st.sampled_from(BY_HAND), SMALL.map(lambda key: {"key": key}))
truncations: st.SearchStrategy[Statement] = st.just(("truncate warehouse.fact_payment", {}))


def differences(connection: Connection, fact: contracts.Fact) -> int:
    parts = {"fact": fact.name, "key": fact.key, "latest": f"latest_{fact.of}"}
    [[count]] = connection.run(render(DIFFERENT, **parts))
    return int(count)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=50)
@given(statements=st.lists(st.one_of(inserts, inserts, repairs, truncations), max_size=6))
def test_latest_versions_are_those_of_the_fact_after_every_statement(
    unbound: Connection, statements: list[Statement]
) -> None:
    [payments] = [fact for fact in FACTS if fact.name == "fact_payment"]
    unbound.run("begin")
    try:
        for statement, parameters in statements:
            unbound.run(statement, **parameters)
            assert differences(unbound, payments) == 0
    finally:
        unbound.run("rollback")


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_later_version_replaces_the_latest_and_an_earlier_one_does_not(
    unbound: Connection, fact: contracts.Fact
) -> None:
    latest = render("select batch_seq from etl.{latest}", latest=f"latest_{fact.of}")
    for batch, expected in ((2, 2), (4, 4), (3, 4)):
        add_version(unbound, fact.name, 1, batch)
        assert unbound.run(latest) == [[expected]]
        assert differences(unbound, fact) == 0


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
@pytest.mark.parametrize("order", list(permutations((0, 1, 2))), ids=str)
def test_last_of_several_versions_of_one_batch_is_the_latest(
    unbound: Connection, fact: contracts.Fact, order: tuple[int, ...]
) -> None:
    statement = render(
        "select batch_seq, change_seq, is_deleted from etl.{latest}", latest=f"latest_{fact.of}"
    )
    add_version(unbound, fact.name, 1, 1)
    seen = list[int]()
    for change in order:
        add_version(unbound, fact.name, 1, 2, change_seq=change, is_deleted=change == 1)
        seen.append(change)
        assert unbound.run(statement) == [[2, max(seen), max(seen) == 1]]
        assert differences(unbound, fact) == 0


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_rows_older_than_the_table_have_their_latest_versions(
    connection: Connection, fact: contracts.Fact
) -> None:
    target = plan(contracts.warehouse())
    connection.run("create schema warehouse; set search_path to warehouse")
    for migration in target.migrations.values():
        connection.run(migration)
    add_members(connection, fact.name)
    for batch in (1, 2):
        add_version(connection, fact.name, 1, batch)
    connection.run(target.latest)
    assert differences(connection, fact) == 0


def test_table_is_recreated_after_the_fact_got_another_column(
    migrated: Connection,
) -> None:
    [fact] = [fact for fact in FACTS if fact.name == "fact_sales_order"]
    add_members(migrated, fact.name)
    add_version(migrated, fact.name, 1, 1)
    migrated.run("set search_path to warehouse")
    migrated.run("drop view fact_sales_order_wide, fact_sales_order_current")
    migrated.run("alter table fact_sales_order add column note text default 'none'")
    migrated.run(plan(contracts.warehouse()).latest)
    assert migrated.run("select note from etl.latest_sales_order") == [["none"]]
    add_version(migrated, fact.name, 1, 2)
    assert differences(migrated, fact) == 0


def test_creation_waits_for_a_running_load(connection: Connection, warehouse_dsn: str) -> None:
    target, fact = plan(contracts.warehouse()), FACTS[0]
    connection.run("create schema warehouse; set search_path to warehouse")
    for migration in target.migrations.values():
        connection.run(migration)
    add_members(connection, fact.name)
    add_version(connection, fact.name, 1, 1)
    with connected(from_dsn(warehouse_dsn), "load") as load, ThreadPoolExecutor() as pool:
        load.run("begin")
        add_version(load, fact.name, 1, 2)
        created = pool.submit(connection.run, target.latest)
        while not load.run("select pid from pg_locks where not granted"):
            assert not created.done()
        load.run("commit")
        created.result()
    assert differences(connection, fact) == 0


def test_concurrent_repairs_of_two_rows_are_both_in_the_latest_versions(
    migrated: Connection, warehouse_dsn: str
) -> None:
    [fact] = [fact for fact in FACTS if fact.name == "fact_payment"]
    add_members(migrated, fact.name)
    for key in (1, 2, 3):
        add_version(migrated, fact.name, key, 1)
    repair = "update warehouse.fact_payment set payment_amount = 7 where payment_id = 1"
    remove = "delete from warehouse.fact_payment where payment_id = 3"
    with connected(from_dsn(warehouse_dsn), "other") as other, ThreadPoolExecutor() as pool:
        migrated.run("begin")
        migrated.run(repair)
        removed = pool.submit(other.run, remove)
        while not migrated.run("select pid from pg_locks where not granted"):
            assert not removed.done()
        migrated.run("commit")
        removed.result()
    assert differences(migrated, fact) == 0


def test_column_that_the_owner_adds_to_a_fact_does_not_stop_a_load(migrated: Connection) -> None:
    add_members(migrated, "fact_payment")
    migrated.run("alter table warehouse.fact_payment add column note text")
    add_version(migrated, "fact_payment", 1, 1)
    assert migrated.run("select count(*) from warehouse.fact_payment_current") == [[1]]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_current_rows_of_a_day_are_found_by_an_index(
    migrated: Connection, fact: contracts.Fact
) -> None:
    migrated.run("set enable_seqscan = off; set enable_bitmapscan = off")
    query = "explain select * from warehouse.{view} where created_date = current_date"
    shown = migrated.run(render(query, view=f"{fact.name}_current"))
    assert f"using {fact.latest}_created_date on" in shown[0][0]


def test_existing_table_is_not_recreated(migrated: Connection) -> None:
    tables = "select oid, relname from pg_class where relname ~ '^latest_' order by 1"
    before = migrated.run(tables)
    migrated.run("set search_path to warehouse")
    migrated.run(plan(contracts.warehouse()).latest)
    assert migrated.run(tables) == before


def test_latest_versions_are_not_seen_before_their_versions_commit(
    migrated: Connection, warehouse_dsn: str
) -> None:
    add_members(migrated, "fact_payment")
    with connected(from_dsn(warehouse_dsn), "tests") as reader:
        migrated.run("begin")
        add_version(migrated, "fact_payment", 1, 1)
        assert reader.run("select count(*) from warehouse.fact_payment_current") == [[0]]
        migrated.run("commit")
        assert reader.run("select count(*) from warehouse.fact_payment_current") == [[1]]
