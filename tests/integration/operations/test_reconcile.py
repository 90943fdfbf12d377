"""`reconcile` of a deployed platform: the runbook's commands, run as printed."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Template
from typing import Any

import pytest
from pg8000.native import Connection
from pyspark.sql import SparkSession

from embedded.platform import Platform
from operations.cli import main
from postgres import connected, from_dsn
from tests.integration.operations.conftest import ACCOUNT, NAME, REGION, Deployed
from tests.pages import Page

ROOT = Path(__file__).parents[3]
Run = Callable[[list[str]], tuple[int, dict[str, Any]]]


PAGES = {
    "runbook/missed-rows.md": "## Do",
    "operations.md": "## Compare source and warehouse",
}


def printed(page: str, heading: str) -> list[str]:
    """Return the page's commands that reconcile a deployment."""
    lines = "".join(Page(page).blocks("sh", heading)).replace("\\\n", " ").splitlines()
    return [line for line in lines if re.search("make reconcile|-m operations reconcile", line)]


COMMANDS = list(dict.fromkeys(line for page in PAGES.items() for line in printed(*page)))


def arguments(command: str) -> list[str]:
    """Return the arguments for `operations` of a printed command, or of the one that make runs."""
    words = shlex.split(Template(command).substitute(name=NAME), comments=True)
    if words[0] == "make":
        make = ["make", "--dry-run", *words[1:], f"NAME={NAME}", f"REGION={REGION}"]
        recipe = subprocess.run(make, cwd=ROOT, check=True, capture_output=True, text=True)
        [line] = re.findall(r"\S*python -m operations .*", recipe.stdout)
        words = shlex.split(line)
    assert words[1:3] == ["-m", "operations"]
    return words[3:]


@pytest.fixture
def source(seeded_source_dsn: str) -> Iterator[Connection]:
    with connected(from_dsn(seeded_source_dsn), "test") as connection:
        yield connection


@pytest.fixture
def warehouse(warehouse_dsn: str) -> Iterator[Connection]:
    with connected(from_dsn(warehouse_dsn), "test") as connection:
        yield connection


@pytest.fixture
def platform(
    tmp_path: Path, seeded_source_dsn: str, warehouse_dsn: str, spark: SparkSession
) -> Platform:
    return Platform(tmp_path / "lake", seeded_source_dsn, warehouse_dsn, spark=lambda: spark)


@pytest.fixture
def compared(
    deployed: Deployed,
    reader: dict[str, Any],
    platform: Platform,
    seeded_source_dsn: str,
    tmp_path: Path,
) -> Deployed:
    """Create a deployment whose lake and warehouse have one batch of the source."""
    platform.cycle()
    upload(deployed, tmp_path / "lake")
    at = from_dsn(seeded_source_dsn)
    login = {"username": at.user, "password": at.password}
    deployed.put_secret("source", host=at.host, port=at.port, dbname=at.database, **login)
    deployed.put_secret("warehouse-reader", **reader)
    return deployed


@pytest.fixture
def run(
    compared: Deployed,
    seeded_source_dsn: str,
    warehouse_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run a command, with the variables that the pages set."""
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("SOURCE_DSN", seeded_source_dsn)
    monkeypatch.setenv("WAREHOUSE_DSN", warehouse_dsn)

    def run(words: list[str]) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        status = main(words)
        return status, json.loads(capsys.readouterr().out.splitlines()[-1])

    return run


def upload(deployed: Deployed, lake: Path) -> None:
    """Copy a lake from a directory to the deployment's buckets."""
    for store in ("ingestion", "processed"):
        for path in (lake / store).rglob("*"):
            if path.is_file():
                deployed.client("s3").put_object(
                    Bucket=f"{NAME}-{store}-{ACCOUNT}",
                    Key=path.relative_to(lake / store).as_posix(),
                    Body=path.read_bytes(),
                )


@pytest.mark.parametrize("page", PAGES)
def test_page_has_a_command_for_make_and_one_without_it(page: str):
    programs = {shlex.split(command)[0] for command in printed(page, PAGES[page])}
    assert programs == {"make", ".venv/bin/python"}


def test_every_printed_command_compares_the_deployment_and_ends_with_3_on_a_difference(
    run: Run, source: Connection, warehouse: Connection
):
    for command in COMMANDS:
        status, report = run(arguments(command))
        assert (status, report["differences"], report["unexplained"]) == (0, 0, 0), command
        assert report["tables"]["mirror"]["sales_order"]["rows"] > 0
    source.run("update sales_order set units_sold = units_sold + 1 where sales_order_id = 7")
    for command in COMMANDS:
        status, report = run(arguments(command))
        assert (status, report["unexplained"], report["changed"]) == (0, 0, 1), command
    warehouse.run("update warehouse.fact_sales_order set units_sold = 1 where sales_order_id = 7")
    for command in COMMANDS:
        status, report = run(arguments(command))
        assert (status, report["unexplained"]) == (3, 1), command
        assert report["tables"]["warehouse"]["fact_sales_order"]["different"] == 1


BY_NAME = ["reconcile", "--name", NAME, "--region", REGION]


def test_quarantined_version_of_a_row_is_explained_with_the_rights_of_a_reader(
    compared: Deployed, run: Run, source: Connection, platform: Platform, tmp_path: Path
):
    source.run("update sales_order set unit_price = 'NaN' where sales_order_id = 7")
    platform.cycle()
    upload(compared, tmp_path / "lake")
    status, report = run(BY_NAME)
    assert (status, report["differences"], report["unexplained"]) == (0, 1, 0)


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--source", "postgresql://me:hunter2@localhost/db"], 2, "secretsmanager:NAME or env:"),
        (["--source", "env:NOT_SET"], 2, "no variable NOT_SET"),
        (["--warehouse", "secretsmanager:missing"], 1, "no secret missing with a value"),
    ],
)
def test_invalid_reference_is_an_error_without_a_password(
    deployed: Deployed, capsys: pytest.CaptureFixture[str],
    options: list[str], status: int, message: str,
):  # fmt: skip
    deployed.put_secret(
        "source", host="127.0.0.1", port=1, dbname="d", username="u", password="hunter2"
    )
    assert main([*BY_NAME, *options]) == status
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert message in err
    assert "hunter2" not in err


def test_empty_lake_is_an_error_with_the_remedy(
    deployed: Deployed, reader: dict[str, Any], capsys: pytest.CaptureFixture[str]
):
    for name in ("source", "warehouse-reader"):
        deployed.put_secret(name, **reader)
    assert main(BY_NAME) == 1
    assert "holds no batch yet. To fix: run a cycle first" in capsys.readouterr().err
