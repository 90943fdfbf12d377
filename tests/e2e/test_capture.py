"""Capture by log through the whole platform, and the commands that show its slot and its gaps."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection

from embedded.cli import main
from embedded.platform import Platform
from ingestion_lambda.capture.options import CaptureOptions
from ingestion_lambda.options import PollOptions
from postgres import render
from tests.integration.ingestion_lambda.conftest import publish
from totesys.simulator import Simulator

BY_LOG = PollOptions(capture=CaptureOptions("log"))
HISTORY = """
SELECT units_sold, is_deleted, valid_from, valid_to, is_current
FROM warehouse.fact_sales_order_history WHERE sales_order_id = :key AND version > 1 ORDER BY version
"""
EDIT = "UPDATE sales_order SET units_sold = :units WHERE sales_order_id = 1"
CLOCK = "SELECT clock_timestamp()::timestamp"


@pytest.mark.loaded
def test_every_edit_of_an_order_between_two_polls_is_in_its_history_with_its_time(
    platform: Platform, source: Connection, warehouse: Connection, simulator: Simulator
):
    publish(source)
    platform.cycle(BY_LOG)  # from here on the log is read
    [[before]] = source.run("SELECT units_sold FROM sales_order WHERE sales_order_id = 1")
    clock = source.run(CLOCK)[0]
    for units in (901, 902, 903, before):
        source.run(EDIT, units=units)
        clock += source.run(CLOCK)[0]
    placed = simulator.place_sales_order()
    for table, key in (
        ("payment", placed.payment_id),
        ("transaction", placed.transaction_id),
        ("sales_order", placed.order_id),
    ):
        delete = "DELETE FROM {table} WHERE {column} = {key}"
        source.run(render(delete, table=table, column=f"{table}_id", key=key))
    platform.cycle(BY_LOG)
    history = warehouse.run(HISTORY, key=1)
    assert [(units, deleted) for units, deleted, *_ in history] == [
        (901, False), (902, False), (903, False), (before, False),
    ]  # fmt: skip
    times: list[datetime] = [time for _, _, time, *_ in history]
    assert all(a <= time <= b for a, time, b in zip(clock, times, clock[1:], strict=False))
    assert [until for *_, until, _ in history] == [*times[1:], None]
    short = "SELECT is_deleted FROM warehouse.fact_sales_order_history WHERE sales_order_id = :key"
    assert warehouse.run(f"{short} ORDER BY version", key=placed.order_id) == [[False], [True]]


@pytest.mark.loaded
def test_slot_is_shown_and_dropped_and_status_shows_the_gap_and_a_slot_left_over(
    seeded_source_dsn: str,
    warehouse_dsn: str,
    lake_folder: Path,
    source: Connection,
    capsys: pytest.CaptureFixture[str],
):
    publish(source)
    source_, lake = ["--source", seeded_source_dsn], ["--lake", str(lake_folder)]
    poll = ["poll", *source_, *lake, "--capture", "log"]
    run(capsys, *poll)
    shown, text = run(capsys, "slot", *source_)
    [slot] = shown["slots"]
    assert slot["name"].startswith("warehouse_2")
    assert slot["name"] in text.replace("\n", "")
    assert run(capsys, "slot", *source_, "--drop", "--slot", slot["name"])[0] == shown | {
        "slots": [], "dropped": slot["name"], "seconds": {"total": 0.0},
    }  # fmt: skip
    run(capsys, *poll)
    result, text = run(capsys, "status", "--warehouse", warehouse_dsn, *lake)
    assert [gap["reason"] for gap in result["gaps"]] == ["the replication slot is new"] * 2
    assert "Gaps in the log" in text
    assert "and 8 more" in text
    run(capsys, "poll", *source_, *lake)
    text = run(capsys, "status", "--warehouse", warehouse_dsn, *lake)[1]
    assert "a replication slot that polls do not read. To fix" in " ".join(text.split())


def test_slot_that_is_not_there_is_not_dropped(
    seeded_source_dsn: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["slot", "--source", seeded_source_dsn, "--drop"]) == 2
    assert "slot to drop is not named" in capsys.readouterr().err
    assert main(["slot", "--source", seeded_source_dsn, "--drop", "--slot", "mine"]) == 2
    assert "has no replication slot mine" in capsys.readouterr().err


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[dict[str, Any], str]:
    """Run a command, and return its last line and its other lines."""
    capsys.readouterr()
    assert main(arguments) == 0
    *text, last = capsys.readouterr().out.strip().splitlines()
    report: dict[str, Any] = json.loads(last)
    report["seconds"] = {"total": 0.0} if "slots" in report else report["seconds"]
    return report, "\n".join(text)
