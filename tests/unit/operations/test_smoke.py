"""The smoke test fails if the deployment does not work, and only then."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, Literal

import boto3
import pytest
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.glue.models import FakeJobRun, FakeWorkflowRun

from operations.aws import Aws
from operations.cli import main
from operations.deployment import from_outputs
from operations.errors import Unhealthy
from operations.smoke import migrate, smoke

REGION = "eu-west-2"
SILENCE = "totesys-dev-silence"
OUTPUTS: dict[str, dict[str, Any]] = {
    "key": {"value": f"arn:aws:kms:{REGION}:123456789012:key/1"},
    "function": {"value": "ingestion"},
    "schedule": {"value": "ingestion"},
    "queue": {"value": "dead-letters"},
    "secrets": {"value": {"source": "source", "warehouse_reader": "reader"}},
    "workflow": {"value": "warehouse"},
    "migrate_job": {"value": "migrate"},
    "alarms": {"value": {"silence": SILENCE}},
}
QUIET = {"seq": 7, "changes": {}, "emitted": False}
CHANGED = {"seq": 8, "changes": {"staff": {"U": 1}}, "emitted": True}
Run = dict[str, Any]
State = Literal["OK", "ALARM"]


class Account:
    """An AWS account in moto, with results that a test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self._states: dict[str, Callable[[], Run]] = {}
        self.cloudwatch = boto3.client("cloudwatch", REGION)
        self.glue = boto3.client("glue", REGION)
        self.glue.create_workflow(Name="warehouse")
        self.glue.create_job(Name="migrate", Role="role", Command={"Name": "glueetl"})
        role = boto3.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")
        boto3.client("lambda", REGION).create_function(
            FunctionName="ingestion",
            Runtime="python3.13",
            Handler="handler",
            Role=role["Role"]["Arn"],
            Code={"ZipFile": b""},
        )

    def answers(self, answer: Any, before: Callable[[], None] | None = None) -> None:
        """Set the answer of the function, and an action that runs before it answers."""

        def invoke(_backend: LambdaSimpleBackend, *arguments: Any) -> bytes:
            if before:
                before()
            if "errorType" in answer:
                arguments[-1]["x-amz-function-error"] = "Unhandled"
            return json.dumps(answer).encode()

        self._patch.setattr(LambdaSimpleBackend, "invoke", invoke)

    def runs(self, *states: Run) -> None:
        """Start a workflow run; each request sees the next of these states."""
        run, left = self.glue.start_workflow_run(Name="warehouse")["RunId"], [*states]
        self._states[run] = lambda: left.pop(0) if left[1:] else left[0]
        self._patch.setattr(
            FakeWorkflowRun,
            "as_dict",
            lambda run: {"WorkflowRunId": run.run_id, **self._states[run.run_id]()},
        )

    def migrations(self, *states: Run) -> None:
        """Set the states of the runs of the migration; each request sees the next of them."""
        left = [*states]
        self._patch.setattr(
            FakeJobRun,
            "as_dict",
            lambda run: {"Id": run.job_run_id, **(left.pop(0) if left[1:] else left[0])},
        )

    def alarm(self, name: str, state: State) -> None:
        self.cloudwatch.put_metric_alarm(
            AlarmName=name,
            MetricName="Polls",
            Namespace="Warehouse",
            Period=60,
            EvaluationPeriods=1,
            Statistic="Sum",
            Threshold=1,
            ComparisonOperator="LessThanThreshold",
        )
        self.cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="no poll")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setattr("time.sleep", lambda _: None)
    with mock_aws(config={"lambda": {"use_docker": False}}):
        yield Account(monkeypatch)


@pytest.fixture
def deployed() -> Aws:
    return Aws(from_outputs(json.dumps(OUTPUTS)))


def test_poll_without_changes_needs_no_run(
    account: Account, deployed: Aws, capsys: pytest.CaptureFixture[str]
):
    account.answers(QUIET)
    smoke(deployed, 0, print)
    assert capsys.readouterr().out == (
        "poll: seq 7, changes {}\nworkflow: never ran\nalarms: none\n"
    )


def test_failed_poll_is_reported_with_its_error(account: Account, deployed: Aws):
    account.answers({"errorType": "MassDelete", "errorMessage": "30 % of staff"})
    with pytest.raises(Unhealthy, match=r"^poll: MassDelete: 30 % of staff$"):
        smoke(deployed, 0, print)


def test_smoke_waits_for_the_run_that_the_poll_started(
    account: Account, deployed: Aws, capsys: pytest.CaptureFixture[str]
):
    states = {"Status": "RUNNING"}, {"Status": "RUNNING"}, {"Status": "COMPLETED"}
    account.answers(CHANGED, lambda: account.runs(*states))
    smoke(deployed, 60, print)
    assert "workflow: COMPLETED" in capsys.readouterr().out


