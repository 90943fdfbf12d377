"""`status` reads the logs of the lake, and works while the warehouse is missing or down."""

import json
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection

from embedded.cli import main
from embedded.platform import Platform
from operations.terminal import format_changes


def output(capsys: pytest.CaptureFixture[str]) -> tuple[str, dict[str, Any]]:
    out = capsys.readouterr().out
    assert all(len(line) <= 100 for line in out.splitlines()[:-1])
    return out, json.loads(out.splitlines()[-1])


def test_empty_lake_and_a_warehouse_that_was_never_migrated_are_not_an_error(
    warehouse_dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["status", "--warehouse", warehouse_dsn, "--lake", str(tmp_path)]) == 0
    text, report = output(capsys)
    assert "The lake holds no batch yet." in text
    assert (report["seq"], report["freshness_seconds"], report["quarantined"]) == (0, None, 0)


def test_loaded_pending_and_quarantined_rows_are_shown_even_with_the_warehouse_down(
    platform: Platform,
    source: Connection,
    warehouse_dsn: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    arguments = ["status", "--warehouse", warehouse_dsn, "--lake", str(tmp_path / "lake")]
    source.run("UPDATE sales_order SET agreed_payment_date = 'soon' WHERE sales_order_id < 4")
    platform.cycle()
    assert main(arguments) == 0
    text, report = output(capsys)
    assert "all loaded" in text
    waiting = {"dimensions": 0, "facts": 0, "load": 0, "published": 1, "retries": 0}
    assert report["pending"] == waiting
    assert report["quarantined"] == 3
    [reason] = report["reasons"]
    assert (reason["rows"], reason["table"]) == (3, "sales_order")
    assert "soon" in reason["reasons"]

    source.run("UPDATE sales_order SET units_sold = 77 WHERE sales_order_id = 9")
    platform.poll()
    platform.transform()
    assert main([*arguments[:2], warehouse_dsn + "_not", *arguments[3:]]) == 1
    text, report = output(capsys)
    assert "does not exist" in text
    assert report["pending"] == {**waiting, "load": 1}
    assert report["freshness_seconds"] > 0
    assert report["loaded_through"] == 1


def test_warehouse_of_another_lake_is_an_error(
    platform: Platform,
    seeded_source_dsn: str,
    warehouse_dsn: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    platform.cycle()
    other = ["--lake", str(tmp_path / "other")]
    assert main(["poll", "--source", seeded_source_dsn, *other]) == 0
    capsys.readouterr()
    assert main(["status", "--warehouse", warehouse_dsn, *other]) == 1
    assert "name the lake" in " ".join(capsys.readouterr().out.split())


def test_changes_are_shown_in_few_characters():
    changes = {"payment": {"I": 1200, "U": 0, "D": 0}, "staff": {"I": 0, "U": 2, "D": 1}}
    assert format_changes(changes) == "payment +1,200, staff ~2 -1"
