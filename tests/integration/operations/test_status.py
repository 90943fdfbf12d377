"""`status` of a deployed platform, from its lake and AWS, whatever is out of reach."""

import io
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import boto3
import pytest
import streamlit as st
from moto.glue.models import FakeWorkflowRun

from dashboard.runs import read_health
from dashboard.settings import DEPLOYMENT, LAKE, WAREHOUSE, from_environment
from lake import new_run, now
from lake.entries import RetryEntry
from operations.alarms import Limits
from operations.aws import Aws
from operations.cli import main
from operations.deployment import named
from postgres import connected, from_dsn
from tests.integration.operations.conftest import ACCOUNT, NAME, REGION, Deployed

Result = tuple[int, str, str]
RunStatus = Callable[..., Result]
BY_NAME = ("--name", NAME, "--region", REGION)

LOADED = """
insert into etl.ledger
    (batch_seq, lake, generation, batch_run, run, observed_at, committed_at, rows)
values (1, :lake, 1, 'p', 'l', '2024-11-15', '2024-11-15', 1)
"""


@pytest.fixture
def run_status(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> RunStatus:
    """Run `status` with options, and with the outputs of Terraform on standard input."""

    def run(*options: str, outputs: str | None = None) -> Result:
        text = deployed.terraform if outputs is None else outputs
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        code = main(["status", *options])
        out, errors = capsys.readouterr()
        assert "Traceback" not in out + errors
        assert all(len(line) <= 100 for line in out.splitlines()[:-1])
        return code, out, errors

    return run


def report(out: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    return result


@pytest.mark.parametrize("options", [(), BY_NAME])
def test_lake_and_services_are_shown_by_outputs_as_by_name(
    two_batches: Deployed, run_status: RunStatus, options: tuple[str, ...]
):
    two_batches.alarm("freshness", "a change waits for 21 minutes [too long]")
    two_batches.client("sqs").send_message(QueueUrl=queue(two_batches), MessageBody="{}")
    code, out, _ = run_status(*options, "--no-warehouse")
    assert code == 0
    assert "read from the load log, not from the warehouse" in out
    result = report(out)
    assert (result["seq"], result["loaded_through"]) == (2, 1)
    built = {"dimensions": 0, "facts": 0}
    assert result["pending"] == {**built, "load": 1, "published": 1, "retries": 0}
    assert result["freshness_seconds"] > 0
    assert result["alarms"] == {f"{NAME}-freshness": "a change waits for 21 minutes [too long]"}
    assert result["dead_letters"] == 1
    assert result["schedule"] == {"expression": "rate(5 minutes)", "is_enabled": True}
    assert "21 minutes [too long]" in out
    assert "currency ~1" in out
    assert "not yet" in out
    assert "never ran" in out


def queue(deployed: Deployed) -> str:
    url: str = deployed.client("sqs").get_queue_url(QueueName=f"{NAME}-dead-letters")["QueueUrl"]
    return url


def test_empty_lake_of_a_new_platform_is_an_error_only_for_a_health_check(run_status: RunStatus):
    code, out, _ = run_status("--no-warehouse")
    assert code == 0
    assert run_status("--no-warehouse", "--check")[0] == 1
    assert report(out)["freshness_seconds"] is None
    assert "The lake holds no batch yet." in out
    assert "none of 2 is on" in out
    assert report(out)["seq"] == 0


def test_thresholds_are_those_of_the_deployed_alarms(deployed: Deployed):
    usual: dict[str, Any] = {
        "MetricName": "Polls",
        "Namespace": "Warehouse",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Statistic": "Sum",
        "Threshold": 1,
        "ComparisonOperator": "LessThanThreshold",
    }
    changed = {"freshness": {"Threshold": 2700}, "silence": {"EvaluationPeriods": 90}}
    for name, more in changed.items():
        deployed.client("cloudwatch").put_metric_alarm(AlarmName=f"{NAME}-{name}", **usual | more)
    limits = Aws(named(NAME, REGION)).limits()
    assert limits == Limits(silence=5400, freshness=2700, horizon_age=3600)


def pause(deployed: Deployed) -> None:
    scheduler = deployed.client("scheduler")
    schedule = scheduler.get_schedule(Name=f"{NAME}-ingestion")
    fields = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    scheduler.update_schedule(**{name: schedule[name] for name in fields}, State="DISABLED")


def test_paused_schedule_is_shown(deployed: Deployed, run_status: RunStatus):
    pause(deployed)
    _, out, _ = run_status()
    assert "paused, rate(5 minutes)" in out
    assert "Polls are paused." in out
    assert not report(out)["schedule"]["is_enabled"]


def test_dashboard_of_a_deployment_knows_its_pause(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    buckets = " ".join(f"s3://{NAME}-{store}-{ACCOUNT}" for store in ("ingestion", "processed"))
    variables = {WAREHOUSE: "postgresql://reader@127.0.0.1:1/x", LAKE: buckets, DEPLOYMENT: NAME}
    settings = from_environment(variables | {"AWS_REGION": REGION})
    missing = read_health(settings)
    assert missing
    assert (missing.state, missing.polls) == ("stale", "")
    pause(deployed)
    st.cache_data.clear()
    paused = read_health(settings)
    assert paused
    assert (paused.state, paused.polls) == ("healthy", "Polls are paused.")


def test_failed_run_is_shown(
    deployed: Deployed, run_status: RunStatus, monkeypatch: pytest.MonkeyPatch
):
    deployed.client("glue").start_workflow_run(Name=NAME)
    ended = {"Status": "COMPLETED", "Statistics": {"FailedActions": 1, "SucceededActions": 2}}
    before = FakeWorkflowRun.as_dict
    monkeypatch.setattr(FakeWorkflowRun, "as_dict", lambda run: before(run) | ended)
    _, out, _ = run_status()
    assert "completed, 1 failed" in out
    [run] = report(out)["runs"]
    assert (run["status"], run["failed"]) == ("COMPLETED", 1)


def test_running_run_is_shown(deployed: Deployed, run_status: RunStatus):
    deployed.client("glue").start_workflow_run(Name=NAME)
    assert "(UTC)   running" in run_status()[1]


def test_generation_is_that_of_the_function(two_batches: Deployed, run_status: RunStatus):
    client = two_batches.client("lambda")
    before = client.get_function_configuration(FunctionName=f"{NAME}-ingestion")
    variables = before["Environment"]["Variables"] | {"GENERATION": "2"}
    client.update_function_configuration(
        FunctionName=f"{NAME}-ingestion", Environment={"Variables": variables}
    )
    result = report(run_status()[1])
    assert (result["generation"], result["seq"], result["loaded_through"]) == (2, 2, 0)


def test_reachable_warehouse_is_read_with_the_rights_of_its_readers(
    two_batches: Deployed, run_status: RunStatus, reader: dict[str, Any], warehouse_dsn: str
):
    lake = two_batches.lake.lake.batches.entry(1).lake
    with connected(from_dsn(warehouse_dsn), "owner") as owner:
        owner.run(LOADED, lake=lake)
    two_batches.put_secret("warehouse-reader", **reader)
    code, out, _ = run_status()
    assert report(out)["warehouse"] == {"loaded_through": 1, "error": None}
    assert code == 0
    assert "UNREACHABLE" not in out


def test_outdated_warehouse_is_shown_with_its_batches_and_the_remedy(
    two_batches: Deployed, run_status: RunStatus, reader: dict[str, Any], warehouse_dsn: str
):
    with connected(from_dsn(warehouse_dsn), "owner") as owner:
        owner.run("update etl.warehouse set contracts = 'of yesterday'")
        owner.run("""
            insert into etl.ledger
                (batch_seq, lake, generation, batch_run, run, observed_at, committed_at, rows)
            values (1, 'test lake', 1, 'p', 'l', '2024-11-15', '2024-11-15', 1)
        """)
        owner.run("""
            insert into etl.retry (retry_seq, through, run, committed_at, rows)
            values (1, 1, 'l', '2024-11-15', 1)
        """)
        owner.run("update etl.ledger set loaded_at = '2024-11-15 12:34:56+00'")
    two_batches.lake.lake.retries.commit(RetryEntry(1, new_run(), now(), 1, {}, {}, 0, {}))
    two_batches.put_secret("warehouse-reader", **reader)
    code, out, _ = run_status()
    result = report(out)["warehouse"]
    assert result["loaded_through"] == 1
    assert "contracts of yesterday" in result["error"]
    assert "11-15 12:34:56" in out, "the load time is that of the warehouse"
    assert report(out)["pending"]["retries"] == 0, "the warehouse has the only retry of the lake"
    assert code == 0


def test_warehouse_that_was_never_migrated_is_shown_with_the_remedy(
    two_batches: Deployed, run_status: RunStatus, reader: dict[str, Any], warehouse_dsn: str
):
    with connected(from_dsn(warehouse_dsn), "owner") as owner:
        owner.run("drop schema etl cascade")
    two_batches.put_secret("warehouse-reader", **reader)
    code, out, _ = run_status()
    result = report(out)["warehouse"]
    assert result["loaded_through"] == 0
    assert "contains no warehouse" in result["error"]
    assert (code, report(out)["state"]) == (1, "unreachable"), "the load log has a batch"


def test_warehouse_that_lost_batches_of_the_load_log_is_an_error(
    two_batches: Deployed, run_status: RunStatus, reader: dict[str, Any]
):
    two_batches.put_secret("warehouse-reader", **reader)
    code, out, _ = run_status()
    assert (code, report(out)["state"]) == (1, "unreachable")
    assert "batch 1 is loaded, and the warehouse ends at 0" in report(out)["warehouse"]["error"]
    assert "HEALTHY" not in out


def test_unreachable_warehouse_is_an_error_and_the_load_log_is_shown(
    two_batches: Deployed, run_status: RunStatus
):
    two_batches.put_secret(
        "warehouse-reader",
        host="127.0.0.1",
        port=1,
        dbname="warehouse",
        username="reader",
        password="hunter2",
    )
    code, out, _ = run_status()
    assert code == 1
    assert "UNREACHABLE Nothing answers at 127.0.0.1:1 (Connection refused)" in " ".join(
        out.split()
    )
    assert out.count("not yet") == 1, "by the load log, the first batch is loaded"
    assert report(out)["warehouse"]["loaded_through"] is None
    assert report(out)["state"] == "unreachable"
    assert "hunter2" not in out


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ({}, "must be a JSON object with host, port"),
        (
            {
                "host": "db.example.com",
                "port": 1,
                "dbname": "d",
                "username": "u",
                "password": "hunter2",
            },
            "db.example.com is another machine",
        ),
    ],
)
def test_secret_that_leads_to_no_database_leaves_the_warehouse_unreachable(
    two_batches: Deployed, run_status: RunStatus, address: dict[str, Any], reason: str
):
    two_batches.put_secret("warehouse-reader", **address)
    code, out, _ = run_status()
    assert code == 1
    assert reason in report(out)["warehouse"]["error"]


def test_secret_without_a_value_leaves_the_warehouse_unreachable(
    two_batches: Deployed, run_status: RunStatus
):
    code, out, _ = run_status()
    assert code == 1
    assert (
        "no secret totesys-dev/warehouse-reader with a value" in report(out)["warehouse"]["error"]
    )


def test_ca_bundle_is_used_to_verify_the_warehouse(two_batches: Deployed, run_status: RunStatus):
    two_batches.put_secret(
        "warehouse-reader",
        host="db.example.com",
        port=1,
        dbname="d",
        username="u",
        password="hunter2",
    )
    _, out, _ = run_status("--ca-bundle", "not-there.pem")
    assert "CA bundle not-there.pem cannot be read" in report(out)["warehouse"]["error"]


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ("", "There are no outputs of Terraform. To fix: apply Terraform (`make apply`)"),
        ("{}", "Nothing is applied in this environment."),
        ("Error: no state", "The input is not the output"),
        ('{"workflow": {"value": "w"}}', "no output 'key'"),
    ],
)
def test_outputs_without_a_deployment_are_an_error_with_the_remedy(
    run_status: RunStatus, outputs: str, message: str
):
    code, out, errors = run_status(outputs=outputs)
    assert (code, out) == (1, "")
    assert message in errors
    assert "NAME=totesys-dev" in errors


