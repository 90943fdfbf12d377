"""The runbook on one machine: each test causes an alarm's condition, and the page's commands end
it."""

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection

import contracts
from embedded.platform import Platform
from embedded.server import Server
from glue_jobs.transform import conversions
from ingestion_lambda.source import snapshot
from ingestion_lambda.source.scope import XidRange
from postgres import Sql, connected, from_dsn, names, render
from tests.pages import Page, Shell
from tests.sessions import refusing_connections
from totesys.simulator import Simulator

NOTHING = {"dimensions": 0, "facts": 0, "load": 0, "published": 0, "retries": 0}
EDIT = "update sales_order set units_sold = units_sold + 1 where sales_order_id = 7"

[ONE_MORE] = Page("runbook/README.md").commands("## One more poll")


def page(alarm: str) -> Page:
    return Page(f"runbook/{alarm}.md")


def units(warehouse: Connection, order: int = 7) -> Any:
    """Return the current units of an order in the warehouse."""
    query = "select units_sold from warehouse.fact_sales_order_current where sales_order_id = :key"
    return [count for [count] in warehouse.run(query, key=order)]


@pytest.mark.loaded
def test_one_more_poll_lands_the_changes_and_a_second_lands_nothing(
    shell: Shell, source: Connection, warehouse: Connection
):
    assert shell.types(ONE_MORE).status == 0
    source.run(EDIT)
    before = units(warehouse)
    assert shell.types(ONE_MORE).report["changes"] == {"sales_order": {"I": 0, "U": 1, "D": 0}}
    assert units(warehouse) == [before[0] + 1]
    assert shell.types(ONE_MORE).report["changes"] == {}


def test_function_errors_shows_a_refused_password_and_the_right_one_ends_it(
    shell: Shell, seeded_source_dsn: str
):
    [poll] = page("function-errors").commands("## Check")
    password = from_dsn(seeded_source_dsn).password
    assert password
    wrong = replace(
        shell,
        variables={**shell.variables, "source": seeded_source_dsn.replace(password, "outdated")},
    )
    refused = wrong.types(poll)
    assert refused.status == 1  # as the page dead-letters says about one machine
    assert "check user, password" in refused.err
    assert "outdated" not in refused.err
    polled = shell.types(poll)
    assert (polled.status, polled.report["seq"]) == (0, 1)


