"""The simulator changes a source in the ways that were observed in the real one."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pg8000.native import Connection, DatabaseError

from embedded.server import Server
from postgres import connected, from_dsn, names, render
from tests import totesys_dump
from tests.conftest import SEEDED_ORDERS
from tests.totesys_dump import TABLES
from totesys.simulator import NothingToPick, Order, Simulator
from totesys.simulator.orders import PURCHASES, SALES


@pytest.fixture
def empty(source_dsn: str) -> Iterator[Connection]:
    with connected(from_dsn(source_dsn), "test") as connection:
        yield connection


@pytest.fixture
def source(seeded_source_dsn: str) -> Iterator[Connection]:
    with connected(from_dsn(seeded_source_dsn), "test") as connection:
        yield connection


def content(connection: Connection, table: str, without: tuple[str, ...] = ()) -> list[Any]:
    columns = [
        name
        for (name,) in connection.run(
            "select column_name from information_schema.columns where table_name = :name"
            " order by ordinal_position",
            name=table,
        )
        if name not in without
    ]
    statement = render("select {columns} from {table}", columns=names(columns), table=table)
    return list(connection.run(statement))


def row(connection: Connection, table: str, key: int) -> dict[str, Any]:
    statement = render(
        "select to_jsonb({table}) from {table} where {key} = {row}",
        table=table,
        key=f"{table}_id",
        row=key,
    )
    columns: dict[str, Any] = connection.run(statement)[0][0]
    return columns


def count(connection: Connection, table: str) -> int:
    return int(connection.run(render("select count(*) from {table}", table=table))[0][0])


def everything(connection: Connection) -> dict[str, list[Any]]:
    return {table: content(connection, table) for table in TABLES}


def some_changes(simulator: Simulator) -> list[object]:
    return [
        simulator.place_sales_order(),
        simulator.place_purchase_order(),
        simulator.place_order_in_savepoint(),
        simulator.edit_sales_order_silently(),
        simulator.change_design_silently(),
        simulator.move_staff(),
        simulator.change_address(),
        simulator.pay_due(date(2024, 11, 15)),
        simulator.delete_sales_order(),
    ]


def test_schema_has_the_eleven_tables_and_the_one_of_the_migration_tool(empty: Connection) -> None:
    tables = empty.run("select tablename from pg_tables where schemaname = 'public'")
    assert sorted(name for (name,) in tables) == sorted([*TABLES, "_prisma_migrations"])


def test_every_table_has_a_serial_key_and_two_timestamps_in_milliseconds(
    empty: Connection,
) -> None:
    for table in TABLES:
        columns = {
            name: (data_type, nullable, default)
            for name, data_type, nullable, default in empty.run(
                "select attname, format_type(atttypid, atttypmod), not attnotnull,"
                " pg_get_expr(adbin, adrelid)"
                " from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum"
                " where attrelid = cast(:name as regclass) and attnum > 0",
                name=table,
            )
        }
        timestamp = "timestamp(3) without time zone"
        sequence = f"nextval('{table}_{table}_id_seq'::regclass)"
        assert columns[f"{table}_id"] == ("integer", False, sequence)
        assert columns["created_at"] == (timestamp, False, "CURRENT_TIMESTAMP")
        assert columns["last_updated"] == (timestamp, False, None)


def test_seed_gives_the_same_rows_for_the_same_seed(
    empty: Connection, server: Server, totesys_template: str
) -> None:
    Simulator(empty, seed=7).seed(60)
    server.create_database("again", totesys_template)
    with connected(from_dsn(server.dsn("again")), "test") as again:
        Simulator(again, seed=7).seed(60)
        assert everything(again) == everything(empty)
    server.drop_database("again")


def test_seed_gives_other_rows_for_another_seed(empty: Connection, source: Connection) -> None:
    Simulator(empty, seed=-7).seed(SEEDED_ORDERS)
    for table in ("address", "staff", "sales_order", "payment"):
        assert content(empty, table) != content(source, table)


def test_changes_are_the_same_for_the_same_seed_and_data(
    source: Connection, server: Server, seeded_template: str
) -> None:
    server.create_database("again", seeded_template)
    with connected(from_dsn(server.dsn("again")), "test") as again:
        assert some_changes(Simulator(again, 5)) == some_changes(Simulator(source, 5))
        for table in TABLES:
            times = ("created_at", "last_updated")
            assert content(again, table, times) == content(source, table, times)
    server.drop_database("again")


def test_seed_leaves_every_foreign_key_enforced(empty: Connection) -> None:
    keys = "select conname, pg_get_constraintdef(oid) from pg_constraint order by conname"
    before = empty.run(keys)
    Simulator(empty).seed(5)
    assert empty.run(keys) == before


def test_seed_places_seven_sales_for_three_purchases(empty: Connection) -> None:
    Simulator(empty).seed(2000)
    assert count(empty, PURCHASES) + count(empty, SALES) == count(empty, "payment") == 2000
    assert 0.65 < count(empty, SALES) / 2000 < 0.75


@pytest.mark.parametrize("orders", [0, 1])
def test_seed_of_no_or_one_order_still_has_the_rows_that_orders_refer_to(
    empty: Connection, orders: int
) -> None:
    simulator = Simulator(empty)
    simulator.seed(orders)
    assert count(empty, "transaction") == orders
    assert simulator.place_sales_order().transaction_id == orders + 1


def test_seeded_orders_agree_with_their_transactions_and_payments(empty: Connection) -> None:
    Simulator(empty).seed(300)
    agreeing = empty.run(
        "select count(*) from payment join transaction using (transaction_id)"
        " left join sales_order s using (sales_order_id)"
        " left join purchase_order p using (purchase_order_id)"
        " where payment_amount = coalesce(units_sold * unit_price, item_quantity * item_unit_price)"
        " and payment.created_at = coalesce(s.created_at, p.created_at)"
        " and payment.created_at = transaction.created_at"
        " and payment.counterparty_id = coalesce(s.counterparty_id, p.counterparty_id)"
        " and payment.currency_id = coalesce(s.currency_id, p.currency_id)"
        " and payment_date = coalesce(s.agreed_payment_date, p.agreed_payment_date)"
        " and payment_type_id = case when transaction_type = 'SALE' then 1 else 3 end"
    )
    assert agreeing == [[300]]


def test_seeded_history_ends_before_the_given_day_and_stays_in_working_hours(
    empty: Connection,
) -> None:
    Simulator(empty).seed(500, until=date(2025, 6, 9))
    ((first, last, on_weekends, at_night),) = empty.run(
        "select cast(min(created_at) as date), cast(max(created_at) as date),"
        " count(*) filter (where extract(isodow from created_at) > 5),"
        " count(*) filter (where cast(created_at as time) not between '08:00' and '18:00')"
        " from transaction"
    )
    assert (first, last) == (date(2025, 5, 15), date(2025, 6, 6))
    assert (on_weekends, at_night) == (0, 0)


def test_payments_due_on_a_weekday_before_the_end_are_paid(
    empty: Connection,
) -> None:
    Simulator(empty).seed(500)
    wrong = empty.run(
        "select count(*) from payment, cast(payment_date as date) as due"
        " where paid <> (due > cast(created_at as date)"
        " and due < '2024-11-15' and extract(isodow from due) < 6)"
    )
    assert wrong == [[0]]
    shared = empty.run(
        "select payment_date, count(distinct last_updated) from payment where paid group by 1"
    )
    assert shared
    assert {different for _, different in shared} == {1}


def test_seed_has_values_that_break_naive_code(source: Connection) -> None:
    addresses = content(source, "address")
    assert "08841" in {address[5] for address in addresses}
    assert {None, ""} <= {address[3] for address in addresses}
    assert any(
        '"' in line and "\n" in line and "\\" in line for _, _, line, *_ in addresses if line
    )
    assert "O'Keefe" in {staff[2] for staff in content(source, "staff")}
    firms = {counterparty[1] for counterparty in content(source, "counterparty")}
    assert "Padberg, Lueilwitz and Johnson" in firms
    assert None in {department[2] for department in content(source, "department")}


def test_seed_leaves_ids_moments_and_heap_out_of_step(empty: Connection) -> None:
    Simulator(empty).seed(500)
    ids = [order[0] for order in content(empty, SALES)]
    assert ids != sorted(ids)
    late = empty.run(
        "select count(*) from payment earlier join payment later"
        " on later.payment_id > earlier.payment_id and later.created_at < earlier.created_at"
    )
    assert 0 < late[0][0] < 50


@pytest.mark.parametrize("table", [SALES, PURCHASES])
def test_order_shares_created_at_with_its_transaction_and_payment(
    source: Connection, table: str
) -> None:
    simulator = Simulator(source)
    placed = simulator.place_sales_order() if table == SALES else simulator.place_purchase_order()
    assert placed.table == table
    order = row(source, table, placed.order_id)
    transaction = row(source, "transaction", placed.transaction_id)
    payment = row(source, "payment", placed.payment_id)
    moments = {
        written[column]
        for written in (order, transaction, payment)
        for column in ("created_at", "last_updated")
    }
    assert len(moments) == 1
    assert transaction[f"{table}_id"] == placed.order_id
    assert payment["transaction_id"] == placed.transaction_id
    assert payment["paid"] is False
    price = order["unit_price"] if table == SALES else order["item_unit_price"]
    quantity = order["units_sold"] if table == SALES else order["item_quantity"]
    amount = Decimal(str(price)) * quantity
    assert Decimal(str(payment["payment_amount"])) == amount


def test_order_is_written_whole_or_not_at_all(source: Connection) -> None:
    source.run("alter table payment add check (payment_id < 0) not valid")
    before = everything(source)
    with pytest.raises(DatabaseError, match="payment_payment_id_check"):
        Simulator(source).place_sales_order()
    assert everything(source) == before


def test_silent_edit_changes_the_order_and_leaves_last_updated(source: Connection) -> None:
    simulator = Simulator(source)
    for _ in range(20):
        order_id = simulator.place_sales_order().order_id
        before = row(source, SALES, order_id)
        edit = simulator.edit_sales_order_silently(order_id)
        assert edit.changed
        assert all(before[column] != edit.changed[column] for column in edit.changed)
        assert row(source, SALES, order_id) == {**before, **edit.changed}


def test_silent_change_of_a_design_leaves_last_updated(source: Connection) -> None:
    before = row(source, "design", 3)
    edit = Simulator(source).change_design_silently(3)
    assert set(edit.changed) == {"file_location"}
    assert edit.changed["file_location"] != before["file_location"]
    assert row(source, "design", 3) == {**before, **edit.changed}


def test_moved_staff_and_changed_address_get_a_new_last_updated(source: Connection) -> None:
    simulator = Simulator(source)
    for edit in (simulator.move_staff(17), simulator.change_address(6)):
        after = row(source, edit.table, edit.key)
        assert {column: after[column] for column in edit.changed} == edit.changed
        assert after["last_updated"] > after["created_at"]


def test_edit_without_a_key_draws_one(source: Connection) -> None:
    simulator = Simulator(source)
    drawn = {simulator.edit_sales_order_silently().key for _ in range(30)}
    assert len(drawn) > 5


def test_due_payments_are_paid_at_one_moment_37_at_most(source: Connection) -> None:
    simulator = Simulator(source)
    for _ in range(40):
        simulator.place_sales_order()
    source.run("update payment set payment_date = '2030-01-02', paid = false")
    paid = simulator.pay_due(date(2030, 1, 2))
    assert len(paid) == 37
    moments = source.run(
        "select last_updated, array_agg(payment_id) from payment where paid group by 1"
    )
    assert [sorted(keys) for _, keys in moments] == [paid]
    assert simulator.pay_due(date(2030, 1, 3)) == []


def test_deleted_order_sets_its_transactions_reference_to_null_silently(source: Connection) -> None:
    simulator = Simulator(source)
    placed = simulator.place_sales_order()
    transaction = row(source, "transaction", placed.transaction_id)
    payment = row(source, "payment", placed.payment_id)
    assert simulator.delete_sales_order(placed.order_id) == placed.order_id
    assert row(source, "transaction", placed.transaction_id) == {
        **transaction,
        "sales_order_id": None,
    }
    assert row(source, "payment", placed.payment_id) == payment
    assert [placed.order_id] not in source.run("select sales_order_id from sales_order")


def test_order_in_a_savepoint_is_kept_and_the_one_rolled_back_is_not(source: Connection) -> None:
    before = count(source, SALES)
    kept = Simulator(source).place_order_in_savepoint()
    assert count(source, SALES) == before + 1
    ((own, newest),) = source.run(
        "select cast(cast(xmin as text) as bigint),"
        " cast(cast(pg_snapshot_xmax(pg_current_snapshot()) as text) as bigint)"
        " from sales_order where sales_order_id = :id",
        id=kept.order_id,
    )
    assert own < newest - 1  # a transaction id below the one that was rolled back


def test_orders_of_a_spread_do_not_pile_up_on_one_day(source: Connection) -> None:
    simulator = Simulator(source, seed=3, spread=27)
    orders = [simulator.place_sales_order() for _ in range(60)]
    [[days, weekends, future, unequal, paid]] = source.run(
        "select count(distinct cast(s.created_at as date)),"
        " count(*) filter (where extract(isodow from s.created_at) > 5"
        "   and cast(s.created_at as date) < current_date),"
        " count(*) filter (where s.created_at > current_timestamp),"
        " count(*) filter (where p.created_at <> s.created_at or s.last_updated <> s.created_at),"
        " count(*) filter (where paid)"
        " from sales_order s join transaction t using (sales_order_id)"
        " join payment p using (transaction_id) where sales_order_id = any(:keys)",
        keys=[order.order_id for order in orders],
    )
    assert days > 10
    assert (weekends, future, unequal) == (0, 0, 0)
    assert 20 < paid < 60


def test_history_over_given_days_has_few_orders_a_day(empty: Connection) -> None:
    Simulator(empty).seed(200, days=60)
    [[days]] = empty.run("select count(distinct cast(created_at as date)) from transaction")
    assert days == 50  # four a day


def test_late_order_is_older_than_the_moment_it_can_be_seen(
    source: Connection, seeded_source_dsn: str
) -> None:
    simulator = Simulator(source)
    with simulator.late_order(from_dsn(seeded_source_dsn)) as late:
        assert sees(source, late) == 0
        on_time = simulator.place_sales_order()
        assert sees(source, late) == 0
    assert sees(source, late) == 1
    first, second = row(source, SALES, late.order_id), row(source, SALES, on_time.order_id)
    assert first["created_at"] <= second["created_at"]
    assert late.order_id < on_time.order_id


def sees(connection: Connection, order: Order) -> int:
    query = "select count(*) from sales_order where sales_order_id = :id"
    return int(connection.run(query, id=order.order_id)[0][0])


def test_late_order_is_rolled_back_if_its_block_fails(
    source: Connection, seeded_source_dsn: str
) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        Simulator(source).late_order(from_dsn(seeded_source_dsn)) as late,
    ):
        raise KeyboardInterrupt
    assert sees(source, late) == 0


@pytest.mark.parametrize("change", ["place_sales_order", "edit_sales_order_silently", "move_staff"])
def test_change_of_an_empty_source_asks_to_seed_it_first(empty: Connection, change: str) -> None:
    with pytest.raises(NothingToPick, match="seed it first"):
        getattr(Simulator(empty), change)()


def test_change_of_a_row_that_does_not_exist_is_refused(source: Connection) -> None:
    with pytest.raises(NothingToPick, match="no sales_order 4711"):
        Simulator(source).delete_sales_order(4711)


@pytest.mark.skipif(not totesys_dump.available(), reason="the real dump is not on this machine")
def test_real_dump_fits_the_schema_and_new_orders_follow_it(empty: Connection) -> None:
    totesys_dump.load(empty)
    assert {table: count(empty, table) for table in (SALES, PURCHASES, "payment", "design")} == {
        SALES: 11_187,
        PURCHASES: 4_649,
        "payment": 15_836,
        "design": 473,
    }
    ((oldest, newest),) = empty.run("select min(created_at), max(created_at) from sales_order")
    assert newest - oldest > timedelta(days=700)
    ((greatest,),) = empty.run("select max(sales_order_id) from sales_order")
    assert Simulator(empty).place_sales_order().order_id == greatest + 1
