"""The deployed platform, read by boto3 with the caller's credentials."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
)

from ingestion_lambda.aws import latest_runs
from lake import Lake
from lake.aws import CLIENT_CONFIG, read_secret
from lake.s3 import S3Store
from operations.alarms import Limits
from operations.deployment import Deployment
from operations.errors import AwsRefused, NotSignedIn, NotThere, Unhealthy
from operations.services import JobRun, Run, Schedule, Services
from postgres import Address, resolve

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricAlarmTypeDef
    from mypy_boto3_glue.type_defs import WorkflowRunTypeDef

POLLING = Config(  # waits for the longest timeout of Lambda, and retries while another poll runs
    read_timeout=900, retries={"mode": "standard", "total_max_attempts": 8}
)
BAD_ENDS = ("ErroredActions", "FailedActions", "StoppedActions", "TimeoutActions")
LATEST_RUNS = 25  # of the migration that are read; "GetJobRuns" returns the newest first
LAST_RUNS = 5  # of the workflow that are shown

SIGN_IN = "To fix: sign in (`aws sso login`, AWS_PROFILE=…), then try again."
INVALID = ("ExpiredToken", "InvalidClientTokenId", "UnrecognizedClient", "InvalidAccessKeyId")
MISSING = ("NotFound", "NonExistent", "NoSuch", "DoesNotExist")


@contextmanager
def requesting(resource: str, region: str) -> Iterator[None]:
    """Turn the errors of requests for a resource into NotSignedIn, NotThere or AwsRefused."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError, TokenRetrievalError) as error:
        raise NotSignedIn(f"There are no AWS credentials: {error}. {SIGN_IN}") from None
    except ClientError as refusal:
        raise _refused(resource, region, refusal) from None
    except BotoCoreError as error:
        raise AwsRefused(f"AWS did not answer for {resource} in {region}: {error}") from None


def _refused(resource: str, region: str, refusal: ClientError) -> Exception:
    code = refusal.response["Error"].get("Code", "")
    if any(part in code for part in INVALID):
        return NotSignedIn(f"AWS does not accept the credentials: {refusal}. {SIGN_IN}")
    if any(part in code for part in MISSING):
        return NotThere(
            f"There is no {resource} in {region}. To fix: check name, region and account;"
            " `make apply` creates it."
        )
    return AwsRefused(
        f"AWS refused {resource} in {region}: {refusal}. To fix: get the permissions that"
        " docs/deploy.md lists."
    )


