"""docs/upgrade.md: a new column and a new table, with the texts of the page, on a copy."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection

from embedded.platform import Platform
from embedded.server import Server
from postgres import connected, from_dsn
from tests.pages import PROGRAM, Page

ROOT = Path(__file__).parents[2]
PAGE = Page("upgrade.md")
PACKAGES = sorted(
    path.parent.name for path in ROOT.glob("*/__init__.py") if path.parts[-2] != "tests"
)
COLUMN, TABLE = "## Add a column", "## Add a table"


class Checkout:
    """A copy of the program, whose files change as the page says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in PACKAGES:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)

    def change(self, language: str, heading: str, below: str) -> None:
        """Append the blocks of the page for files below a folder, or create the files."""
        for block in PAGE.blocks(language, heading):
            title, _, text = block.partition("\n")
            named = title.lstrip("#- ")
            if named.startswith(below):
                with (self.folder / named).open("a", encoding="utf-8") as file:
                    file.write(text)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def embedded(self, *words: str) -> dict[str, Any]:
        """Return the report in the last line of a successful command."""
        ended = self.run("embedded", *words)
        assert ended.returncode == 0, ended.stderr
        report: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
        return report


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


@pytest.fixture
def another(server: Server) -> Iterator[str]:
    """An empty database for the next generation."""
    server.create_database("upgraded")
    yield server.dsn("upgraded")
    server.drop_database("upgraded")


def owner_changes(source: Connection, heading: str) -> None:
    """Run the SQL of the page that the owner of the source runs: the block that is not a file."""
    [own] = [sql for sql in PAGE.blocks("sql", heading) if not sql.startswith("--")]
    source.run(own)


@pytest.mark.loaded
def test_column_of_the_source_lands_in_the_same_generation_and_can_be_rolled_back(
    platform: Platform,
    checkout: Checkout,
    source: Connection,
    seeded_source_dsn: str,
    warehouse_dsn: str,
    tmp_path: Path,
):
    places = ["--source", seeded_source_dsn, "--lake", str(tmp_path / "lake"), "--warehouse"]
    owner_changes(source, COLUMN)
    platform.cycle()  # a column without a contract does not stop a poll
    checkout.change("toml", COLUMN, "totesys/contracts/source")
    landed = checkout.embedded("cycle", *places, warehouse_dsn)
    assert landed["changes"] == {"staff": {"I": 0, "U": 1, "D": 0}}
    assert landed["loaded_through"] == landed["seq"]
    platform.cycle()  # with the former contracts
    rolled_back = platform.report()
    assert (rolled_back["changes"], rolled_back["loaded_through"]) == ({}, landed["seq"] + 1)


@pytest.mark.loaded
def test_steps_of_the_page_add_a_column_and_a_table_to_the_warehouse(
    platform: Platform,
    checkout: Checkout,
    source: Connection,
    seeded_source_dsn: str,
    warehouse_dsn: str,
    another: str,
    tmp_path: Path,
):
    source.run(
        "do $$ begin create role platform; exception when duplicate_object then null; end $$"
    )
    places = ["--source", seeded_source_dsn, "--lake", str(tmp_path / "lake"), "--warehouse"]
    for heading in (COLUMN, TABLE):
        owner_changes(source, heading)
    source.run("insert into carrier values (1, 'Swift', now(), now()), (2, 'Sure', now(), now())")
    source.run("insert into shipment values (1, 7, 1, '2025-03-04', 12.50, now(), now())")
    source.run("insert into shipment values (2, 8, 2, '2025-03-05', null, now(), now())")
    platform.cycle()  # a column without a contract does not stop a poll

    checkout.change("toml", COLUMN, "totesys/contracts")
    checkout.change("sql", COLUMN, "totesys/migrations")
    checkout.change("toml", TABLE, "totesys/contracts")
    checkout.change("sql", TABLE, "totesys/migrations")
    refused = checkout.run("embedded", "cycle", *places, warehouse_dsn)
    assert refused.returncode == 1
    assert "rebuild --generation next" in refused.stderr

    [rebuild] = PAGE.commands(COLUMN)
    place = {"$another": another, "$lake": str(tmp_path / "lake")}
    words = [place.get(word, word) for word in rebuild[len(PROGRAM) :]]
    assert checkout.embedded(*words)["generation"] == 2
    source.run("update shipment set carrier_id = 2, weight_kg = 13 where shipment_id = 1")
    assert checkout.embedded("cycle", *places, another)["changes"]["shipment"]["U"] == 1
    assert checkout.embedded("reconcile", *places, another)["unexplained"] == 0

    with connected(from_dsn(another), "test") as warehouse:
        warehouse.run("set search_path to warehouse")
        titles = "select staff_id, job_title from dim_staff where job_title is not null"
        assert warehouse.run(titles) == [[2, "Buyer"]]
        history = """
            select shipment_id, version, carrier_name, shipped_on::text, weight_kg::text
            from fact_shipment_history join dim_carrier using (carrier_id) order by 1, 2
        """
        assert warehouse.run(history) == [
            [1, 1, "Swift", "2025-03-04", "12.50"],
            [1, 2, "Sure", "2025-03-04", "13.00"],
            [2, 1, "Sure", "2025-03-05", None],
        ]
        assert warehouse.run("select count(*) from fact_shipment_wide") == [[2]]

    assert checkout.run("artifacts.catalog").returncode == 0
    catalog = checkout.folder / "build" / "catalog"
    tables = json.loads((catalog / "tables.json").read_text(encoding="utf-8"))
    assert "fact_shipment" in tables["processed"]
    assert "carrier" in tables["ingestion"]
    assert (catalog / "queries" / "fact_shipment_history.sql").exists()
