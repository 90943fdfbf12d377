"""Where a deployed platform stands, told by its lake and by AWS, whatever is out of reach."""

import io
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from moto.glue.models import FakeWorkflowRun

from lake import new_run, now
from lake.entries import RetryEntry
from operations.cli import main
from postgres import connected, from_dsn
from tests.integration.operations.conftest import NAME, REGION, Deployed

Told = tuple[int, str, str]
Ask = Callable[..., Told]
BY_NAME = ("--name", NAME, "--region", REGION)


@pytest.fixture
def ask(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Ask:
    """`status` with these options, and on standard input what Terraform puts out."""

    def asked(*options: str, outputs: str | None = None) -> Told:
        given = deployed.terraform if outputs is None else outputs
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        code = main(["status", *options])
        out, errors = capsys.readouterr()
        assert "Traceback" not in out + errors
        assert all(len(line) <= 100 for line in out.splitlines()[:-1])
        return code, out, errors

    return asked


def report(out: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(out.splitlines()[-1])
    return told


@pytest.mark.parametrize("options", [(), BY_NAME])
def test_lake_and_services_are_told_by_outputs_as_by_name(
    two_batches: Deployed, ask: Ask, options: tuple[str, ...]
):
    two_batches.alarm("freshness", "a change waits for 21 minutes [too long]")
    two_batches.client("sqs").send_message(QueueUrl=queue(two_batches), MessageBody="{}")
    code, out, _ = ask(*options)
    assert code == 0
    told = report(out)
    assert (told["seq"], told["loaded_through"]) == (2, 1)
    assert told["pending"] == {"dimensions": 0, "facts": 0, "load": 1, "retries": 0}
    assert told["freshness_seconds"] > 0
    assert told["alarms"] == {f"{NAME}-freshness": "a change waits for 21 minutes [too long]"}
    assert told["dead_letters"] == 1
    assert told["schedule"] == {"expression": "rate(5 minutes)", "is_enabled": True}
    assert "21 minutes [too long]" in out
    assert "currency ~1" in out
    assert "not yet" in out
    assert "never ran" in out


def queue(deployed: Deployed) -> str:
    url: str = deployed.client("sqs").get_queue_url(QueueName=f"{NAME}-dead-letters")["QueueUrl"]
    return url


def test_empty_lake_of_a_new_platform_is_no_error(ask: Ask):
    code, out, _ = ask()
    assert code == 0
    assert "The lake holds no batch yet." in out
    assert "none of 2 is on" in out
    assert report(out)["seq"] == 0


def test_paused_schedule_is_told(deployed: Deployed, ask: Ask):
    scheduler = deployed.client("scheduler")
    found = scheduler.get_schedule(Name=f"{NAME}-ingestion")
    wanted = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    scheduler.update_schedule(**{name: found[name] for name in wanted}, State="DISABLED")
    _, out, _ = ask()
    assert "paused, rate(5 minutes)" in out
    assert not report(out)["schedule"]["is_enabled"]


def test_run_that_failed_is_told(deployed: Deployed, ask: Ask, monkeypatch: pytest.MonkeyPatch):
    deployed.client("glue").start_workflow_run(Name=NAME)
    ended = {"Status": "COMPLETED", "Statistics": {"FailedActions": 1, "SucceededActions": 2}}
    before = FakeWorkflowRun.as_dict
    monkeypatch.setattr(FakeWorkflowRun, "as_dict", lambda run: before(run) | ended)
    _, out, _ = ask()
    assert "completed, 1 failed" in out
    [run] = report(out)["runs"]
    assert (run["status"], run["failed"]) == ("COMPLETED", 1)


def test_run_under_way_is_told(deployed: Deployed, ask: Ask):
    deployed.client("glue").start_workflow_run(Name=NAME)
    assert "(UTC)   running" in ask()[1]


def test_generation_is_the_functions(two_batches: Deployed, ask: Ask):
    client = two_batches.client("lambda")
    before = client.get_function_configuration(FunctionName=f"{NAME}-ingestion")
    variables = before["Environment"]["Variables"] | {"GENERATION": "2"}
    client.update_function_configuration(
        FunctionName=f"{NAME}-ingestion", Environment={"Variables": variables}
    )
    told = report(ask()[1])
    assert (told["generation"], told["seq"], told["loaded_through"]) == (2, 2, 0)


def test_warehouse_that_can_be_reached_is_asked_as_its_readers_may(
    two_batches: Deployed, ask: Ask, reader: dict[str, Any]
):
    two_batches.tell_reader(**reader)
    code, out, _ = ask()
    assert report(out)["warehouse"] == {"loaded_through": 0, "error": None}
    assert code == 0
    assert "not heard" not in out


def test_warehouse_that_is_only_outdated_says_what_it_holds_and_the_remedy(
    two_batches: Deployed, ask: Ask, reader: dict[str, Any], warehouse_dsn: str
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
    two_batches.tell_reader(**reader)
    code, out, _ = ask()
    told = report(out)["warehouse"]
    assert told["loaded_through"] == 1
    assert "was made for contracts of yesterday" in told["error"]
    assert "11-15 12:34:56" in out, "the warehouse's own word on when batch 1 came"
    assert report(out)["pending"]["retries"] == 0, "the warehouse holds the lake's one"
    assert code == 0


def test_warehouse_that_was_never_migrated_holds_nothing_and_says_the_remedy(
    two_batches: Deployed, ask: Ask, reader: dict[str, Any], warehouse_dsn: str
):
    with connected(from_dsn(warehouse_dsn), "owner") as owner:
        owner.run("drop schema etl cascade")
    two_batches.tell_reader(**reader)
    _, out, _ = ask()
    told = report(out)["warehouse"]
    assert told["loaded_through"] == 0
    assert "holds no warehouse yet" in told["error"]


def test_warehouse_out_of_reach_is_said_in_one_line_and_the_load_log_tells(
    two_batches: Deployed, ask: Ask
):
    two_batches.tell_reader(
        host="127.0.0.1", port=1, dbname="warehouse", username="reader", password="hunter2"
    )
    code, out, _ = ask()
    assert code == 0
    told = "Nothing answers at 127.0.0.1:1 (Connection refused)"
    assert f"Warehouse: not heard, so the load log tells. {told}." in " ".join(out.split())
    assert out.count("not yet") == 1, "the first batch has come, by the load log"
    assert report(out)["warehouse"]["loaded_through"] is None
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
def test_secret_by_which_nobody_is_reached_is_no_error(
    two_batches: Deployed, ask: Ask, address: dict[str, Any], reason: str
):
    two_batches.tell_reader(**address)
    code, out, _ = ask()
    assert code == 0
    assert reason in report(out)["warehouse"]["error"]


def test_secret_without_a_value_is_no_error(two_batches: Deployed, ask: Ask):
    code, out, _ = ask()
    assert code == 0
    assert (
        "no secret totesys-dev/warehouse-reader with a value" in report(out)["warehouse"]["error"]
    )


def test_ca_bundle_vouches_for_the_warehouse(two_batches: Deployed, ask: Ask):
    two_batches.tell_reader(
        host="db.example.com", port=1, dbname="d", username="u", password="hunter2"
    )
    _, out, _ = ask("--ca-bundle", "not-there.pem")
    assert "CA bundle not-there.pem cannot be read" in report(out)["warehouse"]["error"]


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        ("", "There are no outputs of Terraform. Apply Terraform (`make apply`)"),
        ("{}", "Nothing is applied in this environment."),
        ("Error: no state", "These are no outputs"),
        ('{"workflow": {"value": "w"}}', "no output 'key'"),
    ],
)
def test_outputs_that_name_nothing_are_an_error_with_the_remedy(ask: Ask, outputs: str, told: str):
    code, out, errors = ask(outputs=outputs)
    assert (code, out) == (1, "")
    assert told in errors
    assert "NAME=totesys-dev" in errors


def test_without_credentials_the_remedy_is_to_sign_in(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it remembers them
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    code, out, errors = ask()
    assert (code, out) == (1, "")
    assert "Unable to locate credentials. Sign in (`aws sso login`" in errors


def test_bucket_that_is_not_there_is_an_error(deployed: Deployed, ask: Ask):
    deployed.client("s3").delete_bucket(Bucket=f"{NAME}-ingestion-123456789012")
    code, _, errors = ask()
    assert code == 1
    assert "Check that the bucket exists" in errors


@pytest.mark.parametrize(
    ("output", "what"),
    [
        ("function", "function gone"),
        ("schedule", "schedule gone"),
        ("queue", "queue gone"),
        ("workflow", "workflow gone"),
    ],
)
def test_part_that_is_not_there_is_an_error_that_names_it(
    deployed: Deployed, ask: Ask, output: str, what: str
):
    deployed.outputs[output] = "gone"
    code, _, errors = ask()
    assert code == 1
    assert f"There is no {what} in {REGION}. Check name, region and account" in errors


def test_name_without_a_region_is_wrong_usage(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    code, _, errors = ask("--name", NAME)
    assert code == 2
    assert "--region eu-west-2" in errors


def test_profile_that_is_not_there_is_told(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    code, _, errors = ask("--name", NAME)
    assert code == 1
    assert "Check AWS_PROFILE" in errors


def test_refusal_of_one_call_is_told_with_what_was_asked(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    code, _, errors = ask()
    assert code == 1
    assert f"AWS does not tell of function {NAME}-ingestion in {REGION}" in errors
