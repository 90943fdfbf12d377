"""What the source's owner may do to the catalog, and what a poll makes of it."""

import dataclasses
from contextlib import contextmanager

import pytest
from pg8000.native import Connection

from contracts import PlatformError
from embedded.server import Server
from ingestion_lambda import batch
from ingestion_lambda import poll as poll_module
from ingestion_lambda.errors import AnotherSource, SourceMismatch
from ingestion_lambda.source.snapshot import frozen
from lake.entries import Batch
from postgres import connected, from_dsn, render
from tests.integration.ingestion_lambda.conftest import Pipeline
from tests.integration.ingestion_lambda.test_changes import mirrored_rows, source_rows
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime

BEHIND_THE_ROWS = {
    "column replaced by another": (
        "sales_order",
        "ALTER TABLE sales_order DROP COLUMN unit_price;"
        "ALTER TABLE sales_order RENAME unit_price_new TO unit_price",
    ),
    "columns exchanged": (
        "staff",
        "ALTER TABLE staff RENAME first_name TO aside;"
        "ALTER TABLE staff RENAME last_name TO first_name;"
        "ALTER TABLE staff RENAME aside TO last_name",
    ),
    "column made again with a default": (
        "staff",
        "ALTER TABLE staff DROP COLUMN email_address;"
        "ALTER TABLE staff ADD COLUMN email_address text NOT NULL DEFAULT 'anybody'",
    ),
    "label of an enum renamed": (
        "transaction",
        """ALTER TYPE "TransactionType" RENAME VALUE 'SALE' TO 'SALES'""",
    ),
}


@pytest.mark.parametrize(("table", "ddl"), BEHIND_THE_ROWS.values(), ids=BEHIND_THE_ROWS.keys())
def test_ddl_that_changes_values_behind_their_rows_is_seen(
    pipeline: Pipeline, source: Connection, table: str, ddl: str
):
    source.run("ALTER TABLE sales_order ADD COLUMN unit_price_new numeric(10,2)")
    source.run("UPDATE sales_order SET unit_price_new = unit_price * 2")
    pipeline.poll()
    for _ in range(100):
        source.run("SELECT pg_current_xact_id()")
    source.run(ddl)
    assert set(pipeline.poll().changes) == {table}
    assert mirrored_rows(pipeline, table) == source_rows(source, table)
    assert pipeline.poll().changes == {}


def test_partition_exchanged_for_another_is_seen(pipeline: Pipeline, source: Connection):
    source.run(
        "DROP TABLE payment; CREATE TABLE payment (payment_id int PRIMARY KEY,"
        " created_at timestamp(3), last_updated timestamp(3), transaction_id int,"
        " counterparty_id int, payment_amount numeric(10,2), currency_id int,"
        " payment_type_id int, paid boolean, payment_date text, company_ac_number int,"
        " counterparty_ac_number int) PARTITION BY RANGE (payment_id);"
        "CREATE TABLE payment_1 PARTITION OF payment FOR VALUES FROM (0) TO (100);"
        "INSERT INTO payment (payment_id, paid) VALUES (1, false), (2, false)"
    )
    pipeline.poll()
    source.run("CREATE TABLE payment_2 (LIKE payment INCLUDING INDEXES)")
    source.run("INSERT INTO payment_2 (payment_id, paid) VALUES (1, true), (2, false)")
    pipeline.poll()
    for _ in range(100):
        source.run("SELECT pg_current_xact_id()")
    source.run(
        "ALTER TABLE payment DETACH PARTITION payment_1;"
        "ALTER TABLE payment ATTACH PARTITION payment_2 FOR VALUES FROM (0) TO (100)"
    )
    assert pipeline.poll().changes == {"payment": {"I": 0, "U": 1, "D": 0}}


def test_function_shadowed_by_the_search_path_is_not_called(
    pipeline: Pipeline, source: Connection, simulator: Simulator
):
    source.run(
        "CREATE FUNCTION public.pg_current_snapshot() RETURNS pg_snapshot LANGUAGE sql"
        " AS $$ select '10:10:'::pg_snapshot $$"
    )
    alter = "ALTER DATABASE {database} SET search_path = public, pg_catalog"
    source.run(render(alter, database=pipeline.address.database))
    pipeline.poll()
    simulator.edit_sales_order_silently()
    assert pipeline.poll().changes == {"sales_order": {"I": 0, "U": 1, "D": 0}}


def test_rows_hidden_by_a_policy_are_an_error_and_not_a_deletion(
    pipeline: Pipeline, source: Connection
):
    source.run(
        "DROP ROLE IF EXISTS policed; CREATE ROLE policed LOGIN PASSWORD 'policed';"
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO policed;"
        "ALTER TABLE staff ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY most ON staff USING (staff_id <> 3)"
    )
    role = dataclasses.replace(pipeline.address, user="policed", password="policed")
    with (
        pytest.raises(PlatformError, match="row-level security policy"),
        connected(role, "poll") as connection,
    ):
        pipeline.poll_through(connection)
    source.run("DROP OWNED BY policed; DROP ROLE policed")


