"""The applied platform with its source and its warehouse, as operators use it."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lake import Lake
from lake.s3 import S3Store
from operations.reconcile import Reconciliation, reconcile
from postgres import connected, from_dsn, render
from postgres.sql import value
from tests.cloud.stacks import Databases, Stack

UNDER_WAY = {"STARTING", "RUNNING", "WAITING"}
PATIENCE = 300.0  # seconds, for a busy machine
SCHEMA = "warehouse"

Run = dict[str, Any]


@dataclass(frozen=True)
class Wired:
    """The stack and its databases, with requests to AWS by the names of Terraform's outputs."""

    stack: Stack
    databases: Databases

    def client(self, service: str) -> Any:
        return self.stack.aws.client(service)

    def output(self, name: str) -> Any:
        return self.stack.outputs[name]

    def set_login(self, secret: str, user: str, password: str) -> None:
        """Change user and password in a secret."""
        secrets, name = self.client("secretsmanager"), {"SecretId": self.output("secrets")[secret]}
        login = json.loads(secrets.get_secret_value(**name)["SecretString"])
        login |= {"username": user, "password": password}
        secrets.put_secret_value(**name, SecretString=json.dumps(login))

    def fire(self) -> None:
        """Fire the schedule immediately."""
        self.stack.aws.lab("schedules/fire", name=self.output("schedule"))

    def poll(self) -> dict[str, Any]:
        """Poll by hand; return the answer of the function."""
        answer = self.client("lambda").invoke(FunctionName=self.output("function"))
        payload: dict[str, Any] = json.load(answer["Payload"])
        assert "FunctionError" not in answer, payload
        return payload

    def run_job(self, name: str) -> Run:
        """Run a job without arguments, as from the console; return its last attempt."""
        glue = self.client("glue")
        run = glue.start_job_run(JobName=name)["JobRunId"]

        def attempts() -> list[Run]:
            found = glue.get_job_runs(JobName=name)["JobRuns"]  # the latest first
            return [attempt for attempt in found if attempt["Id"].startswith(run)]

        retries = glue.get_job(JobName=name)["Job"]["MaxRetries"]
        wait_until(lambda: _is_over(attempts()[0], retries))
        return attempts()[0]

    def workflow_runs(self) -> list[Run]:
        """Return all runs of the workflow, the latest first."""
        runs: list[Run] = self.client("glue").get_workflow_runs(Name=self.output("workflow"))[
            "Runs"
        ]
        return runs

    def workflow_run_after(self, known: Sequence[Run]) -> Run:
        """Wait for the end of the run after the known ones, and return it. A run that Glue refused,
        because another one was in progress, does not count."""

        def started() -> list[Run]:
            new = self.workflow_runs()[: -len(known) or None]
            return [run for run in new if run["Status"] != "ERROR"]

        wait_until(lambda: bool(started()))
        wait_until(lambda: started()[0]["Status"] != "RUNNING")
        return started()[0]

    def reconciled(self) -> Reconciliation:
        """Compare source, lake and warehouse row by row and value by value."""
        s3, buckets = self.client("s3"), self.output("buckets")
        lake = Lake(S3Store(s3, buckets["ingestion"]), S3Store(s3, buckets["processed"]))
        return reconcile(
            lake, from_dsn(self.databases.source), from_dsn(self.databases.warehouse), SCHEMA
        )


def create_login(dsn: str, name: str, password: str, group: str) -> None:
    """Create a login role in a group."""
    text = "create role {name} login password {password} in role {group}"
    with connected(from_dsn(dsn), "administrator") as administrator:
        administrator.run(render(text, name=name, password=value(password), group=group))


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for a condition, which is checked less often the longer it takes: each check is a
    request that takes CPU time from what it waits for."""
    began = time.monotonic()
    while not holds():
        waited = time.monotonic() - began
        assert waited < PATIENCE, "the condition did not become true in time"
        time.sleep(0.05 + min(waited / 20, 0.5))


def _is_over(attempt: Run, retries: int) -> bool:
    fails = attempt["JobRunState"] == "FAILED" and attempt["Attempt"] < retries
    return attempt["JobRunState"] not in UNDER_WAY and not fails
