"""Every batch is loaded into the warehouse exactly once, also after failures."""

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from embedded.server import Server
from glue_jobs.errors import OtherLedger, SchemaOutdated, StagedCountsDiffer, StagingFailed
from glue_jobs.load import bare, copying, ledger
from glue_jobs.load import transaction as module
from glue_jobs.load.merge import qualified
from glue_jobs.load.pending import Pending
from glue_jobs.load.staging import Incoming, incoming
from glue_jobs.load.transaction import LoadResult, Target, load
from lake import new_run
from postgres import (
    Connection,
    QueryFailed,
    Unreachable,
    connected,
    from_dsn,
    local_lock_timeout,
    render,
)
from tests.hostile import PAUSE, set_all
from tests.processed import (
    DAY,
    ProcessedLake,
    calendar,
    day_row,
    dimension_row,
    observed,
    star,
    version_row,
)
from tests.sessions import wait_until
from warehouse import migrate, migrate_at

STAGING = "select count(*) from pg_tables where tablename like 'staging%'"
LEDGER = "select batch_seq from etl.ledger order by 1"
VERSIONS = """
select sales_order_id, batch_seq from warehouse.fact_sales_order order by 1, 2
"""
LATEST = "select sales_order_id, batch_seq from etl.latest_sales_order order by 1"
PARTS = """
select pg_get_indexdef(indexrelid) from pg_index
where indrelid in ('warehouse.fact_sales_order'::regclass, 'etl.latest_sales_order'::regclass)
union all
select conrelid::regclass::text || conname || pg_get_constraintdef(oid) from pg_constraint
where conrelid in ('warehouse.fact_sales_order'::regclass, 'etl.latest_sales_order'::regclass)
union all
select tgenabled::text || pg_get_triggerdef(oid) from pg_trigger
where tgrelid = 'warehouse.fact_sales_order'::regclass and not tgisinternal
order by 1
"""
FOREIGN_KEYS = """
select conname, pg_get_constraintdef(oid), convalidated from pg_constraint
where conrelid = 'warehouse.fact_sales_order'::regclass and contype = 'f' order by 1
"""
WAITING = """
select from pg_stat_activity
where application_name = 'reader' and wait_event_type = 'Lock'
    and datname = current_database()
"""
DEADLOCK = """
select from pg_stat_database where datname = current_database() and deadlocks = {count}
"""
COUNT = "select count(*) from warehouse.fact_sales_order"
Load = Callable[..., LoadResult]


@pytest.fixture
def target(warehouse_dsn: str) -> Target:
    return Target(from_dsn(warehouse_dsn), "warehouse")


@pytest.fixture
def processed(tmp_path: Path) -> ProcessedLake:
    return ProcessedLake(tmp_path / "a [lake] with spaces")


@pytest.fixture(autouse=True)
def many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load every number of rows as many; the tests of other modules load few."""
    monkeypatch.setattr(bare, "MANY_ROWS", 1)


@pytest.fixture
def load_once(processed: ProcessedLake, target: Target) -> Load:
    """Return a function that loads pending batches; its arguments replace those of the load."""

    def load_once(**overrides: Any) -> LoadResult:
        lake = overrides.get("processed", processed).lake
        return load(lake, overrides.get("target", target), new_run())

    return load_once


@pytest.fixture
def dropped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of the statements that drop parts of tables, which loads add to."""
    statements, drop = list[str](), bare._drop

    def noted(connection: Connection, added: Sequence[str]) -> bool:
        statements.extend(added)
        return drop(connection, added)

    monkeypatch.setattr(bare, "_drop", noted)
    return statements


class Crash(BaseException):
    """An exception that no code handles."""


def crash(*_: object) -> None:
    raise Crash


