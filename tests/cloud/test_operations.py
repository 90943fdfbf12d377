"""Status and logs of the applied platform, by its outputs and by its name."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from operations.deployment import Deployment, from_outputs, named
from postgres import connected, from_dsn
from tests.cloud.local_aws import REGION, ROOT
from tests.cloud.stacks import Databases, Stack
from tests.cloud.wired import Run, Wired
from totesys.simulator import Simulator

JOBS = ("build_dimensions", "build_facts", "load_warehouse")

NOT_SHOWN = {
    "Data Catalog",  # the endpoint has neither its settings nor Lake Formation
    "Glue quotas",  # the endpoint has no Service Quotas
    "route to source",  # the databases of the tests are outside the VPC
    "route to warehouse",
}


@pytest.fixture(scope="module")
def batch(wired: Wired, databases: Databases, migrated: Run) -> dict[str, Any]:
    """Load a batch; return the answer of its poll."""
    assert migrated["JobRunState"] == "SUCCEEDED", migrated["ErrorMessage"]
    before = wired.workflow_runs()
    with connected(from_dsn(databases.source), "people") as people:
        Simulator(people).place_sales_order()
    polled = wired.poll()
    ended = wired.workflow_run_after(before)
    assert ended["Statistics"]["SucceededActions"] == len(JOBS), ended
    return polled


def outputs(stack: Stack) -> str:
    return json.dumps({name: {"value": output} for name, output in stack.outputs.items()})


@pytest.fixture(scope="module")
def by_outputs(stack: Stack) -> Deployment:
    return from_outputs(outputs(stack))


def run(stack: Stack, *command: str) -> tuple[str, str]:
    """Return the output of a command with the credentials of the administrator."""
    completed = subprocess.run(
        [sys.executable, "-m", "operations", *command],
        cwd=ROOT,
        env={**os.environ, **stack.aws.environment(), "COLUMNS": "100"},
        input=outputs(stack),
        capture_output=True,
        text=True,
        check=False,
    )
    print(completed.stdout, completed.stderr)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout, completed.stderr


def test_names_are_those_of_terraform(by_outputs: Deployment):
    assert named(by_outputs.name, REGION) == replace(by_outputs, alarms=None)


@pytest.mark.parametrize("is_named", [False, True])
def test_status_shows_the_loaded_batch(
    stack: Stack, batch: dict[str, Any], by_outputs: Deployment, is_named: bool
):
    by_name = ("--name", by_outputs.name, "--region", REGION) if is_named else ()
    out, _ = run(stack, "status", *by_name)
    status = json.loads(out.splitlines()[-1])
    assert status["seq"] == status["loaded_through"] == batch["seq"]
    assert status["warehouse"] == {"loaded_through": batch["seq"], "error": None}
    assert set(status["pending"].values()) == {0}
    assert status["schedule"]["is_enabled"]
    assert (status["runs"][0]["status"], status["runs"][0]["failed"]) == ("COMPLETED", 0)
    assert set(status["alarms"]) <= set(stack.outputs["alarms"].values())
    assert "sales_order +" in out


@pytest.mark.usefixtures("batch")
@pytest.mark.parametrize("is_named", [False, True])
def test_reconcile_finds_no_difference_after_the_batch(
    stack: Stack, by_outputs: Deployment, is_named: bool
):
    by_name = ("--name", by_outputs.name, "--region", REGION) if is_named else ()
    out, _ = run(stack, "reconcile", *by_name)
    report = json.loads(out.splitlines()[-1])
    assert (report["pending"], report["differences"]) == (0, 0)
    assert report["tables"]["mirror"]["sales_order"]["rows"] > 0


@pytest.mark.usefixtures("batch")
def test_logs_of_polls_and_jobs_are_in_order_of_time(stack: Stack):
    out, errors = run(stack, "logs", "--since", "1h")
    lines = out.splitlines()
    [committed, *_] = [line for line in lines[::-1] if "batch committed" in line]
    [loaded, *_] = [line for line in lines[::-1] if "warehouse loaded" in line]
    assert " poll " in committed
    assert "rows={" in committed
    assert " load " in loaded
    assert lines.index(committed) < lines.index(loaded)
    assert "batch built" in out
    assert "_aws" not in out
    assert "poll" not in errors, "the log groups exist"


@pytest.mark.usefixtures("batch")
def test_filter_shows_only_lines_with_the_text(stack: Stack):
    out, _ = run(stack, "logs", "--filter", "Batch Committed")
    assert out
    assert all("batch committed" in line for line in out.splitlines())


@pytest.mark.usefixtures("batch")
@pytest.mark.parametrize("is_named", [False, True])
def test_preflight_passes_except_for_what_the_endpoint_cannot_show(
    stack: Stack, network: dict[str, Any], by_outputs: Deployment, is_named: bool
):
    variables = {
        "project": "totesys", "environment": "dev", "region": REGION, "network": network,
        "workers": 2, "worker_type": "G.1X", "reserved_concurrency": 1,
    }  # fmt: skip
    by_name = ("--name", by_outputs.name, "--region", REGION) if is_named else ()
    completed = subprocess.run(
        [sys.executable, "-m", "operations", "preflight", "--json", *by_name],
        cwd=ROOT,
        env={**os.environ, **stack.aws.environment()},
        input=json.dumps(json.dumps(variables)),
        capture_output=True,
        text=True,
        check=False,
    )
    print(completed.stdout, completed.stderr)
    found = {finding["check"]: finding for finding in json.loads(completed.stdout)}
    failed = {check for check, finding in found.items() if finding["result"] == "FAILED"}
    assert failed == NOT_SHOWN
    assert completed.returncode == 1
    assert {check for check, finding in found.items() if finding["result"] == "NOT CHECKED"} <= {
        "CA bundle"
    }