def test_event_that_starts_nothing_is_a_failure(account: Account, deployed: Aws):
    account.runs({"Status": "COMPLETED"})
    account.answers(CHANGED)
    with pytest.raises(Unhealthy, match="not started by the event"):
        smoke(deployed, 0, print)


@pytest.mark.parametrize(
    "end",
    [
        {"Status": "COMPLETED", "Statistics": {"FailedActions": 1}},
        {"Status": "COMPLETED", "Statistics": {"TimeoutActions": 1}},
        {"Status": "STOPPED"},
    ],
)
def test_failed_job_is_a_failure(account: Account, deployed: Aws, end: Run):
    account.answers(CHANGED, lambda: account.runs(end))
    with pytest.raises(Unhealthy, match=r"run wr_\w+ failed"):
        smoke(deployed, 0, print)


def test_run_that_failed_before_the_poll_does_not_count(account: Account, deployed: Aws):
    account.runs({"Status": "COMPLETED", "Statistics": {"FailedActions": 1}})
    account.answers(QUIET)
    smoke(deployed, 0, print)


def test_active_alarm_is_a_failure_with_its_reason(account: Account, deployed: Aws):
    account.alarm(SILENCE, "ALARM")
    account.answers(QUIET)
    with pytest.raises(Unhealthy, match=f"^alarm {SILENCE}: no poll$"):
        smoke(deployed, 0, print)


def test_alarms_that_are_off_or_of_other_deployments_do_not_count(account: Account, deployed: Aws):
    account.alarm(SILENCE, "OK")
    account.alarm("of-others", "ALARM")
    account.answers(QUIET)
    smoke(deployed, 0, print)


REFUSED = {"Status": "ERROR", "ErrorMessage": "Concurrent runs exceeded for workflow: warehouse"}


def test_refused_run_does_not_hide_the_run_in_progress(
    account: Account, deployed: Aws, capsys: pytest.CaptureFixture[str]
):
    account.runs({"Status": "RUNNING"}, {"Status": "STOPPING"}, {"Status": "COMPLETED"})
    account.answers(QUIET, lambda: account.runs(REFUSED))
    smoke(deployed, 60, print)
    assert "workflow: COMPLETED" in capsys.readouterr().out


def test_event_whose_run_was_refused_starts_nothing(account: Account, deployed: Aws):
    account.answers(CHANGED, lambda: account.runs(REFUSED))
    with pytest.raises(Unhealthy, match="not started by the event"):
        smoke(deployed, 0, print)


def test_migration_is_awaited(account: Account, deployed: Aws, capsys: pytest.CaptureFixture[str]):
    states = ({"JobRunState": state} for state in ("WAITING", "RUNNING", "SUCCEEDED"))
    account.migrations(*states)
    migrate(deployed, 60, print)
    assert capsys.readouterr().out == "migration: done\n"
    assert len(account.glue.get_job_runs(JobName="migrate")["JobRuns"]) == 1


@pytest.mark.parametrize(("check", "runs"), [(migrate, 2), (smoke, 1)])
def test_migration_in_progress_is_awaited_first(
    account: Account, deployed: Aws, check: Callable[..., None], runs: int
):
    account.glue.start_job_run(JobName="migrate")
    states = ("RUNNING", "RUNNING", "SUCCEEDED")
    account.migrations(*({"JobRunState": state} for state in states))
    account.answers(QUIET)
    check(deployed, 60, print)
    assert len(account.glue.get_job_runs(JobName="migrate")["JobRuns"]) == runs


def test_smoke_does_not_poll_during_a_migration(account: Account, deployed: Aws):
    account.glue.start_job_run(JobName="migrate")
    account.migrations({"JobRunState": "RUNNING"})
    account.answers({"errorType": "Polled", "errorMessage": "during a migration"})
    with pytest.raises(Unhealthy, match=r"^job migrate: still running$"):
        smoke(deployed, 0, print)


def test_failed_migration_is_a_failure_with_its_error(account: Account, deployed: Aws):
    account.migrations({"JobRunState": "FAILED", "ErrorMessage": "MigrationFailed: 0100_x.sql"})
    with pytest.raises(Unhealthy, match=r"^job migrate: failed: MigrationFailed: 0100_x\.sql$"):
        migrate(deployed, 60, print)


def test_release_before_the_warehouse_leaves_it_as_it_is(
    account: Account, deployed: Aws, capsys: pytest.CaptureFixture[str]
):
    account.migrations({"JobRunState": "FAILED", "ErrorMessage": "NewerWarehouse: later"})
    migrate(deployed, 60, print)
    assert "the warehouse is newer than this release" in capsys.readouterr().out


@pytest.mark.parametrize(("state", "status"), [("OK", 0), ("ALARM", 1)])
def test_exit_status_is_1_if_the_platform_does_not_work(
    account: Account, monkeypatch: pytest.MonkeyPatch, state: State, status: int
):
    account.alarm(SILENCE, state)
    account.answers(QUIET)
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(OUTPUTS)))
    assert main(["smoke", "--patience", "0"]) == status