def test_dimensions_and_versions_of_a_batch_reach_the_warehouse(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    processed.add({**star(), "fact_sales_order": [version_row(1, 1), version_row(2, 1)]})
    result = load_once()
    assert (result.from_seq, result.through_seq) == (1, 1)
    assert result.rows == {**dict.fromkeys(star(), 1), "fact_sales_order": 2}
    assert connection.run(VERSIONS) == [[1, 1], [2, 1]]
    assert connection.run("select * from warehouse.dim_date") == [list(day_row().values())]
    assert connection.run("select * from warehouse.dim_design") == [
        [1, "design_name 1", "file_location 1", "file_name 1"]
    ]
    assert processed.lake.loads.last_batch() == 1


@pytest.fixture(params=["default", "hostile"])
def settings(request: pytest.FixtureRequest, connection: Connection) -> str:
    """Set the defaults of the database for sessions, and return which ones."""
    if request.param == "hostile":
        [[database]] = connection.run("select current_database()")
        set_all(connection, render("database {name}", name=database))
    return str(request.param)


def test_every_value_arrives_as_it_was(
    connection: Connection,
    processed: ProcessedLake,
    load_once: Load,
    settings: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read_slowly(*arguments: Any) -> Any:
        if settings == "hostile":
            sleep(1.5 * PAUSE)  # idle sessions end before
        return blocks(*arguments)

    blocks = copying._blocks
    monkeypatch.setattr(copying, "_blocks", read_slowly)
    place = dimension_row(
        "dim_location", 1, postal_code="08841", city="O'Keefe \\ \"x\", {y}", district=None,
        address_line_2="", phone="Łódź",
    )  # fmt: skip
    order = version_row(
        1,
        1,
        created_time="23:59:59.999999",
        unit_price=Decimal("12345678.90"),
        observed_at=datetime(2024, 3, 31, 2, 30, 0, 123456),  # absent in most of Europe
        is_deleted=True,
    )
    processed.add({**star(), "dim_location": [place], "fact_sales_order": [order]})
    load_once()
    assert connection.run("select * from warehouse.dim_location") == [list(place.values())]
    assert connection.run("""
        select created_time, unit_price, observed_at, is_deleted, created_date
        from warehouse.fact_sales_order
    """) == [
        [
            time(23, 59, 59, 999999),
            Decimal("12345678.90"),
            datetime(2024, 3, 31, 2, 30, 0, 123456),
            True,
            DAY,
        ]
    ]


def test_ledger_records_the_loaded_batches(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    processed.add({"fact_sales_order": [version_row(1, 2), version_row(2, 2)]})
    before = datetime.now(UTC)
    load_once()
    batches = [processed.lake.batches.entry(seq) for seq in (1, 2)]
    assert connection.run("""
        select batch_seq, lake, generation, observed_at, committed_at, rows
        from etl.ledger order by 1
    """) == [
        [1, "lake-1", 1, batches[0].observed_at, batches[0].committed_at, len(calendar()) + 1],
        [2, "lake-1", 1, batches[1].observed_at, batches[1].committed_at, 2],
    ]
    assert all(at > before for (at,) in connection.run("select loaded_at from etl.ledger"))


def test_second_load_does_nothing(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    load_once()
    result = load_once()
    assert (result.rows, result.from_seq, result.through_seq) == ({}, 0, 0)
    assert connection.run(VERSIONS) == [[1, 1]]


def test_empty_lake_loads_nothing(load_once: Load) -> None:
    assert load_once().rows == {}


def test_batch_without_rows_for_the_warehouse_is_recorded(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    processed.add({})
    result = load_once()
    assert (result.rows, result.through_seq) == ({}, 1)
    assert connection.run(LEDGER) == [[1]]
    assert processed.lake.loads.last_batch() == 1


def test_only_batches_that_both_jobs_built_are_loaded(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    seq = processed.land({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    assert load_once().through_seq == 0
    processed.build_facts(seq)
    assert load_once().through_seq == 1
    assert connection.run(VERSIONS) == [[1, 1]]


def test_one_load_inserts_many_batches_in_the_order_of_their_versions(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    processed.add({**calendar(), "fact_sales_order": [version_row(2, 1), version_row(1, 1)]})
    processed.add({"fact_sales_order": [version_row(1, 2)]})
    processed.add({"fact_sales_order": [version_row(3, 3), version_row(2, 3)]})
    assert load_once().through_seq == 3
    assert connection.run(VERSIONS) == [[1, 1], [1, 2], [2, 1], [2, 3], [3, 3]]
    assert processed.lake.loads.last_batch() == 3


def test_latest_of_several_pending_rows_of_a_member_is_loaded(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    processed.add(calendar())
    processed.add({"dim_design": [dimension_row("dim_design", 1, file_name="second")]})
    processed.add({"dim_design": [dimension_row("dim_design", 1, file_name="third")]})
    assert load_once().rows["dim_design"] == 1
    assert connection.run("select file_name from warehouse.dim_design") == [["third"]]


def test_changed_member_is_updated_and_unchanged_members_are_not_written(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    members = [dimension_row("dim_location", key, district=None) for key in (1, 2, 3)]
    processed.add({"dim_location": members})
    load_once()
    where = "select location_id, xmin::text, district from warehouse.dim_location order by 1"
    before = connection.run(where)
    changed = [members[0], {**members[1], "district": ""}, members[2]]
    processed.add({"dim_location": changed})
    assert load_once().rows == {"dim_location": 1}
    after = connection.run(where)
    assert [after[0], after[2]] == [before[0], before[2]]
    assert after[1][2] == ""
    locked = "select count(*) from warehouse.dim_location where location_id <> 2 and xmax <> '0'"
    assert connection.run(locked) == [[0]]


def test_unknown_reference_gets_an_inferred_member_that_its_row_fills(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    orphan = version_row(1, 1, design_id=7, agreed_delivery_location_id=8)
    processed.add({**star(), "fact_sales_order": [orphan, version_row(2, 1, design_id=7)]})
    rows = load_once().rows
    assert (rows["dim_design"], rows["dim_location"]) == (2, 2)
    assert connection.run("select * from warehouse.dim_design where design_id = 7") == [
        [7, "Unknown", "Unknown", "Unknown"]
    ]
    assert connection.run("select * from warehouse.dim_location where location_id = 8") == [
        [8, "Unknown", None, None, "Unknown", "Unknown", "Unknown", "Unknown"]
    ]
    row = dimension_row("dim_design", 7)
    processed.add({"dim_design": [row]})
    load_once()
    assert connection.run("select * from warehouse.dim_design where design_id = 7") == [
        list(row.values())
    ]


HISTORY = """
select batch_seq, is_deleted, observed_at, units_sold from warehouse.fact_sales_order
where sales_order_id = 1 order by batch_seq
"""


@pytest.mark.parametrize("is_one_load", [True, False])
def test_tombstone_takes_the_values_of_the_version_before_it(
    connection: Connection, processed: ProcessedLake, load_once: Load, is_one_load: bool
) -> None:
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1), version_row(2, 1)]})
    processed.add({"fact_sales_order": [version_row(1, 2, units_sold=2)]})
    written = 0 if is_one_load else load_once().rows["fact_sales_order"]
    processed.add({}, deleted=[1])
    written += 0 if is_one_load else load_once().rows["fact_sales_order"]
    processed.add({"fact_sales_order": [version_row(1, 4, units_sold=4)]})
    assert written + load_once().rows["fact_sales_order"] == 5
    assert connection.run(HISTORY) == [
        [1, False, observed(1), 1],
        [2, False, observed(2), 2],
        [3, True, observed(3), 2],
        [4, False, observed(4), 4],
    ]
    assert load_once().rows == {}


ORDERED = """
select batch_seq, change_seq, is_deleted, units_sold from warehouse.fact_sales_order
where sales_order_id = 1 order by batch_seq, change_seq
"""


@pytest.mark.parametrize("is_one_load", [True, False])
def test_tombstone_of_a_transaction_takes_the_values_of_the_one_before_it(
    connection: Connection, processed: ProcessedLake, load_once: Load, is_one_load: bool
) -> None:
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    if not is_one_load:
        load_once()
    several = [version_row(1, 2, change_seq=n, units_sold=n) for n in (9, 5)]
    processed.add({"fact_sales_order": several}, deleted=[1], deleted_by=7)
    processed.add({"fact_sales_order": [version_row(1, 3, units_sold=30)]})
    load_once()
    assert connection.run(ORDERED) == [
        [1, 0, False, 1],
        [2, 5, False, 5],
        [2, 7, True, 5],
        [2, 9, False, 9],
        [3, 0, False, 30],
    ]
    current = "select batch_seq, units_sold from warehouse.fact_sales_order_current"
    assert connection.run(current) == [[3, 30]]
    assert load_once().rows == {}


def test_files_of_a_version_without_change_seq_are_loaded_as_0_and_null(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    old = version_row(1, 2)
    for added in ("change_seq", "changed_at"):
        del old[added]
    processed.add({**calendar(), "dim_design": [dimension_row("dim_design", 1)]})
    processed.add({"fact_sales_order": [old]})
    processed.add({}, deleted=[1])
    processed.add({"fact_sales_order": [version_row(1, 4, change_seq=2, changed_at=observed(3))]})
    load_once()
    assert connection.run("""
        select batch_seq, change_seq, changed_at, is_deleted from warehouse.fact_sales_order
        order by batch_seq
    """) == [[2, 0, None, False], [3, 0, None, True], [4, 2, observed(3), False]]


def test_last_state_of_a_member_in_a_batch_is_loaded(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    states = [
        dimension_row("dim_design", 1, design_name=f"of {n}", change_seq=n) for n in (4, 6, 5)
    ]
    processed.add({"dim_design": [dimension_row("dim_design", 1)]})
    processed.add({"dim_design": states})
    assert load_once().rows["dim_design"] == 1
    assert connection.run("select design_name from warehouse.dim_design") == [["of 6"]]


def test_tombstone_without_an_earlier_version_is_ignored(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    processed.add({**calendar(), "fact_sales_order": [version_row(2, 1)]}, deleted=[1])
    assert load_once().rows["fact_sales_order"] == 1
    assert connection.run(VERSIONS) == [[2, 1]]
    assert connection.run(STAGING) == [[0]]


@pytest.mark.parametrize("loaded_before", [True, False])
def test_version_that_a_retry_brings_back_is_deleted_by_its_tombstone(
    connection: Connection, processed: ProcessedLake, load_once: Load, loaded_before: bool
) -> None:
    processed.add({**calendar(), "fact_sales_order": [version_row(2, 1)]})
    processed.add({}, deleted=[1, 2])
    if loaded_before:
        load_once()
    processed.retry({"fact_sales_order": [version_row(1, 1)]}, 2, {1: 2, 2: 2})
    processed.retry({"fact_sales_order": [version_row(3, 1)]}, 2, {1: 2, 2: 2})
    processed.add({"fact_sales_order": [version_row(4, 3)]}, deleted=[3])
    load_once()
    assert [row[:2] for row in connection.run(HISTORY)] == [[1, False], [2, True]]
    current = "select sales_order_id from warehouse.fact_sales_order_current"
    assert connection.run(current) == [[4]]


def test_tombstones_are_counted_before_they_are_inserted(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    processed.add({}, deleted=[1], recorded_deleted=2)
    with pytest.raises(StagedCountsDiffer, match=r"1 rows were staged, and the log records 2"):
        load_once()
    assert connection.run(LEDGER) == []
    assert connection.run(STAGING) == [[0]]


def test_first_load_keeps_keys_indexes_and_triggers(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    before, parts = connection.run(FOREIGN_KEYS), connection.run(PARTS)
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    load_once()
    assert connection.run(PARTS) == parts
    assert connection.run(FOREIGN_KEYS) == before
    assert len(before) == 9
    assert all(validated for *_, validated in before)


@pytest.mark.parametrize(
    ("orders", "is_analyzed", "without"),
    [
        (2, True, [True, True, True]),
        (3, True, [True, False, False]),
        (11, True, [False, False, False]),
        (11, False, [False, False, False]),
    ],
)
def test_load_that_adds_many_versions_keeps_keys_indexes_and_triggers(
    connection: Connection,
    processed: ProcessedLake,
    load_once: Load,
    dropped: list[str],
    orders: int,
    is_analyzed: bool,
    without: list[bool],
) -> None:
    """A load drops all parts of a fact that grows by half, and foreign keys if it grows by a
    tenth; also if PostgreSQL has not counted rows yet, as after an upgrade of the server."""
    versions = [version_row(order, 1) for order in range(orders)]
    processed.add({**calendar(), "fact_sales_order": versions})
    load_once()
    before, parts = connection.run(FOREIGN_KEYS), connection.run(PARTS)
    if is_analyzed:
        connection.run("analyze warehouse.fact_sales_order")
    dropped.clear()
    processed.add({"fact_sales_order": [version_row(1, 2, design_id=8)]})
    assert load_once().rows == {"fact_sales_order": 1, "dim_design": 1}
    kinds = ("_fkey", "drop index", "latest_added")
    assert [any(kind in each for each in dropped) for kind in kinds] == without
    assert connection.run(PARTS) == parts
    assert connection.run(FOREIGN_KEYS) == before
    latest = [[order, 2 if order == 1 else 1] for order in range(orders)]
    assert connection.run(LATEST) == latest


ADDITIONS = (
    "create publication everything for all tables",
    "comment on index warehouse.fact_sales_order_batch_seq is 'ours'",
    "comment on constraint fact_sales_order_pkey on warehouse.fact_sales_order is 'ours'",
    "alter table warehouse.fact_sales_order cluster on fact_sales_order_batch_seq",
    "alter table warehouse.fact_sales_order replica identity using index fact_sales_order_pkey",
    "alter index warehouse.fact_sales_order_pkey set (fillfactor = 70)",
)
"""Properties that PostgreSQL does not tell with the definition of a key or index."""


def test_parts_with_additions_are_not_dropped(connection: Connection) -> None:
    fact = qualified("warehouse", "fact_sales_order")

    def drops(addition: str) -> bool:
        connection.run(f"begin; {addition}")
        with bare.bare(connection, 1, fact) as are_bare:
            pass
        connection.run("rollback")
        return are_bare

    assert drops("select")
    assert [addition for addition in ADDITIONS if drops(addition)] == []


def test_many_versions_are_loaded_into_a_published_fact(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    connection.run("create publication everything for all tables")
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    load_once()
    processed.add({"fact_sales_order": [version_row(1, 2), version_row(2, 2)]})
    load_once()
    assert connection.run(LATEST) == [[1, 2], [2, 2]]


def test_table_that_depends_on_a_key_does_not_stop_the_first_load(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    connection.run(
        "create table public.remark (sales_record_id int references warehouse.fact_sales_order)"
    )
    parts = connection.run(PARTS)
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    assert load_once().rows["fact_sales_order"] == 1
    assert connection.run(PARTS) == parts
    assert connection.run("select batch_seq from etl.latest_sales_order") == [[1]]


def test_version_that_arrives_twice_is_refused_by_the_first_load(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1), version_row(1, 1)]})
    parts = connection.run(PARTS)
    with pytest.raises(QueryFailed, match="could not create unique index"):
        load_once()
    assert connection.run(LEDGER) == []
    assert connection.run(PARTS) == parts


def test_open_transaction_of_a_reader_does_not_block_the_first_load(
    load_once: Load,
    processed: ProcessedLake,
    connection: Connection,
    target: Target,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bare, "LOCK_TIMEOUT", "50ms")
    before = connection.run(FOREIGN_KEYS)
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    with connected(target.address, "reader") as reader:
        reader.run("begin; select * from warehouse.dim_staff")
        assert load_once().rows["fact_sales_order"] == 1
        reader.run("rollback")
    assert connection.run(FOREIGN_KEYS) == before


def test_deadlock_with_a_reader_keeps_the_foreign_keys_and_loads(
    load_once: Load,
    processed: ProcessedLake,
    connection: Connection,
    target: Target,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The load has locked the fact, the reader waits for it, and the load for the dimension. The
    reader looks for a deadlock much later, so PostgreSQL ends the statement of the load."""
    before = connection.run(FOREIGN_KEYS)
    assert connection.run(render(DEADLOCK, count=0))
    soon = "alter database {name} set deadlock_timeout = '10ms'"
    connection.run(render(soon, name=target.address.database))
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    counts = list[Any]()

    @contextmanager
    def while_the_reader_waits(load: Connection, _: str) -> Iterator[None]:
        is_first = not counts  # then it tries only the foreign keys, while the reader has a lock
        with local_lock_timeout(load, "10min" if is_first else "50ms"):
            if is_first:
                load.run("lock table warehouse.fact_sales_order in access exclusive mode")
                counts.append(thread.submit(reader.run, COUNT))
                wait_until(connection, WAITING)
            yield

    monkeypatch.setattr(bare, "local_lock_timeout", while_the_reader_waits)
    with connected(target.address, "reader") as reader, ThreadPoolExecutor(1) as thread:
        reader.run("set deadlock_timeout = '1h'; begin; select * from warehouse.dim_staff")
        assert load_once().rows["fact_sales_order"] == 1
        assert [each.result() for each in counts] == [[[0]]]
        reader.run("rollback")
    wait_until(connection, render(DEADLOCK, count=1))  # a session counts it at its end
    assert connection.run(FOREIGN_KEYS) == before


def test_schema_of_the_warehouse_may_have_any_name(
    warehouse_dsn: str, processed: ProcessedLake, load_once: Load
) -> None:
    address, schema = from_dsn(warehouse_dsn), "The \"Stars\" of 'Sales'"
    migrate_at(address, schema)
    assert migrate_at(address, schema) == []
    processed.add({**star(), "fact_sales_order": [version_row(1, 1)]})
    processed.add({"fact_sales_order": [version_row(1, 2, units_sold=7)]})
    assert load_once(target=Target(address, schema)).rows["fact_sales_order"] == 2
    for query in (
        "select units_sold from {schema}.fact_sales_order_current",
        "select units_sold from {schema}.fact_sales_order_as_of(timestamp 'infinity')",
    ):
        with connected(address, "tests") as connection:
            assert connection.run(render(query, schema=schema)) == [[7]]


@pytest.mark.parametrize("loaded_before", [False, True])
def test_date_outside_the_calendar_is_refused_because_no_day_is_inferred(
    connection: Connection, processed: ProcessedLake, load_once: Load, loaded_before: bool
) -> None:
    if loaded_before:
        processed.add({**calendar(), "fact_sales_order": [version_row(9, 1)]})
        load_once()
    before = connection.run(VERSIONS), connection.run(LEDGER)
    seq = len(before[1]) + 1
    invalid = version_row(1, seq, agreed_payment_date=date(2150, 1, 1))
    processed.add({**calendar(), "fact_sales_order": [invalid]})
    with pytest.raises(QueryFailed, match="foreign key constraint"):
        load_once()
    assert (connection.run(VERSIONS), connection.run(LEDGER)) == before
    assert len(connection.run(FOREIGN_KEYS)) == 9
    assert connection.run(STAGING) == [[0]]


def test_two_concurrent_loads_load_every_batch_once(
    connection: Connection,
    processed: ProcessedLake,
    load_once: Load,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    processed.add({"fact_sales_order": [version_row(1, 2)]})
    waited = threading.local()
    barrier = threading.Barrier(2, timeout=60)

    def after_both_have_read_the_ledger(pending: Pending) -> list[Incoming]:
        if not hasattr(waited, "once"):
            waited.once = barrier.wait()
        return incoming(pending)

    monkeypatch.setattr(module, "incoming", after_both_have_read_the_ledger)
    with ThreadPoolExecutor(2) as threads:
        loads = [threads.submit(load_once) for _ in range(2)]
        results = sorted((load.result() for load in loads), key=lambda load: load.through_seq)
    assert [result.through_seq for result in results] == [0, 2]
    assert results[0].rows == {}
    assert connection.run(VERSIONS) == [[1, 1], [1, 2]]
    assert connection.run(LEDGER) == [[1], [2]]
    assert processed.lake.loads.last_batch() == 2
    assert connection.run(STAGING) == [[0]]


def test_load_after_a_crash_before_the_load_log_completes_the_log(
    connection: Connection,
    processed: ProcessedLake,
    load_once: Load,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    processed.add({"fact_sales_order": [version_row(1, 2)]})
    with monkeypatch.context() as crashing:
        crashing.setattr(module, "record_loads", crash)
        with pytest.raises(Crash):
            load_once()
    assert connection.run(LEDGER) == [[1], [2]]
    assert processed.lake.loads.last_batch() == 0
    assert load_once().rows == {}
    assert processed.lake.loads.last_batch() == 2
    assert connection.run(VERSIONS) == [[1, 1], [1, 2]]


@pytest.mark.parametrize(
    "step", ["merge.merge_dimension", "merge.update_latest", "ledger.record_batches"]
)
def test_crash_in_the_transaction_leaves_nothing_and_the_next_load_succeeds(
    connection: Connection,
    processed: ProcessedLake,
    load_once: Load,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    parts = connection.run(PARTS)
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    with monkeypatch.context() as crashing:
        crashing.setattr(f"glue_jobs.load.{step}", crash)
        with pytest.raises(Crash):
            load_once()
    assert connection.run(STAGING) == [[0]]
    assert connection.run(LEDGER) == []
    assert connection.run("select count(*) from warehouse.dim_design") == [[0]]
    assert connection.run(PARTS) == parts
    assert load_once().through_seq == 1
    assert connection.run(VERSIONS) == [[1, 1]]


def end_sessions(connection: Connection) -> None:
    connection.run("""
        select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'load_warehouse' and datname = current_database()
    """)


def test_load_whose_session_is_terminated_changes_nothing(
    connection: Connection,
    processed: ProcessedLake,
    load_once: Load,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    with monkeypatch.context() as terminating:
        terminating.setattr(ledger, "lock", lambda _: end_sessions(connection))
        with pytest.raises((QueryFailed, Unreachable), match="load_warehouse"):
            load_once()
    assert connection.run(LEDGER) == []
    assert connection.run(STAGING) == [[0]]
    assert load_once().through_seq == 1


@pytest.mark.parametrize("other", [{"name": "lake-2"}, {"generation": 2}])
def test_warehouse_of_another_lake_or_generation_is_refused(
    connection: Connection,
    processed: ProcessedLake,
    load_once: Load,
    tmp_path: Path,
    other: dict[str, Any],
) -> None:
    processed.add(calendar())
    load_once()
    other_lake = ProcessedLake(tmp_path / "other", **other)
    other_lake.add(calendar())
    other_lake.add(calendar())
    with pytest.raises(OtherLedger, match="rebuild into an empty warehouse"):
        load_once(processed=other_lake)
    assert connection.run(LEDGER) == [[1]]
    assert other_lake.lake.loads.last_batch() == 0


def test_lake_that_was_restored_to_an_earlier_state_is_refused(
    connection: Connection, processed: ProcessedLake, load_once: Load, tmp_path: Path
) -> None:
    """Its next batches have numbers that the warehouse contains, with other rows."""
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    shutil.copytree(processed.root, tmp_path / "copy")
    processed.add({"fact_sales_order": [version_row(2, 2)]})
    load_once()
    restored = ProcessedLake(tmp_path / "copy")
    with pytest.raises(OtherLedger, match="and this lake has no batch of that number"):
        load_once(processed=restored)
    restored.add({"fact_sales_order": [version_row(3, 2)]})
    with pytest.raises(OtherLedger, match="and this lake has another batch of that number"):
        load_once(processed=restored)
    assert connection.run(VERSIONS) == [[1, 1], [2, 2]]


@pytest.mark.parametrize("table", ["dim_staff", "fact_sales_order"])
@pytest.mark.parametrize("recorded", [1, 3])
def test_lost_or_repeated_rows_are_detected_and_nothing_is_loaded(
    connection: Connection, processed: ProcessedLake, load_once: Load, table: str, recorded: int
) -> None:
    staff = [dimension_row("dim_staff", key) for key in (1, 2)]
    orders = [version_row(order, 1) for order in (1, 2)]
    tables = {**calendar(), "dim_staff": staff, "fact_sales_order": orders}
    processed.add(tables, {table: recorded})
    with pytest.raises(StagedCountsDiffer, match=f"{table}: 2 rows .* records {recorded}"):
        load_once()
    assert connection.run(LEDGER) == []
    assert connection.run(STAGING) == [[0]]


def test_database_that_was_not_migrated_is_refused(
    processed: ProcessedLake, load_once: Load
) -> None:
    processed.add(calendar())
    with pytest.raises(SchemaOutdated, match="run `python -m warehouse migrate"):
        load_once()


@pytest.mark.parametrize(
    "outdated", ["update etl.warehouse set contracts = 'old'", "delete from etl.warehouse"]
)
def test_warehouse_migrated_for_other_contracts_is_refused(
    connection: Connection, processed: ProcessedLake, load_once: Load, outdated: str
) -> None:
    connection.run(outdated)
    processed.add(calendar())
    with pytest.raises(SchemaOutdated, match="run `python -m warehouse migrate"):
        load_once()


def test_schema_of_the_warehouse_is_a_parameter(
    warehouse_dsn: str, processed: ProcessedLake, load_once: Load
) -> None:
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    with connected(from_dsn(warehouse_dsn), "tests") as connection:
        migrate(connection, 'The "Stars"')
        with pytest.raises(SchemaOutdated):
            load_once()
        load_once(target=Target(from_dsn(warehouse_dsn), 'The "Stars"'))
        found = connection.run('select count(*) from "The ""Stars""".fact_sales_order_current')
    assert found == [[1]]


def test_staging_error_shows_neither_rows_nor_the_password(
    connection: Connection,
    processed: ProcessedLake,
    load_once: Load,
    target: Target,
) -> None:
    unwritable = dimension_row("dim_staff", 1, first_name="Agatha\0")
    processed.add({"dim_staff": [unwritable]})
    with pytest.raises(StagingFailed, match=r"staged in etl\..+_dim_staff") as failure:
        load_once()
    assert "Agatha" not in str(failure.value)
    assert target.address.password
    assert target.address.password not in str(failure.value)
    assert connection.run(STAGING) == [[0]]
    assert connection.run(LEDGER) == []


@pytest.mark.parametrize("name", ["a+b", "a b", "a%41b", "a?b&c=d", "ä/ü", "a#b;c", "/x"])
def test_database_may_have_any_name(
    server: Server, processed: ProcessedLake, load_once: Load, name: str
) -> None:
    server.create_database(name)
    try:
        address = replace(from_dsn(server.dsn("postgres")), database=name)
        with connected(address, "tests") as connection:
            migrate(connection)
            processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
            assert load_once(target=Target(address, "warehouse")).through_seq == 1
            assert connection.run(VERSIONS) == [[1, 1]]
    finally:
        server.drop_database(name)


def test_text_and_numbers_of_several_blocks_arrive_as_they_were(
    connection: Connection,
    processed: ProcessedLake,
    load_once: Load,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(copying, "BLOCK_ROWS", 2)
    texts = ["", "\\N", "\\.", "a\n\\.\nb", "\t\r\n\\", "\"'\v\b,", "Łódź 🎉", "null", None]
    places = [
        dimension_row("dim_location", key, address_line_1=text or "", district=text)
        for key, text in enumerate(texts, 10)
    ]
    prices = [Decimal("0.00"), Decimal("-0.01"), Decimal("99999999.99")]
    versions = [version_row(order, 1, unit_price=price) for order, price in enumerate(prices, 1)]
    processed.add({**star(), "dim_location": places, "fact_sales_order": versions})
    processed.add({"dim_location": [dimension_row("dim_location", 10, city="moved")]})
    load_once()
    found = "select address_line_1, district from warehouse.dim_location where location_id > 10"
    assert connection.run(f"{found} order by location_id") == [[t or "", t] for t in texts[1:]]
    priced = "select unit_price from warehouse.fact_sales_order order by sales_order_id"
    assert connection.run(priced) == [[price] for price in prices]


def test_large_load_is_analyzed(
    connection: Connection, processed: ProcessedLake, load_once: Load
) -> None:
    versions = [version_row(order, 1) for order in range(module.BIG_LOAD)]
    processed.add({**calendar(), "fact_sales_order": versions})
    assert load_once().rows["fact_sales_order"] == len(versions)
    assert connection.run(VERSIONS) == [[row["sales_order_id"], 1] for row in versions]
    estimate = "select reltuples from pg_class where relname = 'fact_sales_order'"
    assert connection.run(estimate) == [[len(versions)]]
