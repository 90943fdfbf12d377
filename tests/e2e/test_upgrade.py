"""docs/change-contracts.md: a new column and a new table, with the texts of the page, on a copy."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from pg8000.native import Connection
from pyspark.sql import SparkSession

from dashboard.settings import WAREHOUSE
from embedded.platform import Platform
from postgres import connected, from_dsn
from tests.integration.dashboard.conftest import ONE_PAGE
from tests.pages import Page
from tests.program import Program, program

ROOT = Path(__file__).parents[2]
PAGE = Page("change-contracts.md")
PACKAGES = sorted(
    path.parent.name for path in ROOT.glob("*/__init__.py") if path.parts[-2] != "tests"
)
COLUMN, TABLE = "## Add a column", "## Add a table"


class Checkout:
    """A copy of the program, whose files change as the page says."""

    def __init__(self, folder: Path, spark: SparkSession) -> None:
        self.folder = folder
        self.spark = spark
        self.environment: dict[str, str] = {}
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

    def append(self, file: str, text: str) -> None:
        with (self.folder / file).open("a", encoding="utf-8") as opened:
            opened.write(text)

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder)} | self.environment,
            capture_output=True,
            text=True,
            timeout=550,
            check=False,
        )

    def show(self, page: str, warehouse: str) -> str:
        """Return the text of a page of the dashboard."""
        self.append("show.py", SHOW)
        self.environment = {"PAGE": page, WAREHOUSE: warehouse}
        shown = self.run("show", str(ONE_PAGE))
        assert shown.returncode == 0, shown.stderr
        return shown.stdout

    def program(self) -> AbstractContextManager[Program]:
        """Start the program, with the contracts of this moment, for the block."""
        environ = os.environ | {"PYTHONPATH": str(self.folder)}
        return program(self.folder, environ, self.spark)


@pytest.fixture
def checkout(tmp_path: Path, spark: SparkSession) -> Checkout:
    return Checkout(tmp_path / "checkout", spark)


def owner_changes(source: Connection, heading: str) -> None:
    """Run the SQL of the page that the owner of the source runs: the block that is not a file."""
    [own] = [sql for sql in PAGE.blocks("sql", heading) if not sql.startswith("--")]
    source.run(own)


@pytest.fixture
def places(seeded_source_dsn: str, warehouse_dsn: str, tmp_path: Path) -> dict[str, list[str]]:
    """The options of each command, from which database to which."""
    to = ["--warehouse", warehouse_dsn, "--lake", str(tmp_path / "lake")]
    return {"cycle": ["--source", seeded_source_dsn, *to], "migrate": to}


HISTORY = """
select version, channel, batch_seq from warehouse.fact_sales_order_history
where sales_order_id = 2 order by version
"""
VALUES = """
select
    (select channel from warehouse.fact_sales_order_wide where sales_order_id = 2),
    (select channel from warehouse.fact_sales_order_as_of(now()::timestamp + interval '1 day')
     where sales_order_id = 2),
    (select new_value from warehouse.fact_sales_order_changes
     where sales_order_id = 2 and column_name = 'channel'),
    (select channel from etl.latest_sales_order where sales_order_id = 2)
"""
SHOW = """
import sys

from streamlit.testing.v1 import AppTest

