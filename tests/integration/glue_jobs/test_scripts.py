"""The jobs as Glue starts them: a script with arguments, and the Spark of the machine."""

import io
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from embedded.server.java import java_home
from glue_jobs import build_dimensions, build_facts, parquet, session
from glue_jobs.session import SETTINGS
from lake import Lake
from tests.integration.glue_jobs.conftest import SPECIAL
from tests.lake_builder import LakeBuilder, row

ROOT = Path(__file__).parents[3]
QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"
SMALL = (
    "--conf spark.ui.enabled=false --conf spark.driver.host=127.0.0.1"
    f" --conf 'spark.driver.defaultJavaOptions={QUICK_START}' pyspark-shell"
)
BOTH = """
import runpy, sys

arguments = sys.argv[1:]
for script in ("build_dimensions", "build_facts"):
    sys.argv[1:] = [*arguments, "--JOB_NAME", script]
    runpy.run_module(f"glue_jobs.{script}", run_name="__main__")
"""
HOSTILE: dict[str, str] = tomllib.loads(
    (Path(__file__).parent / "hostile_settings.toml").read_text(encoding="utf-8")
)


def run_python(arguments: Sequence[str], environ: Mapping[str, str] | None = None) -> str:
    """Run Python with the Spark of the machine, and return its output."""
    java = {"JAVA_HOME": str(java_home()), "PYSPARK_SUBMIT_ARGS": SMALL}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **java, **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_script(script: str, built: LakeBuilder) -> list[dict[str, Any]]:
    """Run a job, and return the lines that it logs."""
    job = ["-m", f"glue_jobs.{script}", *built.arguments, "--JOB_NAME", script]
    return [json.loads(line) for line in run_python(job).splitlines()]


@pytest.mark.parametrize("script", ["build_dimensions", "build_facts"])
def test_script_without_pending_batches_logs_only_its_end(built: LakeBuilder, script: str):
    [end] = run_script(script, built)
    assert end["message"] == "job ended"


def test_every_setting_of_the_session_has_a_hostile_value():
    assert HOSTILE.keys() == SETTINGS.keys()
    assert not [name for name, value in HOSTILE.items() if value == SETTINGS[name]]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a machine whose Spark has other settings."""
    folder = tmp_path_factory.mktemp("conf")
    lines = "".join(f"{name} {value}\n" for name, value in HOSTILE.items())
    (folder / "spark-defaults.conf").write_text(lines, encoding="utf-8")
    return {"SPARK_CONF_DIR": str(folder)}


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> LakeBuilder:
    """Return a lake with a batch."""
    built = LakeBuilder(tmp_path_factory.mktemp("scripts") / SPECIAL)
    moment = datetime(2024, 3, 31, 1, 30, 0, 123456)
    built.insert(
        sales_order=[
            row("sales_order", 1, created_at=moment, last_updated=moment),
            row("sales_order", 2, agreed_payment_date="${env:HOME} \\n 2024-1-2"),
            row("sales_order", 3, created_at=datetime(1582, 10, 10, 1, 2, 3)),
        ],
        design=[row("design", 1, design_name="\\n O'Keefe ")],
        staff=[row("staff", 1)],
        department=[row("department", 1, location=None)],
        currency=[row("currency", 1, currency_code="GBP")],
    )
    return built


@pytest.fixture(scope="module")
def printed(landed: LakeBuilder, hostile: dict[str, str]) -> list[dict[str, Any]]:
    """Run both scripts on the batch, with the Spark of that machine, and return what they log."""
    output = run_python(["-c", BOTH, *landed.arguments], hostile)
    return [json.loads(line) for line in output.splitlines()]


def test_script_builds_pending_batches_and_logs_json_lines(
    landed: LakeBuilder, printed: list[dict[str, Any]]
):
    *_, line, end = printed
    assert (line["message"], line["seq"]) == ("batch built", 1)
    assert (end["message"], end["job"]) == ("job ended", "build_facts")
    assert end["seconds"] > 0
    assert line["rows"] == {"fact_sales_order": 1}
    assert [one["job"] for one in printed if "job" in one] == ["build_dimensions", "build_facts"]
    assert line["run"] == landed.lake.facts.entry(1).run


@pytest.mark.usefixtures("printed")
def test_settings_of_the_machine_change_no_value(
    spark: SparkSession, landed: LakeBuilder, monkeypatch: pytest.MonkeyPatch
):
    """The expected rows are of compiled queries and written by executors, those of few rows are
    interpreted and written by the job's own process."""
    monkeypatch.setattr(session, "FEW_ROWS", -1)
    monkeypatch.setattr(parquet, "HERE_ROWS", -1)
    for module in (build_facts, build_dimensions):
        module.main([*landed.arguments, "--generation", "2"], spark)
    expected = Lake(landed.lake.ingestion, landed.lake.processed, 2)
    assert rows_of(landed.lake) == rows_of(expected)
    dimensions = {"dim_staff", "dim_design", "dim_currency"}
    assert written_by_executors(expected) == {*dimensions, "fact_sales_order"}
    assert not written_by_executors(landed.lake)
    [first] = [rows for rows in rows_of(expected)["fact_sales_order"] if rows["created_time"]]
    assert first["created_time"] == "01:30:00.123456"


def written_by_executors(lake: Lake) -> set[str]:
    """Return the tables of batch 1 whose files are numbered by their tasks."""
    tables = {**lake.facts.entry(1).tables, **lake.dimensions.entry(1).tables}
    return {name for name, each in tables.items() if any("/part-0000" in key for key in each.files)}


def rows_of(lake: Lake) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every table that was built from batch 1."""
    facts, dimensions = lake.facts.entry(1), lake.dimensions.entry(1)
    outputs = {**facts.tables, **facts.quarantined, **dimensions.tables}
    return {
        table: [
            row
            for key in output.files
            for row in pq.read_table(io.BytesIO(lake.processed.get(key))).to_pylist()
        ]
        for table, output in outputs.items()
    }
