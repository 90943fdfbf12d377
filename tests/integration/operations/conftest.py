"""A platform deployed in an account in moto, with two batches in its lake."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from embedded.server import Server
from lake import new_run, now
from lake.entries import BuildEntry, LoadEntry
from postgres import Connection, connected, from_dsn, render, value
from tests.lake_builder import LakeBuilder, row

REGION, NAME = "eu-west-2", "totesys-dev"
ACCOUNT = "123456789012"
ALARMS = ("freshness", "silence")


class BucketLake(LakeBuilder):
    """A lake in the deployment's buckets."""

    def _address(self, name: str) -> str:
        return f"s3://{NAME}-{name}-{ACCOUNT}"

    def built(self, seq: int) -> None:
        """Record that both kinds of builds have taken the batch."""
        for log in (self.lake.dimensions, self.lake.facts):
            log.commit(BuildEntry(seq, new_run(), now(), {}))

    def loaded(self, seq: int) -> None:
        self.lake.loads.commit(LoadEntry(seq, new_run(), now()))


@dataclass
class Deployed:
    """The outputs of Terraform, and the lake of the deployment."""

    lake: BucketLake
    outputs: dict[str, Any] = field(
        default_factory=lambda: {
            "key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
            "function": f"{NAME}-ingestion",
            "schedule": f"{NAME}-ingestion",
            "queue": f"{NAME}-dead-letters",
            "workflow": NAME,
            "migrate_job": f"{NAME}-migrate-warehouse",
            "secrets": {
                "source": f"{NAME}/source",
                "warehouse_reader": f"{NAME}/warehouse-reader",
            },
            "alarms": {alarm: f"{NAME}-{alarm}" for alarm in ALARMS},
        }
    )

    @property
    def terraform(self) -> str:
        """The text of `terraform output -json`."""
        return json.dumps({name: {"value": output} for name, output in self.outputs.items()})

    def client(self, service: str) -> Any:
        # the overloads of boto3 want the name of a service as a literal
        return boto3.client(service, REGION)  # type: ignore[call-overload]

    def put_secret(self, name: str, **address: Any) -> None:
        """Give a secret its value."""
        self.client("secretsmanager").put_secret_value(
            SecretId=f"{NAME}/{name}", SecretString=json.dumps(address)
        )

    def alarm(self, name: str, reason: str) -> None:
        self.client("cloudwatch").set_alarm_state(
            AlarmName=f"{NAME}-{name}", StateValue="ALARM", StateReason=reason
        )


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Deployed]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE", "PGSSLROOTCERT"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws(config={"lambda": {"use_docker": False}}):
        result = Deployed(BucketLake(tmp_path))
        _apply(result)
        yield result


def _apply(deployed: Deployed) -> None:
    buckets = {name: f"{NAME}-{name}-{ACCOUNT}" for name in ("ingestion", "processed")}
    for bucket in buckets.values():
        deployed.client("s3").create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
    role = deployed.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")[
        "Role"
    ]
    variables = {f"{name.upper()}_BUCKET": bucket for name, bucket in buckets.items()}
    function = deployed.client("lambda").create_function(
        FunctionName=f"{NAME}-ingestion",
        Runtime="python3.13",
        Handler="handler",
        Role=role["Arn"],
        Code={"ZipFile": b""},
        Environment={"Variables": {**variables, "GENERATION": "1"}},
    )
    deployed.client("scheduler").create_schedule(
        Name=f"{NAME}-ingestion",
        ScheduleExpression="rate(5 minutes)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": function["FunctionArn"], "RoleArn": role["Arn"]},
    )
    deployed.client("sqs").create_queue(QueueName=f"{NAME}-dead-letters")
    deployed.client("glue").create_workflow(Name=NAME)
    for secret in ("source", "warehouse-reader"):
        deployed.client("secretsmanager").create_secret(Name=f"{NAME}/{secret}")
    for alarm in ALARMS:
        deployed.client("cloudwatch").put_metric_alarm(
            AlarmName=f"{NAME}-{alarm}",
            MetricName="Polls",
            Namespace="Warehouse",
            Period=60,
            EvaluationPeriods=1,
            Statistic="Sum",
            Threshold=1,
            ComparisonOperator="LessThanThreshold",
        )


@pytest.fixture
def two_batches(deployed: Deployed) -> Deployed:
    """Create two batches in the lake: one is loaded, and one is pending."""
    deployed.lake.insert(currency=[row("currency", 1)])
    deployed.lake.update(currency=[row("currency", 1, currency_code="EUR")])
    for seq in (1, 2):
        deployed.lake.built(seq)
    deployed.lake.loaded(1)
    return deployed


@pytest.fixture
def reader(server: Server, migrated: Connection, warehouse_dsn: str) -> Iterator[dict[str, Any]]:
    """Create an empty migrated warehouse, and return the value of its readers' secret."""
    user = "status_reader"
    password = "opensesame"
    create = "create role {name} login password {password} in role warehouse_reader"
    migrated.run(render(create, name=user, password=value(password)))
    address = from_dsn(warehouse_dsn)
    yield {
        "host": address.host,
        "port": address.port,
        "dbname": address.database,
        "username": user,
        "password": password,
    }
    with connected(from_dsn(server.dsn()), "administrator") as administrator:
        administrator.run(render("drop role {name}", name=user))