class Aws:
    """A deployment. Every method may raise NotSignedIn, NotThere or AwsRefused.

    ``ca_bundle`` is the file with the certificates that verify remote databases.
    """

    def __init__(self, deployment: Deployment, ca_bundle: Path | None = None) -> None:
        self.deployment = deployment
        self._ca_bundle = str(ca_bundle) if ca_bundle else None
        self.region = deployment.region

    def lake(self) -> Lake:
        """Open the lake in the buckets and the generation of the function's configuration."""
        variables = self._variables
        client = boto3.client("s3", region_name=self.region, config=CLIENT_CONFIG)
        ingestion, processed = (
            S3Store(client, variables[f"{name}_BUCKET"]) for name in ("INGESTION", "PROCESSED")
        )
        return Lake(ingestion, processed, int(variables.get("GENERATION", "1")))

    def address(self, reference: str) -> Address:
        """Return the address behind ``env:VARIABLE`` or ``secretsmanager:NAME``.

        Also raises InvalidReference or InvalidAddress.
        """
        return resolve(reference, os.environ, self._secret, self._ca_bundle)

    def services(self) -> Services:
        """Return the state of the services."""
        states = self._alarms()
        return Services(
            name=self.deployment.name,
            region=self.region,
            schedule=self.schedule(),
            alarms=_active(states),
            watched=len(states),
            dead_letters=self._dead_letters(),
            runs=self.runs()[:LAST_RUNS],
        )

    def schedule(self) -> Schedule:
        """Return the schedule of polls."""
        name = self.deployment.schedule
        with self._requesting(f"schedule {name}"):
            schedule = boto3.client("scheduler", region_name=self.region).get_schedule(Name=name)
        return Schedule(schedule["ScheduleExpression"], schedule["State"] == "ENABLED")

    def alarms(self) -> dict[str, str]:
        """Return the active alarms, each with its reason."""
        return _active(self._alarms())

    def limits(self) -> Limits:
        """Return the thresholds of the deployed alarms; a missing alarm has its default."""
        values = dict[str, float]()
        for alarm in self._metric_alarms():
            match alarm["AlarmName"].removeprefix(f"{self.deployment.name}-"):
                case "freshness" | "horizon-age" | "retained-wal" as name:
                    values[name.replace("-", "_")] = alarm["Threshold"]
                case "silence":
                    values["silence"] = alarm["Period"] * alarm["EvaluationPeriods"]
        return Limits(**values)

    def runs(self) -> list[Run]:
        """Return the latest runs of the workflow, newest first."""
        name = self.deployment.workflow
        with self._requesting(f"workflow {name}"):
            glue = boto3.client("glue", region_name=self.region)
            return [_run(run) for run in latest_runs(glue, name)]

    def migrations(self) -> list[JobRun]:
        """Return the latest runs of the job that migrates the warehouse, newest first."""
        name = self.deployment.migrate_job
        with self._requesting(f"job {name}"):
            glue = boto3.client("glue", region_name=self.region)
            runs = glue.get_job_runs(JobName=name, MaxResults=LATEST_RUNS)["JobRuns"]
        return [JobRun(run["Id"], run["JobRunState"], run.get("ErrorMessage", "")) for run in runs]

    def start_migration(self) -> str:
        """Start the job that migrates the warehouse, and return the id of its run."""
        name = self.deployment.migrate_job
        with self._requesting(f"job {name}"):
            glue = boto3.client("glue", region_name=self.region)
            return glue.start_job_run(JobName=name)["JobRunId"]

    def poll(self) -> dict[str, Any]:
        """Invoke a poll that starts a run if a batch waits, and return its result. Raises Unhealthy
        if it failed."""
        name = self.deployment.function
        with self._requesting(f"function {name}"):
            client = boto3.client("lambda", region_name=self.region, config=POLLING)
            answer = client.invoke(FunctionName=name, Payload=json.dumps({"ignore_pause": True}))
            result: dict[str, Any] = json.load(answer["Payload"])
        if answer.get("FunctionError"):
            raise Unhealthy(f"poll: {result.get('errorType')}: {result.get('errorMessage')}")
        return result

    @cached_property
    def _variables(self) -> Mapping[str, str]:
        name = self.deployment.function
        with self._requesting(f"function {name}"):
            client = boto3.client("lambda", region_name=self.region, config=CLIENT_CONFIG)
            configuration = client.get_function_configuration(FunctionName=name)
        return configuration.get("Environment", {}).get("Variables", {})

    def _secret(self, name: str) -> str:
        with self._requesting(f"secret {name} with a value"):
            return read_secret(name, self.region)

    def _alarms(self) -> dict[str, tuple[bool, str]]:
        """Return whether each alarm is active, and its reason."""
        return {
            alarm["AlarmName"]: (alarm["StateValue"] == "ALARM", alarm.get("StateReason", ""))
            for alarm in self._metric_alarms()
        }

    def _metric_alarms(self) -> "list[MetricAlarmTypeDef]":
        names, name = self.deployment.alarms, self.deployment.name
        selection: Any = {"AlarmNamePrefix": f"{name}-"} if names is None else {"AlarmNames": names}
        with self._requesting(f"alarms of {name}"):
            client = boto3.client("cloudwatch", region_name=self.region)
            pages = client.get_paginator("describe_alarms").paginate(**selection)
            return [alarm for page in pages for alarm in page["MetricAlarms"]]

    def _dead_letters(self) -> int:
        name, count = self.deployment.queue, "ApproximateNumberOfMessages"
        with self._requesting(f"queue {name}"):
            sqs = boto3.client("sqs", region_name=self.region)
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[count])
        return int(attributes["Attributes"][count])

    def _requesting(self, resource: str) -> AbstractContextManager[None]:
        return requesting(resource, self.region)


def _run(raw: "WorkflowRunTypeDef") -> Run:
    ends: dict[str, Any] = {**raw.get("Statistics", {})}
    started, ended = raw.get("StartedOn"), raw.get("CompletedOn")
    return Run(
        name=raw.get("WorkflowRunId", ""),
        status=raw.get("Status", ""),
        started=started and started.astimezone(UTC),
        seconds=(ended - started).total_seconds() if started and ended else None,
        failed=sum(ends.get(end, 0) for end in BAD_ENDS),
    )


def _active(alarms: Mapping[str, tuple[bool, str]]) -> dict[str, str]:
    return {name: reason for name, (is_on, reason) in alarms.items() if is_on}