UNFIT_TABLES = {
    "view": (
        "ALTER TABLE payment RENAME TO payments; CREATE VIEW payment AS TABLE payments",
        "no plain or partitioned table",
    ),
    "table with heirs": ("CREATE TABLE heir () INHERITS (payment)", "no plain or partitioned"),
    "key of another type": (
        "ALTER TABLE payment ALTER payment_id TYPE bigint",
        "must be an integer",
    ),
    "key that is not unique": (
        "ALTER TABLE payment DROP CONSTRAINT payment_pkey",
        "a unique index of its own",
    ),
}


@pytest.mark.parametrize(("ddl", "told"), UNFIT_TABLES.values(), ids=UNFIT_TABLES.keys())
def test_table_whose_rows_cannot_be_followed_is_refused(
    pipeline: Pipeline, source: Connection, ddl: str, told: str
):
    source.run(ddl)
    with pytest.raises(SourceMismatch, match=told):
        pipeline.poll()


def test_horizon_of_ids_that_went_back_is_not_kept(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    """A source restored from an older copy, while its WAL is slow to reach the disk."""
    pipeline.poll()
    head = pipeline.lake.batches.entry(1)
    later = dataclasses.replace(
        head.position, xmin=head.position.xmin + 500, xmax=head.position.xmax + 500
    )
    later = dataclasses.replace(later, horizon=later.xmin)
    ahead: Batch = dataclasses.replace(head, seq=2, run="later", position=later)
    pipeline.lake.batches.commit(ahead)
    source.run("UPDATE staff SET first_name = 'Restored' WHERE staff_id = 1")
    with monkeypatch.context() as patch:
        patch.setattr(batch, "is_flushed", lambda *_: False)
        pipeline.poll()
    source.run("UPDATE staff SET first_name = 'Seen' WHERE staff_id = 2")
    assert pipeline.poll().changes["staff"] == {"I": 0, "U": 1, "D": 0}


def test_poll_shows_one_instant_whatever_commits_while_it_reads(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    """An order, its transaction and its payment come in one batch or in none."""
    pipeline.poll()
    land = batch.NextBatch._land

    def place_and_land(self, table, what):
        if table.name == "sales_order":  # after payment, before transaction
            simulator.place_sales_order()
        return land(self, table, what)

    simulator.edit_sales_order_silently()
    with monkeypatch.context() as patch:
        patch.setattr(batch.NextBatch, "_land", place_and_land)
        assert set(pipeline.poll().changes) == {"sales_order"}
    one = {"I": 1, "U": 0, "D": 0}
    assert pipeline.poll().changes == {"sales_order": one, "transaction": one, "payment": one}


def test_poll_that_another_overtakes_after_its_snapshot_takes_nothing_back(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    pipeline.poll()
    simulator.edit_sales_order_silently(1)

    @contextmanager
    def overtaken(connection, source):
        with frozen(connection, source) as snapshot, monkeypatch.context() as patch:
            patch.setattr(poll_module, "frozen", frozen)
            simulator.edit_sales_order_silently(2)
            assert pipeline.poll().changes == {"sales_order": {"I": 0, "U": 2, "D": 0}}
            yield snapshot

    with monkeypatch.context() as patch:
        patch.setattr(poll_module, "frozen", overtaken)
        assert pipeline.poll().changes == {}
    assert pipeline.lake.batches.head_seq() == 2
    assert pipeline.poll().changes == {}


def elsewhere(pipeline: Pipeline, dsn: str) -> Pipeline:
    """Polls of another source into the same lake."""
    return Pipeline(from_dsn(dsn), pipeline.lake, pipeline.folder)


def test_lake_of_another_source_is_refused_and_stays_as_it_is(pipeline: Pipeline, source_dsn: str):
    pipeline.poll()
    with connected(from_dsn(source_dsn), "writer") as other:
        Simulator(other, seed=7).seed(30)
    wrong = elsewhere(pipeline, source_dsn)
    with pytest.raises(AnotherSource, match="--accept-source"):
        wrong.poll()
    assert pipeline.lake.batches.head_seq() == 1
    assert pipeline.poll().changes == {}
    assert wrong.poll(accept_source=True).seq == 2


def test_source_restored_into_another_database_goes_on_with_its_differences(
    pipeline: Pipeline, server: Server
):
    pipeline.poll()
    server.create_database("restored", pipeline.address.database)
    try:
        restored = elsewhere(pipeline, server.dsn("restored"))
        with connected(restored.address, "writer") as writer:
            Simulator(writer).edit_sales_order_silently()
        assert restored.poll().changes == {"sales_order": {"I": 0, "U": 1, "D": 0}}
    finally:
        server.drop_database("restored")