def test_function_errors_shows_locked_tables_and_a_poll_passes_once_they_are_free(
    shell: Shell, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    [poll] = page("function-errors").commands("## Check")
    monkeypatch.setattr(snapshot, "LOCK_TIMEOUT", 0.1)
    source.run("begin; lock table staff in access exclusive mode")
    refused = shell.types(poll)
    source.run("rollback")
    assert refused.status == 1
    assert "stayed locked" in refused.err
    assert shell.types(poll).report["seq"] == 1


@pytest.mark.loaded
def test_function_errors_accepts_another_source_once(
    shell: Shell, server: Server, totesys_template: str, warehouse: Connection
):
    [accept] = page("function-errors").commands("### Another source")
    server.create_database("another_source", totesys_template)
    try:
        dsn = server.dsn("another_source")
        with connected(from_dsn(dsn), "test") as other:
            Simulator(other, seed=99).seed(40)
            other.run("update sales_order set units_sold = 4711 where sales_order_id = 7")
        moved = replace(shell, variables={**shell.variables, "source": dsn})
        refused = moved.types(ONE_MORE)
        assert refused.status == 1
        assert "another source" in refused.err
        assert moved.types(accept).report["loaded_through"] == 2
        assert units(warehouse) == [4711]
        assert moved.types(ONE_MORE).report["changes"] == {}
    finally:
        server.drop_database("another_source")


@pytest.mark.loaded
def test_mass_delete_is_allowed_once_for_the_named_table(shell: Shell, source: Connection):
    [allow] = page("mass-delete").commands("## Do")
    many = "insert into design select id, now(), 'Intended', 'x', 'y', now()"
    source.run(f"{many} from generate_series(1001, 1400) as id")
    shell.types(ONE_MORE)
    source.run("delete from design where design_id > 1000")
    for _ in range(2):
        refused = shell.types(ONE_MORE)
        assert refused.status == 1
        assert "400 of" in refused.err
        assert "--allow-mass-delete design" in refused.err
    assert shell.types(allow).report["changes"]["design"] == {"I": 0, "U": 0, "D": 400}
    assert shell.types(ONE_MORE).report["changes"] == {}


def test_mass_delete_by_mistake_is_over_once_the_rows_are_back(shell: Shell, source: Connection):
    many = "insert into design select id, now(), 'Not meant', 'x', 'y', now()"
    source.run(f"{many} from generate_series(1001, 1400) as id")
    shell.types(ONE_MORE)
    source.run("create table kept as select * from design where design_id > 1000")
    source.run("delete from design where design_id > 1000")
    assert shell.types(ONE_MORE).status == 1
    source.run("insert into design select * from kept")
    polled = shell.types(ONE_MORE)
    assert (polled.status, polled.report["seq"], polled.report["changes"]) == (0, 1, {})


@pytest.mark.loaded
def test_freshness_grows_while_the_warehouse_is_down_and_status_shows_the_pending_step(
    shell: Shell, source: Connection, server: Server, warehouse_dsn: str
):
    [status] = page("freshness").commands("## Check")
    shell.types(ONE_MORE)
    assert shell.types(status).report["state"] == "healthy"
    source.run(EDIT)
    with refusing_connections(server, warehouse_dsn):
        assert shell.types(ONE_MORE).status == 1
        first, second = (shell.types(status) for _ in range(2))
    assert first.status == 1
    assert first.report["pending"] == {**NOTHING, "load": 1}
    assert first.report["state"] == "failing"
    assert "UNREACHABLE" in first.out
    assert 0 < first.report["freshness_seconds"] < second.report["freshness_seconds"]
    assert shell.types(ONE_MORE).report["loaded_through"] == 2
    healthy = shell.types(status)
    assert (healthy.status, healthy.report["pending"]) == (0, NOTHING)
    assert healthy.report["state"] == "healthy"


@pytest.mark.loaded
def test_failed_jobs_names_the_missing_object_and_continues_once_it_is_restored(
    shell: Shell, platform: Platform, source: Connection, tmp_path: Path, warehouse: Connection
):
    transform, load = page("failed-jobs").commands("## Check")
    source.run(EDIT)
    platform.poll()
    landed = tmp_path / "lake" / "ingestion" / platform.lake.batches.entry(2).tables[
        "sales_order"
    ].file.key  # fmt: skip
    moved = landed.rename(tmp_path / "moved.parquet")
    failed = shell.types(transform)
    assert failed.status == 1
    assert landed.name in failed.err
    assert "restore the object" in failed.err
    moved.rename(landed)
    before = units(warehouse)
    assert shell.types(transform).status == 0
    assert shell.types(load).report["loaded_through"] == 2
    assert units(warehouse) == [before[0] + 1]


def test_quarantined_rows_have_a_reason_until_the_source_corrects_them(
    shell: Shell, source: Connection, warehouse: Connection
):
    status, listing = page("quarantined-rows").commands("## Check")
    source.run("update sales_order set agreed_payment_date = 'soon' where sales_order_id = 7")
    shell.types(ONE_MORE)
    [reason] = shell.types(status).report["reasons"]
    assert (reason["table"], reason["rows"], reason["example"]) == ("sales_order", 1, 7)
    assert "soon" in reason["reasons"]
    assert units(warehouse) == []
    [heading, row] = csv.reader(shell.types(listing).out.splitlines())
    assert heading == ["table", "key", "batch", "observed_at", "reasons"]
    assert (row[:3], row[4]) == (["sales_order", "7", "1"], reason["reasons"])
    source.run("update sales_order set agreed_payment_date = '2025-03-04' where sales_order_id = 7")
    assert shell.types(ONE_MORE).report["quarantined"] == 0
    assert shell.types(status).report["reasons"] == []
    assert len(units(warehouse)) == 1


def test_quarantined_rows_return_by_corrected_code_with_their_original_time(
    shell: Shell, source: Connection, warehouse: Connection, monkeypatch: pytest.MonkeyPatch
):
    retry, load = page("quarantined-rows").commands("## Do")
    source.run("update sales_order set agreed_payment_date = '1/2/2025' where sales_order_id = 7")
    shell.types(ONE_MORE)
    assert shell.types(retry).report["quarantined"] == 1  # the code is not corrected yet
    known = conversions.CONVERSIONS["text", "date"]
    lenient = f"coalesce({known}, to_date(nullif({{0}}, ''), 'd/M/yyyy'))"
    monkeypatch.setitem(conversions.CONVERSIONS, ("text", "date"), lenient)
    assert shell.types(retry).report["quarantined"] == 0
    assert shell.types(load).status == 0
    history = """
        select batch_seq, agreed_payment_date::text from warehouse.fact_sales_order_history
        where sales_order_id = 7
    """
    assert warehouse.run(history) == [[1, "2025-02-01"]]


@pytest.mark.loaded
def test_missed_rows_are_found_by_the_audit_and_by_a_full_read_on_demand(
    shell: Shell, source: Connection, warehouse: Connection, monkeypatch: pytest.MonkeyPatch
):
    reconcile, reread = page("missed-rows").commands("## Do")
    before = units(warehouse)[0]
    with monkeypatch.context() as patch:
        patch.setattr(XidRange, "condition", property(lambda _: Sql("FALSE")))
        source.run(EDIT)
        assert shell.types(ONE_MORE).report["changes"] == {}
        different = shell.types(reconcile)
        assert different.status == 3
        assert different.report["tables"]["mirror"]["sales_order"]["different"] == 1

        again = shell.types(reread)
        assert "rows were missed" in again.err
        assert units(warehouse) == [before + 1]
        assert shell.types(reconcile).status == 0

        source.run(EDIT)
        tomorrow = "(clock_timestamp() + interval '1 day')"
        later = snapshot.SNAPSHOT.replace("clock_timestamp()", tomorrow)
        patch.setattr(snapshot, "SNAPSHOT", later)
        assert "rows were missed" in shell.types(ONE_MORE).err
        assert units(warehouse) == [before + 2]
        assert shell.types(reconcile).status == 0


def test_horizon_age_is_0_once_the_transactions_that_the_page_finds_have_ended(
    platform: Platform, source: Connection, seeded_source_dsn: str
):
    [find] = page("horizon-age").blocks("sql", "## Check")
    [end] = page("horizon-age").blocks("sql", "## Do")
    find_sessions, find_prepared = (query for query in find.split(";") if query.strip())
    end_session, end_prepared = end.splitlines()
    with connected(from_dsn(seeded_source_dsn), "forgotten") as forgotten:
        forgotten.run("begin; update design set file_name = file_name where design_id = 1")
        source.run("begin; update design set file_name = file_name where design_id = 2")
        source.run("prepare transaction 'abandoned'")
        for _ in range(3):
            source.run(EDIT)
            platform.poll()
        assert platform._polled.health.horizon_age > 0
        found = {row[2]: row[0] for row in source.run(find_sessions)}
        [[gid, *_]] = source.run(find_prepared)
        assert gid == "abandoned"
        source.run(end_session.replace("12345", str(found["forgotten"])))
        source.run(end_prepared.replace("gid", gid))
    source.run(EDIT)
    platform.poll()
    assert platform._polled.health.horizon_age == 0


@pytest.mark.loaded
def test_pages_of_the_capture_show_the_gap_and_the_slot_and_drop_it(
    shell: Shell, source: Connection
):
    [status] = page("capture-gaps").commands("## Check")
    [show] = page("retained-wal").commands("## Check")
    [drop] = page("retained-wal").commands("## Do")
    tables = names(contracts.source().tables)
    source.run(render("create publication warehouse for table {tables}", tables=tables))
    assert shell.types([*ONE_MORE, "--capture", "log"]).status == 0
    assert "Gaps in the log" in shell.types(status).out
    [slot] = shell.types(show).report["slots"]
    after = replace(shell, variables={**shell.variables, "slot": slot["name"]})
    assert after.types(drop).report["dropped"] == slot["name"]


@pytest.mark.loaded
def test_failed_publication_is_shown_until_the_tables_have_what_the_warehouse_has(
    shell: Shell, source: Connection, lake_folder: Path
):
    [status] = page("publishing").commands("## Check")
    shell.types(ONE_MORE)
    catalog = lake_folder / "processed" / "_published" / "catalog.db"
    catalog.write_bytes(b"damaged" * 1000)
    source.run(EDIT)
    assert shell.types(ONE_MORE).report["loaded_through"] == 2
    failed = shell.types(status)
    assert failed.report["pending"] == {**NOTHING, "published": 1}
    assert "publish failed: PublishRefused" in " ".join(failed.out.split())
    catalog.unlink()
    shell.types(ONE_MORE)
    assert shell.types(status).report["pending"] == NOTHING


def test_every_command_for_one_machine_is_run_by_a_test_here():
    """Compare the pages' commands with those of this file; README's `status` is that of
    freshness."""
    tests = Path(__file__).read_text(encoding="utf-8")
    typed = set(re.findall(r'page\("([a-z-]+)"\)\.commands\("([^"]+)"\)', tests))
    typed.add(("README", "## One more poll"))
    pages = sorted((Path(__file__).parents[2] / "docs" / "runbook").glob("*.md"))
    given = {
        (path.stem, heading)
        for path in pages
        for heading in re.findall("^##+ .*$", path.read_text(encoding="utf-8"), re.MULTILINE)
        if Page(f"runbook/{path.name}").commands(heading)
    }
    assert given - {("README", "## Current state"), ("function-errors", "## Do")} == typed
