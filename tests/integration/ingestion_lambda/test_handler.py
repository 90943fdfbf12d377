"""The Lambda's entry against AWS as moto keeps it, and a real source."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters
from moto import mock_aws
from pg8000.native import Connection

from contracts import PlatformError
from ingestion_lambda import metrics as names
from ingestion_lambda.aws import EventBridgeBus
from ingestion_lambda.errors import (
    EventRefused,
    InvalidOptions,
    InvalidSettings,
    MassDelete,
    SecretUnavailable,
    UnknownTable,
)
from lake import now, open_lake
from lake.entries import LoadEntry
from lake.s3 import S3Store
from postgres import (
    InvalidAddress,
    NotAuthenticated,
    Refused,
    connected,
    from_dsn,
    render,
    value,
)

pytestmark = pytest.mark.lambda_runtime


@dataclass
class Context:
    """What the Lambda service tells a handler of its run."""

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
        from ingestion_lambda.handler import _secrets  # noqa: PLC0415 - it sets up logging

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
    """A queue in which every event of the bus ends."""
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
    from ingestion_lambda.handler import handler  # noqa: PLC0415 - it sets up logging

    answer: dict[str, object] = handler(event or {}, Context())  # type: ignore[arg-type]  # as much as we read
    return answer


def received(queue: str) -> list[dict[str, object]]:
    messages = boto3.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in messages.get("Messages", [])]


@pytest.mark.usefixtures("secret")
def test_invocation_lands_and_commits_a_batch_and_says_so_on_the_bus(events: str):
    answer = invoke()
    assert answer["seq"] == 1
    entry = open_lake("s3://ingestion", "s3://processed").batches.entry(1)
    assert answer["changes"] == entry.counts
    keys = {
        item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket="ingestion")["Contents"]
    }
    assert {table.file.key for table in entry.tables.values()} <= keys
    [event] = received(events)
    assert (event["source"], event["detail-type"]) == ("totesys.ingestion", "Batch Committed")
    assert event["detail"] == {"seq": 1, "run": entry.run, "tables": entry.counts}


def test_invocation_after_a_change_commits_the_next_batch(
    secret: dict[str, object], seeded_source_dsn: str, events: str
):
    invoke()
    with connected(from_dsn(seeded_source_dsn), "writer") as source:
        source.run("UPDATE sales_order SET staff_id = 1 + staff_id % 20 WHERE sales_order_id = 3")
    answer = invoke()
    assert answer == {
        "seq": 2,
        "changes": {"sales_order": {"I": 0, "U": 1, "D": 0}},
        "emitted": True,
    }
    assert [event["detail"]["seq"] for event in received(events)] == [1, 2]  # type: ignore[index]  # JSON


@pytest.mark.usefixtures("secret", "events")
def test_tables_that_may_lose_many_rows_come_with_the_event(seeded_source_dsn: str):
    with connected(from_dsn(seeded_source_dsn), "writer") as source:
        _add_designs(source)
        invoke()
        source.run("DELETE FROM design WHERE design_id > 1000")
    with pytest.raises(PlatformError, match="--allow-mass-delete design"):
        invoke()
    assert invoke({"allow_mass_delete": ["design"]})["changes"] == {
        "design": {"I": 0, "U": 0, "D": 200}
    }


def test_wrong_password_leaves_as_an_exception_that_does_not_tell_it(
    secret: dict[str, object], capsys: pytest.CaptureFixture[str]
):
    boto3.client("secretsmanager").put_secret_value(
        SecretId="totesys", SecretString=json.dumps({**secret, "password": "opensesame"})
    )
    with pytest.raises(Refused) as error:
        invoke()
    told = str(error.value) + "".join(capsys.readouterr())
    assert "opensesame" not in told
    assert str(secret["password"]) not in told


def new_password(secret: dict[str, object], source: Connection, password: str) -> None:
    """The source's role has another password from now on, and the secret says so."""
    source.run(render("ALTER ROLE rotated PASSWORD {new}", new=value(password)))
    boto3.client("secretsmanager").put_secret_value(
        SecretId="totesys",
        SecretString=json.dumps({**secret, "username": "rotated", "password": password}),
    )


@pytest.fixture
def rotating(seeded_source_dsn: str) -> Iterator[Connection]:
    """A session of the owner, beside a role "rotated" that may read."""
    with connected(from_dsn(seeded_source_dsn), "owner") as source:
        source.run("CREATE ROLE rotated LOGIN")
        source.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO rotated")
        yield source
        source.run("DROP OWNED BY rotated; DROP ROLE rotated")


