"""The handler in AWS as moto emulates it, with a real source."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws
from pg8000.native import Connection

from ingestion_lambda import metrics as names
from postgres import from_dsn


@dataclass
class Context:
    """The context that the Lambda service passes to a handler."""

    function_name: str = "ingestion"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-west-2:123456789012:function:ingestion"
    aws_request_id: str = "request"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, setting in {
        "AWS_DEFAULT_REGION": "eu-west-2",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "SOURCE_SECRET": "totesys",
        "INGESTION_BUCKET": "ingestion",
        "PROCESSED_BUCKET": "processed",
        "EVENT_BUS": "platform",
        "WORKFLOW": "warehouse",
    }.items():
        monkeypatch.setenv(name, setting)
    with mock_aws():
        s3 = boto3.client("s3")
        for bucket in ("ingestion", "processed"):
            s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
            )
        boto3.client("glue").create_workflow(Name="warehouse")
        boto3.client("events").create_event_bus(Name="platform")
        from ingestion_lambda.handler import _secrets  # noqa: PLC0415 - its import configures logging

        _secrets.cache_clear()  # a cold start
        yield


@pytest.fixture
def secret(aws: None, seeded_source_dsn: str) -> dict[str, object]:
    address = from_dsn(seeded_source_dsn)
    secret = {
        "host": address.host,
        "port": address.port,
        "dbname": address.database,
        "username": address.user,
        "password": address.password,
    }
    boto3.client("secretsmanager").create_secret(Name="totesys", SecretString=json.dumps(secret))
    return secret


@pytest.fixture
def events(aws: None) -> str:
    """A queue that receives every event of the bus."""
    queue = boto3.client("sqs").create_queue(QueueName="events")["QueueUrl"]
    rules = boto3.client("events")
    rules.put_rule(
        Name="all",
        EventBusName="platform",
        EventPattern=json.dumps({"source": ["totesys.ingestion"]}),
    )
    arn = "arn:aws:sqs:eu-west-2:123456789012:events"
    rules.put_targets(Rule="all", EventBusName="platform", Targets=[{"Id": "queue", "Arn": arn}])
    return str(queue)


def invoke(event: dict[str, object] | None = None) -> dict[str, object]:
    from ingestion_lambda.handler import handler  # noqa: PLC0415 - its import configures logging

    answer: dict[str, object] = handler(event or {}, Context())  # type: ignore[arg-type]  # as much as we read
    return answer


def received(queue: str) -> list[dict[str, object]]:
    messages = boto3.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in messages.get("Messages", [])]


def metrics(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the printed documents in CloudWatch's embedded metric format."""
    lines = [line for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return [json.loads(line) for line in lines]


def add_designs(source: Connection) -> None:
    source.run(
        "INSERT INTO design SELECT g, now(), 'D', '/d', 'f', now()"
        " FROM generate_series(1001, 1200) g"
    )


def refusals(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, int]]:
    """Return source, reason and count of every refusal; other metrics are not allowed."""
    reasons = []
    for document in metrics(capsys):
        [described] = document["_aws"]["CloudWatchMetrics"]
        assert described["Namespace"] == names.NAMESPACE
        assert set(described["Dimensions"][0]) == {*names.COMMON, *names.PER_REASON}
        assert described["Metrics"] == [{"Name": names.REFUSALS, "Unit": "Count"}]
        reasons.append((document["source"], document["reason"], *document[names.REFUSALS]))
    return reasons
