"""Where the platform stands, told from its logs, whatever is missing or down."""

import json
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection

from embedded.cli import main
from embedded.platform import Platform
from operations.terminal import told_changes


def told(capsys: pytest.CaptureFixture[str]) -> tuple[str, dict[str, Any]]:
    out = capsys.readouterr().out
    assert all(len(line) <= 100 for line in out.splitlines()[:-1])
    return out, json.loads(out.splitlines()[-1])


def test_empty_lake_and_a_warehouse_that_was_never_made(
    warehouse_dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["status", "--warehouse", warehouse_dsn, "--lake", str(tmp_path)]) == 0
    text, report = told(capsys)
    assert "The lake holds no batch yet." in text
    assert (report["seq"], report["freshness_seconds"], report["quarantined"]) == (0, 0, 0)


def test_what_is_loaded_waits_and_is_set_apart_is_told_even_with_the_warehouse_down(
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
    text, report = told(capsys)
    assert "all loaded" in text
    assert report["pending"] == {"dimensions": 0, "facts": 0, "load": 0, "retries": 0}
    assert report["quarantined"] == 3
    [reason] = report["reasons"]
    assert (reason["rows"], reason["table"]) == (3, "sales_order")
    assert "soon" in reason["reasons"]

    source.run("UPDATE sales_order SET units_sold = 77 WHERE sales_order_id = 9")
    platform.poll()
    platform.transform()
    assert main([*arguments[:2], warehouse_dsn + "_not", *arguments[3:]]) == 1
    text, report = told(capsys)
    assert "does not exist" in text
    assert report["pending"] == {"dimensions": 0, "facts": 0, "load": 1, "retries": 0}
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
    assert "Name the lake" in " ".join(capsys.readouterr().out.split())


def test_changes_are_told_in_few_characters():
    changes = {"payment": {"I": 1200, "U": 0, "D": 0}, "staff": {"I": 0, "U": 2, "D": 1}}
    assert told_changes(changes) == "payment +1,200, staff ~2 -1"
