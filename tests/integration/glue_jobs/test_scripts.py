"""The jobs as Glue starts them: a script with arguments, and Spark as the machine has it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from embedded.server.java import java_home
from tests.lake_builder import LakeBuilder, row

ROOT = Path(__file__).parents[3]
SMALL = "--conf spark.ui.enabled=false --conf spark.driver.host=127.0.0.1 pyspark-shell"


def started(script: str, built: LakeBuilder) -> list[dict[str, Any]]:
    """The lines that the script logs."""
    done = subprocess.run(
        [sys.executable, "-m", f"glue_jobs.{script}", *built.arguments, "--JOB_NAME", script],
        cwd=ROOT,
        env={**os.environ, "JAVA_HOME": str(java_home()), "PYSPARK_SUBMIT_ARGS": SMALL},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_script_builds_what_is_pending_and_logs_json_lines(built: LakeBuilder):
    built.insert(sales_order=[row("sales_order", 1)])

    (line,) = started("build_facts", built)

    assert (line["message"], line["seq"]) == ("batch built", 1)
    assert line["rows"] == {"fact_sales_order": 1}
    assert line["run"] == built.lake.facts.entry(1).run


@pytest.mark.parametrize("script", ["build_dimensions", "build_facts"])
def test_a_script_with_nothing_to_do_says_nothing(built: LakeBuilder, script: str):
    assert started(script, built) == []