app = AppTest.from_file(sys.argv[1], default_timeout=60)
app.query_params.update({"kind": "Sales order", "order": "2"})
assert not app.run().exception
print(*(part.value for part in (*app.markdown, *app.get("html"))))
"""


@pytest.mark.loaded
def test_column_is_added_in_the_middle_of_a_history_without_a_replay(
    platform: Platform,
    checkout: Checkout,
    source: Connection,
    warehouse_dsn: str,
    places: dict[str, list[str]],
):
    owner_changes(source, COLUMN)
    platform.cycle()  # a column without a contract does not stop a poll
    checkout.change("toml", COLUMN, "totesys/contracts/source")
    with checkout.program() as program:
        landed = program.reports("cycle", *places["cycle"])
    assert landed["changes"] == {
        "sales_order": {"I": 0, "U": 1, "D": 0}
    }  # the only row with a value
    assert landed["loaded_through"] == landed["seq"]

    checkout.change("toml", COLUMN, "totesys/contracts/warehouse")
    with (
        checkout.program() as program,
        connected(from_dsn(warehouse_dsn), "test") as warehouse,
    ):
        status = program.ends("status", *places["migrate"]).report
        assert "To fix: run `python -m warehouse migrate" in status["warehouse"]["error"]
        migrated = program.reports("migrate", *places["migrate"])
        assert migrated["applied"][0] == "fact_sales_order.channel"
        [[before]] = warehouse.run("select count(*) from warehouse.fact_sales_order")
        [[orders]] = warehouse.run("select count(*) from etl.latest_sales_order")
        [words] = [words for words in PAGE.commands(COLUMN) if "backfill" in words]
        column = words[words.index("--table") :]
        filled = program.reports("backfill", *places["migrate"], *column)
        assert (filled["filled"], filled["without_column"], filled["invalid"]) == (1, orders, 0)
        assert program.reports("backfill", *places["migrate"], *column)["filled"] == 0
        assert warehouse.run(HISTORY) == [[1, None, 1], [2, "web", landed["seq"]]]
        assert warehouse.run(VALUES) == [["web"] * 4]

        assert "<dt>Channel</dt><dd>web</dd>" in checkout.show("history", warehouse_dsn)

        source.run("update sales_order set channel = 'shop' where sales_order_id = 2")
        after = program.reports("cycle", *places["cycle"])
        assert (after["changes"], after["loaded_through"]) == (
            {"sales_order": {"I": 0, "U": 1, "D": 0}}, landed["seq"] + 1,
        )  # fmt: skip
        assert warehouse.run(HISTORY)[2:] == [[3, "shop", after["seq"]]]
        assert warehouse.run("select count(*) from warehouse.fact_sales_order") == [[before + 1]]
        assert program.reports("reconcile", *places["cycle"])["unexplained"] == 0


JOB_TITLE = 'job_title = { type = "text?", field_id = %d, about = "What they do." }\n'


@pytest.mark.loaded
def test_table_and_column_of_a_dimension_are_added_in_the_same_generation(
    platform: Platform,
    checkout: Checkout,
    source: Connection,
    warehouse_dsn: str,
    places: dict[str, list[str]],
):
    source.run(
        "do $$ begin create role platform; exception when duplicate_object then null; end $$"
    )
    owner_changes(source, TABLE)
    source.run("insert into shipment values (1, 'Swift', '2025-03-04', 12.50, now(), now())")
    source.run("insert into shipment values (2, 'Sure', '2025-03-05', null, now(), now())")
    source.run("alter table staff add column job_title text")
    source.run("update staff set job_title = 'Buyer' where staff_id = 2")
    checkout.change("toml", TABLE, "totesys/contracts")
    for table, number in {"source/staff": 14, "warehouse/dim_staff": 11}.items():
        checkout.append(f"totesys/contracts/{table}.toml", JOB_TITLE % number)

    with checkout.program() as program:
        applied = program.reports("migrate", *places["migrate"])["applied"]  # before any poll
        assert {"dim_staff.job_title", "fact_shipment", "fact_shipment_history"} <= {*applied}
        platform.load()  # by the version before, whose views do not have the column
        assert program.reports("cycle", *places["cycle"])["loaded_through"] == 2
        source.run("update shipment set carrier = 'Sure', weight_kg = 13 where shipment_id = 1")
        assert program.reports("cycle", *places["cycle"])["changes"]["shipment"]["U"] == 1
        assert program.reports("reconcile", *places["cycle"])["unexplained"] == 0

    with connected(from_dsn(warehouse_dsn), "test") as warehouse:
        warehouse.run("set search_path to warehouse")
        titles = "select staff_id, job_title from dim_staff where job_title is not null"
        assert warehouse.run(titles) == [[2, "Buyer"]]
        history = """
            select shipment_id, version, carrier, shipped_on::text, weight_kg::text
            from fact_shipment_history order by 1, 2
        """
        assert warehouse.run(history) == [
            [1, 1, "Swift", "2025-03-04", "12.50"],
            [1, 2, "Sure", "2025-03-04", "13.00"],
            [2, 1, "Sure", "2025-03-05", None],
        ]
        assert warehouse.run("select count(*) from fact_shipment_wide") == [[2]]

    checkout.replace("totesys/contracts/warehouse/fact_shipment.toml", "(10,2)", "(12,2)")
    refused = checkout.run("embedded", "migrate", *places["migrate"])
    assert refused.returncode == 1
    assert "fact_shipment.weight_kg is numeric(12,2) instead of numeric(10,2)" in refused.stderr
    assert "rebuild --generation next" in refused.stderr

    assert checkout.run("artifacts.catalog").returncode == 0
    catalog = checkout.folder / "build" / "catalog"
    views = json.loads((catalog / "views.json").read_text(encoding="utf-8"))["views"]
    assert {"fact_shipment", "fact_shipment_history", "fact_shipment_wide"} <= views.keys()
    assert '"${ingestion}"."shipment"' in views["ledger"]
    assert (catalog / "queries" / "fact_shipment_as_of.sql").exists()
