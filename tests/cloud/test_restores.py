"""Procedures of docs/operations.md on AWS: a lost warehouse, a replay, and a pause."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from embedded.server import Server
from postgres import connected, from_dsn
from tests.cloud.stacks import Stack
from tests.cloud.wired import Run, Wired
from totesys.simulator import Simulator

IAM_LIMIT = 10_240  # characters of the inline policies of a role ("IAM and AWS STS quotas")
HISTORY = """
    select sales_order_id, version, batch_seq, is_deleted, units_sold, unit_price, valid_from
    from warehouse.fact_sales_order_history order by 1, 2
"""


@pytest.fixture(scope="module")
def edited(wired: Wired, migrated: Run) -> Wired:
    """Return the platform with an edited order in its warehouse."""
    assert migrated["JobRunState"] == "SUCCEEDED", migrated["ErrorMessage"]
    cycle(wired)
    with connected(from_dsn(wired.databases.source), "people") as people:
        Simulator(people).edit_sales_order_silently(3)
    cycle(wired)
    return wired


def cycle(wired: Wired) -> None:
    known = wired.workflow_runs()
    if wired.poll()["emitted"]:
        wired.workflow_run_after(known)


@pytest.fixture
def empty(server: Server) -> Iterator[str]:
    """Create an empty database."""
    server.create_database("cloud_empty")
    yield server.dsn("cloud_empty")
    server.drop_database("cloud_empty")


@contextmanager
def warehouse_at(wired: Wired, dsn: str) -> Iterator[None]:
    """Change the database in the secrets of the warehouse, as a context manager."""
    secrets = wired.client("secretsmanager")
    names = [wired.output("secrets")[each] for each in ("warehouse_owner", "warehouse_loader")]
    before = {n: secrets.get_secret_value(SecretId=n)["SecretString"] for n in names}
    for name, text in before.items():
        moved = json.loads(text) | {"dbname": from_dsn(dsn).database}
        secrets.put_secret_value(SecretId=name, SecretString=json.dumps(moved))
    yield
    for name, text in before.items():
        secrets.put_secret_value(SecretId=name, SecretString=text)


@contextmanager
def applied(stack: Stack, **changed: Any) -> Iterator[None]:
    """Apply other variables of the root, as a context manager."""
    path = stack.terraform.folder / "test.auto.tfvars.json"
    before = json.loads(path.read_text(encoding="utf-8"))
    stack.terraform.variables(**before | changed)
    stack.terraform.apply("-refresh=false")
    yield
    stack.terraform.variables(**before)
    stack.terraform.apply("-refresh=false")


def history(dsn: str) -> Any:
    with connected(from_dsn(dsn), "test") as connection:
        return connection.run(HISTORY)


def policy_size(wired: Wired, job: str) -> int:
    """Return the number of characters in the inline policy of the role of a job."""
    role = wired.client("glue").get_job(JobName=job)["Job"]["Role"].rpartition("/")[2]
    iam = wired.client("iam")
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return len(json.dumps(policy, separators=(",", ":")))


def state(wired: Wired) -> Any:
    return wired.client("scheduler").get_schedule(Name=wired.output("schedule"))["State"]


def silenced(wired: Wired) -> set[str]:
    """Return the alarms that send no mail."""
    alarms = wired.output("alarms")
    found = wired.client("cloudwatch").describe_alarms(AlarmNames=list(alarms.values()))
    silent = {each["AlarmName"] for each in found["MetricAlarms"] if not each["ActionsEnabled"]}
    return {key for key, name in alarms.items() if name in silent}


def test_two_jobs_restore_a_lost_warehouse(edited: Wired, empty: str):
    with warehouse_at(edited, empty):
        migrated = edited.run_job(edited.output("migrate_job"))
        assert migrated["JobRunState"] == "SUCCEEDED", migrated["ErrorMessage"]
        loaded = edited.run_job(edited.output("jobs")["load_warehouse"])
        assert loaded["JobRunState"] == "SUCCEEDED", loaded["ErrorMessage"]
    assert history(empty) == history(edited.databases.warehouse)
    assert [row[1] for row in history(empty) if row[0] == 3][-1] > 1


def test_replay_during_a_pause_loads_an_empty_database_without_alarms(edited: Wired, empty: str):
    """The replay runs as a single job: its warehouse equals that of the three jobs."""
    with applied(edited.stack, paused=True, generation=2, single_job=True):
        assert (state(edited), silenced(edited)) == ("DISABLED", {"silence", "freshness"})
        single = f"{edited.output('workflow')}-update-warehouse"
        print(f"\npolicy of {single}: {policy_size(edited, single)} characters")
        assert policy_size(edited, single) < IAM_LIMIT
        with warehouse_at(edited, empty):
            edited.run_job(edited.output("migrate_job"))
            known = edited.workflow_runs()
            assert edited.poll()["emitted"]
            run = edited.workflow_run_after(known)
        assert run["Statistics"]["SucceededActions"] == run["Statistics"]["TotalActions"] == 1
        assert history(empty) == history(edited.databases.warehouse)
    assert (state(edited), silenced(edited)) == ("ENABLED", set())
    known = edited.workflow_runs()
    assert not edited.poll()["emitted"]  # the previous generation is already loaded
    assert edited.workflow_runs() == known