def test_without_credentials_the_remedy_is_to_sign_in(
    run_status: RunStatus, monkeypatch: pytest.MonkeyPatch
):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it caches the credentials
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    code, out, errors = run_status()
    assert (code, out) == (1, "")
    assert "Unable to locate credentials. To fix: sign in (`aws sso login`" in errors


def test_missing_bucket_is_an_error(deployed: Deployed, run_status: RunStatus):
    deployed.client("s3").delete_bucket(Bucket=f"{NAME}-ingestion-123456789012")
    code, _, errors = run_status()
    assert code == 1
    assert "check that the bucket exists" in errors


@pytest.mark.parametrize(
    ("output", "resource"),
    [
        ("function", "function gone"),
        ("schedule", "schedule gone"),
        ("queue", "queue gone"),
        ("workflow", "workflow gone"),
    ],
)
def test_missing_resource_is_an_error_that_names_it(
    deployed: Deployed, run_status: RunStatus, output: str, resource: str
):
    deployed.outputs[output] = "gone"
    code, _, errors = run_status()
    assert code == 1
    assert f"There is no {resource} in {REGION}. To fix: check name, region and account" in errors


def test_name_without_a_region_is_wrong_usage(
    run_status: RunStatus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    code, _, errors = run_status("--name", NAME)
    assert code == 2
    assert "--region eu-west-2" in errors


def test_missing_profile_is_an_error_that_names_the_variable(
    run_status: RunStatus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    code, _, errors = run_status("--name", NAME)
    assert code == 1
    assert "check AWS_PROFILE" in errors


def test_request_without_an_answer_is_an_error_that_names_the_resource(
    run_status: RunStatus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    code, _, errors = run_status()
    assert code == 1
    assert f"AWS did not answer for function {NAME}-ingestion in {REGION}" in errors
