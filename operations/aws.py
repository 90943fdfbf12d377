"""What is deployed, asked by boto3 under the credentials of whoever asks."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import cached_property
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

from lake import Lake
from lake.s3 import PATIENCE, S3Store
from operations.deployment import Deployment
from operations.errors import AwsRefused, NotSignedIn, NotThere, Unhealthy
from operations.services import Run, Schedule, Services
from postgres import Address, from_secret

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import WorkflowRunTypeDef

POLLING = Config(  # the longest that Lambda allows, and while another poll runs
    read_timeout=900, retries={"mode": "standard", "total_max_attempts": 8}
)
BAD_ENDS = ("ErroredActions", "FailedActions", "StoppedActions", "TimeoutActions")
LAST_RUNS = 5
NEVER = datetime.min.replace(tzinfo=UTC)

SIGN_IN = "Sign in (`aws sso login`, AWS_PROFILE=…), then ask again."
INVALID = ("ExpiredToken", "InvalidClientTokenId", "UnrecognizedClient", "InvalidAccessKeyId")
MISSING = ("NotFound", "NonExistent", "NoSuch", "DoesNotExist")


@contextmanager
def asking(what: str, where: str) -> Iterator[None]:
    """Turn what AWS answers, or does not, into NotSignedIn, NotThere or AwsRefused."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError, TokenRetrievalError) as unknown:
        raise NotSignedIn(f"AWS does not know who asks: {unknown}. {SIGN_IN}") from None
    except ClientError as refusal:
        raise _refused(what, where, refusal) from None
    except BotoCoreError as silence:
        raise AwsRefused(f"AWS does not tell of {what} in {where}: {silence}") from None


def _refused(what: str, where: str, refusal: ClientError) -> Exception:
    code = refusal.response["Error"].get("Code", "")
    if any(part in code for part in INVALID):
        return NotSignedIn(f"AWS does not take the credentials: {refusal}. {SIGN_IN}")
    if any(part in code for part in MISSING):
        return NotThere(
            f"There is no {what} in {where}. Check name, region and account; `make apply` makes it."
        )
    return AwsRefused(
        f"AWS does not tell of {what} in {where}: {refusal}. docs/deploy.md says what one must be"
        " allowed who asks."
    )


class Aws:
    """A deployment. Every question may raise NotSignedIn, NotThere or AwsRefused."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.region = deployment.region

    def lake(self) -> Lake:
        """The lake in the buckets and the generation that the function works with."""
        variables = self._variables
        client = boto3.client("s3", region_name=self.region, config=PATIENCE)
        ingestion, processed = (
            S3Store(client, variables[f"{name}_BUCKET"]) for name in ("INGESTION", "PROCESSED")
        )
        return Lake(ingestion, processed, int(variables.get("GENERATION", "1")))

    def reader(self) -> Address:
        """The warehouse, as its readers reach it. Raises InvalidAddress too."""
        name = self.deployment.reader_secret
        with self._asking(f"secret {name} with a value"):
            client = boto3.client("secretsmanager", region_name=self.region, config=PATIENCE)
            return from_secret(client.get_secret_value(SecretId=name)["SecretString"])

    def services(self) -> Services:
        """How the parts are."""
        states = self._alarms()
        return Services(
            name=self.deployment.name,
            region=self.region,
            schedule=self._schedule(),
            alarms=_on(states),
            watched=len(states),
            dead_letters=self._dead_letters(),
            runs=self._runs(),
        )

    def alarms(self) -> dict[str, str]:
        """The alarms that are on, each with the reason."""
        return _on(self._alarms())

    def last_run(self) -> Run | None:
        """The workflow's last run, if there was one."""
        name = self.deployment.workflow
        with self._asking(f"workflow {name}"):
            glue = boto3.client("glue", region_name=self.region)
            raw = glue.get_workflow(Name=name)["Workflow"].get("LastRun")
        return _run(raw) if raw else None

    def poll(self) -> dict[str, Any]:
        """One poll: what it answered. Raises Unhealthy where it failed."""
        name = self.deployment.function
        with self._asking(f"function {name}"):
            client = boto3.client("lambda", region_name=self.region, config=POLLING)
            answer = client.invoke(FunctionName=name)
            polled: dict[str, Any] = json.load(answer["Payload"])
        if answer.get("FunctionError"):
            raise Unhealthy(f"poll: {polled.get('errorType')}: {polled.get('errorMessage')}")
        return polled

    @cached_property
    def _variables(self) -> Mapping[str, str]:
        name = self.deployment.function
        with self._asking(f"function {name}"):
            client = boto3.client("lambda", region_name=self.region, config=PATIENCE)
            found = client.get_function_configuration(FunctionName=name)
        return found.get("Environment", {}).get("Variables", {})

    def _schedule(self) -> Schedule:
        name = self.deployment.schedule
        with self._asking(f"schedule {name}"):
            found = boto3.client("scheduler", region_name=self.region).get_schedule(Name=name)
        return Schedule(found["ScheduleExpression"], found["State"] == "ENABLED")

    def _alarms(self) -> dict[str, tuple[bool, str]]:
        """Of each alarm whether it is on, and why."""
        names, name = self.deployment.alarms, self.deployment.name
        which: Any = {"AlarmNamePrefix": f"{name}-"} if names is None else {"AlarmNames": names}
        with self._asking(f"alarms of {name}"):
            client = boto3.client("cloudwatch", region_name=self.region)
            pages = client.get_paginator("describe_alarms").paginate(**which)
            return {
                alarm["AlarmName"]: (alarm["StateValue"] == "ALARM", alarm.get("StateReason", ""))
                for page in pages
                for alarm in page["MetricAlarms"]
            }

    def _dead_letters(self) -> int:
        name, count = self.deployment.queue, "ApproximateNumberOfMessages"
        with self._asking(f"queue {name}"):
            sqs = boto3.client("sqs", region_name=self.region)
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[count])
        return int(told["Attributes"][count])

    def _runs(self) -> list[Run]:
        name = self.deployment.workflow
        with self._asking(f"workflow {name}"):
            glue = boto3.client("glue", region_name=self.region)
            told = glue.get_workflow_runs(Name=name, MaxResults=LAST_RUNS)["Runs"]
        return sorted(map(_run, told), key=lambda run: run.started or NEVER, reverse=True)

    def _asking(self, what: str) -> AbstractContextManager[None]:
        return asking(what, self.region)


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


def _on(alarms: Mapping[str, tuple[bool, str]]) -> dict[str, str]:
    return {name: reason for name, (is_on, reason) in alarms.items() if is_on}