@pytest.fixture
def secret_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of Secrets Manager."""
    reads: list[str] = []
    read = parameters.SecretsProvider._get

    def recording(self: parameters.SecretsProvider, name: str, **options: object) -> object:
        reads.append(name)
        return read(self, name, **options)

    monkeypatch.setattr(parameters.SecretsProvider, "_get", recording)
    return reads


@pytest.mark.usefixtures("events")
def test_warm_invocations_read_the_secret_once_and_again_when_its_password_was_changed(
    secret: dict[str, object], rotating: Connection, secret_reads: list[str]
):
    new_password(secret, rotating, "first")
    invoke()
    invoke()
    assert secret_reads == ["totesys"]
    new_password(secret, rotating, "second")
    invoke()
    assert secret_reads == ["totesys", "totesys"]
    invoke()
    assert secret_reads == ["totesys", "totesys"]


def test_password_that_is_still_refused_when_read_again_is_an_error(
    secret: dict[str, object], secret_reads: list[str]
):
    boto3.client("secretsmanager").put_secret_value(
        SecretId="totesys", SecretString=json.dumps({**secret, "password": "wrong"})
    )
    with pytest.raises(NotAuthenticated):
        invoke()
    assert secret_reads == ["totesys", "totesys"]


def test_database_that_is_not_there_is_no_reason_to_read_the_secret_again(
    secret: dict[str, object], secret_reads: list[str]
):
    boto3.client("secretsmanager").put_secret_value(
        SecretId="totesys", SecretString=json.dumps({**secret, "dbname": "nowhere"})
    )
    with pytest.raises(Refused, match="nowhere"):
        invoke()
    assert secret_reads == ["totesys"]


@pytest.mark.usefixtures("aws")
def test_secret_that_is_not_there_is_an_error_that_names_it():
    with pytest.raises(SecretUnavailable, match=r"secret totesys cannot be read.*SOURCE_SECRET"):
        invoke()


def test_source_elsewhere_without_a_ca_bundle_is_refused(secret: dict[str, object]):
    boto3.client("secretsmanager").put_secret_value(
        SecretId="totesys", SecretString=json.dumps({**secret, "host": "db.example"})
    )
    with pytest.raises(InvalidAddress, match="PGSSLROOTCERT=FILE"):
        invoke()


@pytest.mark.usefixtures("secret", "events")
def test_tables_to_read_in_full_come_with_the_event(seeded_source_dsn: str):
    invoke()
    assert invoke({"reread": ["sales_order"]})["changes"] == {}
    with pytest.raises(UnknownTable, match=r"no table sales_orders; its tables are address, "):
        invoke({"reread": ["sales_orders"]})


def metrics(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The documents in CloudWatch's embedded metric format among what was printed."""
    lines = [line for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return [json.loads(line) for line in lines]


@pytest.mark.usefixtures("secret", "events")
def test_metrics_of_a_poll_are_printed_as_cloudwatch_reads_them(
    capsys: pytest.CaptureFixture[str], seeded_source_dsn: str
):
    invoke()
    capsys.readouterr()
    with connected(from_dsn(seeded_source_dsn), "writer") as source:
        source.run("UPDATE sales_order SET units_sold = 7 + units_sold WHERE sales_order_id < 4")
        source.run("DELETE FROM payment WHERE payment_id = 5")
    invoke()
    poll, *rows = metrics(capsys)
    [described] = poll["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == names.NAMESPACE
    assert [sorted(dimensions) for dimensions in described["Dimensions"]] == [sorted(names.COMMON)]
    assert {metric["Name"]: metric["Unit"] for metric in described["Metrics"]} == {
        names.POLLS: "Count",
        names.SECONDS: "Seconds",
        names.FRESHNESS: "Seconds",
        names.HORIZON_AGE: "Seconds",
        names.QUARANTINED: "Count",
        names.MISSED_ROWS: "Count",
    }
    assert (poll["service"], poll["source"]) == ("ingestion", "totesys")
    assert poll[names.POLLS] == [1]
    assert poll[names.SECONDS][0] > 0
    assert poll[names.FRESHNESS][0] > 0  # the first batch waits for the load
    assert poll[names.HORIZON_AGE] == poll[names.QUARANTINED] == poll[names.MISSED_ROWS] == [0]
    assert {(row["table"], row["op"], row[names.ROWS][0]) for row in rows} == {
        ("sales_order", "U", 3),
        ("payment", "D", 1),
    }
    dimensions = {*names.COMMON, *names.PER_TABLE}
    for row in rows:
        [described] = row["_aws"]["CloudWatchMetrics"]
        assert set(described["Dimensions"][0]) == dimensions


@pytest.mark.usefixtures("secret", "events")
def test_quiet_poll_sends_its_heartbeat_and_no_rows(capsys: pytest.CaptureFixture[str]):
    invoke()
    capsys.readouterr()
    invoke()
    [poll] = metrics(capsys)
    assert poll[names.POLLS] == [1]


def refusals(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, int]]:
    """Source, reason and number of every refusal; nothing else may be there."""
    found = []
    for document in metrics(capsys):
        [described] = document["_aws"]["CloudWatchMetrics"]
        assert described["Namespace"] == names.NAMESPACE
        assert set(described["Dimensions"][0]) == {*names.COMMON, *names.PER_REASON}
        assert described["Metrics"] == [{"Name": names.REFUSALS, "Unit": "Count"}]
        found.append((document["source"], document["reason"], *document[names.REFUSALS]))
    return found


def test_poll_that_fails_says_why_and_sends_no_heartbeat(
    secret: dict[str, object], capsys: pytest.CaptureFixture[str]
):
    boto3.client("secretsmanager").put_secret_value(
        SecretId="totesys", SecretString=json.dumps({**secret, "password": "wrong"})
    )
    with pytest.raises(NotAuthenticated):
        invoke()
    assert refusals(capsys) == [("totesys", "NotAuthenticated", 1)]


@pytest.mark.usefixtures("aws")
def test_poll_that_cannot_read_its_secret_says_so(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SecretUnavailable):
        invoke()
    assert refusals(capsys) == [("totesys", "SecretUnavailable", 1)]


@pytest.mark.usefixtures("secret", "events")
def test_mass_delete_is_a_refusal_by_that_name(
    seeded_source_dsn: str, capsys: pytest.CaptureFixture[str]
):
    with connected(from_dsn(seeded_source_dsn), "writer") as source:
        _add_designs(source)
        invoke()
        source.run("DELETE FROM design WHERE design_id > 1000")
    capsys.readouterr()
    with pytest.raises(MassDelete):
        invoke()
    assert refusals(capsys) == [("totesys", "MassDelete", 1)]


@pytest.mark.usefixtures("secret")
def test_failure_that_nobody_foresaw_sends_no_metric(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fails(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("ingestion_lambda.handler.poll", fails)
    with pytest.raises(RuntimeError, match="unforeseen"):
        invoke()
    assert metrics(capsys) == []


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    "name", ["SOURCE_SECRET", "INGESTION_BUCKET", "PROCESSED_BUCKET", "WORKFLOW"]
)
def test_variable_that_is_not_set_is_a_refusal_that_names_it(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delenv(name)
    with pytest.raises(InvalidSettings, match=rf"{name} .*Set it"):
        invoke()
    assert refusals(capsys) == [("totesys", "InvalidSettings", 1)]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("name", "text"),
    [("GENERATION", ""), ("GENERATION", "next"), ("GENERATION", "0"), ("EVENT_BUS", "")],
)
def test_variable_of_a_wrong_value_is_a_refusal_that_names_it(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(name, text)
    with pytest.raises(InvalidSettings, match=name):
        invoke()


@pytest.mark.usefixtures("aws")
def test_event_that_is_no_order_is_a_refusal(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(InvalidOptions, match="accept_source"):
        invoke({"accept_source": "false"})
    assert refusals(capsys) == [("totesys", "InvalidOrders", 1)]


@pytest.mark.usefixtures("aws")
def test_refusal_whose_metric_cannot_be_sent_leaves_all_the_same(monkeypatch: pytest.MonkeyPatch):
    from ingestion_lambda.handler import logger  # noqa: PLC0415 - it sets up logging

    def fails(_: object) -> None:
        raise BrokenPipeError("no metrics today")

    log = io.StringIO()
    monkeypatch.setattr(logger.handlers[0], "stream", log)
    monkeypatch.setattr("ingestion_lambda.handler._send", fails)
    with pytest.raises(SecretUnavailable):
        invoke()
    assert "no metrics today" in log.getvalue()


def tagged() -> dict[str, bool]:
    """Every object of the mirror: whether it is tagged as superseded, and as nothing else."""
    s3 = boto3.client("s3")
    found = {}
    for item in s3.list_objects_v2(Bucket="ingestion", Prefix="_mirror/")["Contents"]:
        tags = s3.get_object_tagging(Bucket="ingestion", Key=item["Key"])["TagSet"]
        assert tags in ([], [{"Key": "superseded", "Value": "true"}])
        found[item["Key"]] = bool(tags)
    return found


def edit_and_load(source_dsn: str) -> None:
    """Two batches, both loaded, the second of which supersedes an object; then another edit."""
    edit = "UPDATE sales_order SET units_sold = 7 + units_sold WHERE sales_order_id = 3"
    loads = open_lake("s3://ingestion", "s3://processed").loads
    with connected(from_dsn(source_dsn), "writer") as source:
        for seq in (1, 2):
            invoke()
            loads.commit(LoadEntry(seq, "load", now()))
            source.run(edit)


@pytest.mark.usefixtures("secret", "events")
def test_objects_that_the_mirror_no_longer_names_are_tagged_and_no_others(seeded_source_dsn: str):
    batches = open_lake("s3://ingestion", "s3://processed").batches
    edit_and_load(seeded_source_dsn)
    assert not any(tagged().values())
    invoke()
    first, second, third = (set(batches.entry(seq).mirror_keys) for seq in (1, 2, 3))
    found = tagged()
    assert len(first - second) == 1
    assert {key for key, is_superseded in found.items() if is_superseded} == first - second
    assert {key for key, is_superseded in found.items() if not is_superseded} == second | third


@pytest.mark.usefixtures("secret")
def test_refused_tag_is_a_warning_and_the_batch_stands(
    seeded_source_dsn: str, events: str, monkeypatch: pytest.MonkeyPatch
):
    from ingestion_lambda.handler import OURS  # noqa: PLC0415 - it sets up logging

    def refused(self: S3Store, key: str) -> None:
        raise self._unavailable("tagged", key, PermissionError("AccessDenied"))

    log = io.StringIO()
    monkeypatch.setattr(OURS.handlers[0], "stream", log)
    monkeypatch.setattr(S3Store, "_tag", refused)
    edit_and_load(seeded_source_dsn)
    assert invoke()["seq"] == 3
    assert [event["detail"]["seq"] for event in received(events)] == [1, 2, 3]  # type: ignore[index]  # JSON
    [warning] = [line for line in log.getvalue().splitlines() if "will not expire" in line]
    told = json.loads(warning)
    assert (told["level"], told["batches"]) == ("WARNING", 1)
    assert "AccessDenied. Check" in told["reason"]


@pytest.mark.usefixtures("aws")
def test_secret_that_is_none_is_an_error_that_says_what_it_must_be():
    boto3.client("secretsmanager").create_secret(Name="totesys", SecretString="{}")
    with pytest.raises(InvalidAddress, match="must be a JSON object with host"):
        invoke()


@pytest.mark.usefixtures("secret", "events")
def test_log_is_json_with_the_run_and_without_rows(monkeypatch: pytest.MonkeyPatch):
    from ingestion_lambda.handler import OURS  # noqa: PLC0415 - it sets up logging

    log = io.StringIO()
    monkeypatch.setattr(OURS.handlers[0], "stream", log)
    invoke()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    [committed] = [line for line in lines if line["message"] == "batch committed"]
    assert committed["seq"] == 1
    assert len({line["correlation_id"] for line in lines}) == 1
    assert "O'Keefe" not in json.dumps(lines)


@pytest.mark.usefixtures("aws")
def test_event_that_the_bus_does_not_take_is_an_error():
    class Refusing:
        def put_events(self, **_: object) -> dict[str, object]:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorMessage": "throttled"}]}

    bus = EventBridgeBus(Refusing(), boto3.client("glue"), "platform", "warehouse")  # type: ignore[arg-type]  # a part
    with pytest.raises(EventRefused, match="throttled"):
        bus.publish({"source": "s", "detail-type": "d", "detail": {}})


@pytest.mark.usefixtures("aws")
def test_bus_or_workflow_that_is_not_there_is_an_error_that_names_it():
    bus = EventBridgeBus(boto3.client("events"), boto3.client("glue"), "no-bus", "no-workflow")
    with pytest.raises(EventRefused, match=r"workflow no-workflow runs: .*Check WORKFLOW"):
        bus.workflow_runs()
    with pytest.raises(EventRefused, match=r"on the bus no-bus: .*Check EVENT_BUS"):
        bus.publish({"source": "s", "detail-type": "d", "detail": {}})


@pytest.mark.usefixtures("aws")
def test_workflow_runs_while_its_last_run_does():
    class Glue:
        def __init__(self, **last_run: str) -> None:
            self.workflow = {"LastRun": last_run} if last_run else {}

        def get_workflow(self, Name: str) -> dict[str, object]:  # noqa: N803 - as AWS has it
            assert Name == "warehouse"
            return {"Workflow": self.workflow}

    def runs(glue: object) -> bool:
        bus = EventBridgeBus(boto3.client("events"), glue, "platform", "warehouse")  # type: ignore[arg-type]  # a part
        return bus.workflow_runs()

    assert not runs(boto3.client("glue"))
    assert not runs(Glue(Status="COMPLETED"))
    assert runs(Glue(Status="RUNNING"))


def _add_designs(source: Connection) -> None:
    source.run(
        "INSERT INTO design SELECT g, now(), 'D', '/d', 'f', now()"
        " FROM generate_series(1001, 1200) g"
    )
