"""The applied platform loads a change of the source into the warehouse.

All settings come from AWS, by the names of Terraform's outputs: target and role of the schedule,
code and variables of the function, workflow of the rule, conditions of its triggers, script and
arguments of each job. Every part runs under its own role.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from time import monotonic
from typing import Any

import pytest

from postgres import connected, from_dsn, transaction
from tests.cloud.local_aws import EndpointFailed
from tests.cloud.wired import Run, Wired, wait_until
from totesys.simulator import Simulator

JOBS = ("build_dimensions", "build_facts", "load_warehouse")
ORDERS = "select count(*) from warehouse.fact_sales_order_current"
DENY_NOTHING = [{"Effect": "Deny", "Action": "none:None", "Resource": "*"}]


@dataclass(frozen=True)
class Cycle:
    """The workflow run after a poll, the seconds until its end, and the answer of a poll
    during the run, after Glue refused another run."""

    run: Run
    seconds: float
    during: dict[str, Any] | None = None


@pytest.fixture(scope="module")
def first_cycle(wired: Wired, migrated: Run) -> Cycle:
    assert migrated["JobRunState"] == "SUCCEEDED", migrated["ErrorMessage"]
    return cycle(wired)


@pytest.fixture(scope="module")
def second_cycle(wired: Wired, first_cycle: Cycle) -> Cycle:
    with connected(from_dsn(wired.databases.source), "people") as people:
        simulator = Simulator(people)
        simulator.edit_sales_order_silently(7)
        simulator.delete_sales_order(9)
        simulator.place_sales_order()
    return cycle_with_a_refused_run(wired)


def cycle(wired: Wired) -> Cycle:
    started, known = monotonic(), wired.workflow_runs()
    wired.fire()
    return Cycle(wired.workflow_run_after(known), monotonic() - started)


def cycle_with_a_refused_run(wired: Wired) -> Cycle:
    """Poll by hand, because a poll ends before the next one may begin."""
    started, known = monotonic(), wired.workflow_runs()
    with connected(from_dsn(wired.databases.warehouse), "test") as test, transaction(test):
        test.run("lock table warehouse.fact_sales_order")  # the load waits, and with it the run
        assert wired.poll()["emitted"]
        wait_until(lambda: len(wired.workflow_runs()) > len(known))
        answer = polled_after_a_refused_run(wired)
    return Cycle(wired.workflow_run_after(known), monotonic() - started, answer)


def polled_after_a_refused_run(wired: Wired) -> dict[str, Any]:
    """Send the event again while a run is in progress, then poll."""
    known = wired.workflow_runs()
    wired.client("events").put_events(Entries=[event_of(wired)])
    wait_until(lambda: len(wired.workflow_runs()) > len(known))
    assert [run["Status"] for run in wired.workflow_runs()[:2]] == ["ERROR", "RUNNING"]
    return wired.poll()


def event_of(wired: Wired) -> dict[str, str]:
    """Return an event that the rule of the workflow matches."""
    rule = wired.client("events").describe_rule(Name=wired.output("rule"))
    pattern = json.loads(rule["EventPattern"])
    return {
        "Source": pattern["source"][0],
        "DetailType": pattern["detail-type"][0],
        "Detail": "{}",
    }


def test_migration_runs_from_the_console_and_is_recorded(wired: Wired, migrated: Run):
    assert migrated["JobRunState"] == "SUCCEEDED", migrated["ErrorMessage"]
    place = {"Bucket": wired.output("buckets")["processed"], "Prefix": "_attempts/migrate"}
    attempts = wired.client("s3").list_objects_v2(**place)["Contents"]
    assert "/succeeded/" in attempts[-1]["Key"]


@pytest.mark.parametrize("name", ["first_cycle", "second_cycle"])
def test_change_of_the_source_reaches_the_warehouse(
    wired: Wired, name: str, request: pytest.FixtureRequest
):
    done: Cycle = request.getfixturevalue(name)
    print(f"\n{name}: {done.seconds:.1f} seconds from the poll to the warehouse")
    assert done.run["Statistics"]["SucceededActions"] == len(JOBS), errors(wired)
    found = wired.reconciled()
    assert (found.loaded_through, found.quarantined) == (found.seq, 0)
    assert sum(comparison.differences for comparison in found.comparisons) == found.unexplained == 0
    with connected(from_dsn(wired.databases.source), "test") as source:
        [[orders]] = source.run("select count(*) from sales_order")
    with connected(from_dsn(wired.databases.warehouse), "test") as warehouse:
        assert warehouse.run(ORDERS) == [[orders]] != [[0]]


def errors(wired: Wired) -> dict[str, str]:
    """Return the error message of the last run of each job."""
    glue = wired.client("glue")
    names = wired.output("jobs").values()
    runs = {name: glue.get_job_runs(JobName=name)["JobRuns"] for name in names}
    return {
        name: found[0]["ErrorMessage"] if found else "never ran" for name, found in runs.items()
    }


def test_poll_sees_the_run_in_progress_behind_a_refused_one(second_cycle: Cycle):
    assert second_cycle.during is not None
    assert not second_cycle.during["emitted"]


@pytest.mark.usefixtures("second_cycle")
def test_poll_without_changes_starts_no_workflow(wired: Wired):
    before = wired.workflow_runs()
    answer = wired.poll()
    assert (answer["changes"], answer["emitted"]) == ({}, False)
    assert wired.workflow_runs() == before


@pytest.mark.usefixtures("second_cycle")
@pytest.mark.parametrize("job", JOBS)
def test_job_without_work_runs_from_the_console_and_changes_no_row(wired: Wired, job: str):
    run = wired.run_job(wired.output("jobs")[job])
    assert (run["JobRunState"], run["Attempt"]) == ("SUCCEEDED", 0), run["ErrorMessage"]
    assert not wired.reconciled().unexplained


# The following tests break one setting at a time.


@pytest.mark.usefixtures("second_cycle")
def test_renamed_variable_fails_the_poll_and_its_event_is_a_dead_letter(wired: Wired):
    client, function = wired.client("lambda"), {"FunctionName": wired.output("function")}
    before = client.get_function_configuration(**function)["Environment"]["Variables"]
    renamed = {name.replace("SOURCE_SECRET", "SECRET"): value for name, value in before.items()}
    client.update_function_configuration(**function, Environment={"Variables": renamed})
    wired.fire()
    kept = dead_letter(wired)
    client.update_function_configuration(**function, Environment={"Variables": before})
    assert kept["responsePayload"]["errorType"] == "InvalidSettings"
    assert "SOURCE_SECRET" in kept["responsePayload"]["errorMessage"]


@pytest.mark.usefixtures("second_cycle")
def test_missing_argument_fails_the_job(wired: Wired):
    def drop(job: dict[str, Any]) -> None:
        del job["DefaultArguments"]["--processed"]

    message = failure(wired, "build_facts", drop)
    assert "InvalidArguments: the following arguments are required: --processed" in message


@pytest.mark.usefixtures("second_cycle")
def test_missing_script_fails_the_job(wired: Wired):
    def lose(job: dict[str, Any]) -> None:
        job["Command"]["ScriptLocation"] += ".gone"

    assert "build_facts.py.gone cannot be fetched" in failure(wired, "build_facts", lose)


@pytest.mark.usefixtures("second_cycle")
def test_missing_grant_of_a_job_fails_it(wired: Wired):
    name = wired.output("jobs")["load_warehouse"]
    role = wired.client("glue").get_job(JobName=name)["Job"]["Role"]
    with without(wired, role, "secretsmanager:GetSecretValue"):
        run = wired.run_job(name)
    assert run["JobRunState"] == "FAILED"
    assert "AccessDenied" in run["ErrorMessage"]
    assert "secretsmanager:GetSecretValue" in run["ErrorMessage"]


@pytest.mark.usefixtures("second_cycle")
def test_missing_grant_of_the_schedule_prevents_polls(wired: Wired):
    schedule = wired.client("scheduler").get_schedule(Name=wired.output("schedule"))
    with (
        without(wired, schedule["Target"]["RoleArn"], "lambda:InvokeFunction"),
        pytest.raises(EndpointFailed, match="may not lambda:InvokeFunction"),
    ):
        wired.fire()
    assert dead_letter(wired) == {}


@pytest.mark.usefixtures("second_cycle")
def test_missing_grant_of_the_rule_prevents_the_workflow(wired: Wired):
    events, before = wired.client("events"), wired.workflow_runs()
    event = event_of(wired)
    [target] = events.list_targets_by_rule(Rule=wired.output("rule"))["Targets"]
    with without(wired, target["RoleArn"], "glue:NotifyEvent"):
        events.put_events(Entries=[event])
    assert wired.workflow_runs() == before
    events.put_events(Entries=[event])
    assert wired.workflow_run_after(before)["Statistics"]["SucceededActions"] == len(JOBS)


def failure(wired: Wired, name: str, change: Callable[[dict[str, Any]], None]) -> str:
    """Run a job with a changed definition, then restore it; return the error message."""
    glue, job = wired.client("glue"), wired.output("jobs")[name]
    found = glue.get_job(JobName=job)["Job"]
    fields = glue.meta.service_model.shape_for("JobUpdate").members
    before = {field: found[field] for field in fields if field in found}
    changed = deepcopy(before)
    change(changed)
    glue.update_job(JobName=job, JobUpdate=changed)
    run = wired.run_job(job)
    glue.update_job(JobName=job, JobUpdate=before)
    assert (run["JobRunState"], run["Attempt"]) == ("FAILED", before["MaxRetries"])
    return str(run["ErrorMessage"])


@contextmanager
def without(wired: Wired, role: str, action: str) -> Iterator[None]:
    """Remove the grants of an action from a role, and forgive the refusals."""
    iam, name = wired.client("iam"), {"RoleName": role.rpartition("/")[2]}
    [policy] = iam.list_role_policies(**name)["PolicyNames"]
    before = iam.get_role_policy(**name, PolicyName=policy)["PolicyDocument"]
    others = [found for found in before["Statement"] if action not in found["Action"]]
    assert others != before["Statement"]
    changed = json.dumps({**before, "Statement": others or DENY_NOTHING})
    iam.put_role_policy(**name, PolicyName=policy, PolicyDocument=changed)
    try:
        yield
    finally:
        iam.put_role_policy(**name, PolicyName=policy, PolicyDocument=json.dumps(before))
    assert wired.stack.aws.lab("grants/forgive", role=name["RoleName"], action=action)


def dead_letter(wired: Wired) -> Any:
    """Wait for the only message in the dead-letter queue, delete it, and return it."""
    sqs, found = wired.client("sqs"), list[Any]()
    url = sqs.get_queue_url(QueueName=wired.output("queue"))["QueueUrl"]

    def is_there() -> bool:
        found.extend(sqs.receive_message(QueueUrl=url).get("Messages", []))
        return bool(found)

    wait_until(is_there)
    [message] = found
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return json.loads(message["Body"])
