"""The command line as a program: its output and its exit status."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pyspark.sql import SparkSession

from embedded.cli import main
from lake.local import open_local_lake
from postgres import connected, from_dsn, render
from tests import totesys_dump

ROOT = Path(__file__).parents[2]


def embedded(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "embedded", *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )


# queries with the same answer in source and warehouse
SAME_ANSWER = {
    "select count(*), sum(units_sold * unit_price), sum(unit_price), sum(units_sold) from": (
        "sales_order",
        "fact_sales_order_current",
    ),
    "select count(*), sum(item_quantity * item_unit_price), sum(item_unit_price) from": (
        "purchase_order",
        "fact_purchase_order_current",
    ),
    "select payment_type_id, paid, count(*), sum(payment_amount), count(distinct transaction_id),"
    " min(payment_date)::text, max(payment_date)::text from": (
        "payment group by 1, 2 order by 1, 2",
        "fact_payment_current group by 1, 2 order by 1, 2",
    ),
    "select transaction_id, transaction_type::text, sales_order_id, purchase_order_id from": (
        "transaction order by 1",
        "dim_transaction order by 1",
    ),
    "select design_id, design_name, file_location, file_name from": (
        "design order by 1",
        "dim_design order by 1",
    ),
    "select address_line_1, address_line_2, district, city, postal_code, country, phone from": (
        "address order by address_id",
        "dim_location order by location_id",
    ),
    "select staff_id, first_name, last_name, email_address from": (
        "staff order by 1",
        "dim_staff order by 1",
    ),
}
COUNTS = {
    "fact_sales_order_current": 11187,
    "fact_purchase_order_current": 4649,
    "fact_payment_current": 15836,
    "dim_transaction": 15836,
    "dim_design": 473,
}


@pytest.mark.skipif(not totesys_dump.available(), reason="the real dump is not on this machine")
def test_real_dump_arrives_complete_and_a_second_cycle_does_nothing(
    source_dsn: str, warehouse_dsn: str, tmp_path: Path
):
    with connected(from_dsn(source_dsn), "test") as source:
        totesys_dump.load(source, totesys_dump.DUMP)
        # the dump has NULLs but no empty text, and the source has both since
        source.run("update address set district = '' where address_id = 2")
        expected = {
            query: source.run(f"{query} {table}") for query, (table, _) in SAME_ANSWER.items()
        }
    options = ["--source", source_dsn, "--warehouse", warehouse_dsn, "--lake", str(tmp_path / "l")]
    first = embedded("cycle", *options)
    assert first.returncode == 0, first.stderr
    report = json.loads(first.stdout.splitlines()[-1])
    assert report["changes"]["sales_order"] == {"I": 11187, "U": 0, "D": 0}
    assert (report["seq"], report["loaded_through"], report["quarantined"]) == (1, 1, 0)
    assert set(report["seconds"]) == {"poll", "dimensions", "facts", "load", "total"}
    with connected(from_dsn(warehouse_dsn), "test") as warehouse:
        warehouse.run("set search_path to warehouse")
        answers = {
            query: warehouse.run(f"{query} {table}") for query, (_, table) in SAME_ANSWER.items()
        }
        count = "select count(*) from {table}"
        counts = {name: warehouse.run(render(count, table=name))[0][0] for name in COUNTS}
        [[zero, quote]] = warehouse.run(
            "select exists (select from dim_location where postal_code = '08841'),"
            " exists (select from dim_staff where last_name = 'O''Keefe')"
        )
        districts = warehouse.run(
            "select district is null from dim_location where"
            " coalesce(district, '') = '' group by 1 order by 1"
        )
    assert counts == COUNTS
    assert answers == expected
    assert zero
    assert quote
    assert districts == [[False], [True]]
    published = open_local_lake(tmp_path / "l").published.head()
    assert published
    assert published.through == {
        "batches": 1, "dimensions": 1, "facts": 1, "retries": 0,
    }  # fmt: skip
    second = embedded("cycle", *options)
    again = json.loads(second.stdout.splitlines()[-1])
    assert (second.returncode, again["seq"], again["changes"]) == (0, 1, {})
    assert again["seconds"]["dimensions"] == again["seconds"]["load"] == 0


def test_demo_shows_every_change_arrive_and_ends_by_itself():
    """It is the demo of CI: the command is that of `make demo`."""
    make = ["make", "--dry-run", "--silent", "demo"]
    commands = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert commands.splitlines()[-1] == ".venv/bin/python -m embedded demo"
    process = embedded("demo", COLUMNS="100")
    print(process.stdout)
    assert process.returncode == 0, process.stderr
    assert "visible" in process.stdout
    assert "deleted" in process.stdout
    assert "sales_order 4 changed" in process.stdout  # within one poll, from the log
    assert all(len(line) <= 100 for line in process.stdout.splitlines())


@pytest.mark.parametrize("arguments", [[], ["--help"], ["cycle", "--help"]], ids=" ".join)
def test_help_shows_the_usage(arguments: Sequence[str]):
    process = embedded(*arguments, COLUMNS="100")
    text = process.stdout + process.stderr
    assert "usage: python -m embedded" in text
    assert all(len(line) <= 100 for line in text.splitlines())
    if arguments == ["--help"]:
        assert "postgresql://user[:password]@host:port/database" in text


def cycle_and_poll(source: str, warehouse: str, lake: Path) -> list[list[str]]:
    options = {"--source": source, "--warehouse": warehouse, "--lake": str(lake)}
    flat = [part for pair in options.items() for part in pair]
    return [["cycle", *flat], ["poll", *flat]]


def test_error_for_a_wrong_source_is_one_line_with_the_remedy_and_no_password(
    source_dsn: str, warehouse_dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    good = urlsplit(source_dsn)
    wrong = {
        source_dsn.replace(f":{good.password}@", ":opensesame@"): (1, "check user, password"),
        source_dsn.replace(f":{good.port}/", ":1/"): (1, "Nothing answers"),
        source_dsn + "_not": (1, "does not exist"),
        "mysql://me:opensesame@localhost/db": (2, "postgresql://user[:password]@host"),
        warehouse_dsn: (1, "does not have a table"),
    }
    for dsn, (status, remedy) in wrong.items():
        for arguments in cycle_and_poll(dsn, warehouse_dsn, tmp_path / "lake"):
            assert main(arguments) == status
            output = capsys.readouterr()
            assert remedy in output.err
            assert "Traceback" not in output.err
            assert "opensesame" not in output.err
            assert len(output.err.splitlines()) == 1
            assert output.out == ""


def test_wrong_warehouse_leaves_the_batch_committed_for_the_next_cycle(
    seeded_source_dsn: str,
    warehouse_dsn: str,
    spark: SparkSession,  # main uses the session of its process, and leaves it to its owner
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    [cycle, _] = cycle_and_poll(seeded_source_dsn, warehouse_dsn + "_not", tmp_path / "lake")
    assert main(cycle) == 1
    assert "does not exist" in capsys.readouterr().err
    [_, poll] = cycle_and_poll(seeded_source_dsn, warehouse_dsn, tmp_path / "lake")
    polled = embedded(*poll)
    assert polled.returncode == 0
    report = json.loads(polled.stdout.splitlines()[-1])
    assert (report["seq"], report["loaded_through"]) == (1, 0)


def test_error_for_a_lake_that_cannot_be_written_is_one_line(
    seeded_source_dsn: str, warehouse_dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "lake").write_text("a file")
    for arguments in cycle_and_poll(seeded_source_dsn, warehouse_dsn, tmp_path / "lake"):
        assert main(arguments) == 1
        assert "check the permissions" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("command", "options"),
    {
        "status": ["warehouse"],
        "load": ["warehouse"],
        "rebuild": ["warehouse"],
        "reconcile": ["source", "warehouse"],
        "transform": [],
        "erase": ["table", "key"],
    }.items(),
)
def test_missing_lake_is_an_error_of_commands_that_create_none(
    command: str, options: Sequence[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    missing, unused = tmp_path / "nolake", "postgresql://unused@127.0.0.1:1/nothing"
    values = dict.fromkeys(("source", "warehouse"), unused) | {"table": "staff", "key": "17"}
    given = [f"--{option}={values[option]}" for option in options]
    assert main([command, *given, "--lake", str(missing)]) == 2
    assert f"There is no lake in {missing}. To fix: check --lake." in capsys.readouterr().err
    assert not missing.exists()


def test_debug_shows_the_traceback(tmp_path: Path, warehouse_dsn: str):
    arguments = ["poll", "--source", warehouse_dsn, "--lake", str(tmp_path), "--debug"]
    with pytest.raises(Exception, match="does not have a table"):
        main(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ["poll"],
        ["cycle", "--lake", "x"],
        ["load", "--lake", "x"],
        ["nothing"],
        ["demo", "--orders", "x"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_status_2(
    arguments: Sequence[str], capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err
