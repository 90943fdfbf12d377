"""The metrics of a poll as CloudWatch reads them."""

import io
import json

import boto3
import pytest

from ingestion_lambda import metrics as names
from ingestion_lambda.errors import MassDelete, SecretUnavailable
from postgres import NotAuthenticated, connected, from_dsn
from tests.integration.ingestion_lambda.aws.conftest import add_designs, invoke, metrics, refusals

pytestmark = pytest.mark.lambda_runtime


@pytest.mark.usefixtures("secret", "events")
def test_metrics_of_a_poll_are_printed_in_the_embedded_metric_format(
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


def test_failed_poll_sends_its_reason_and_no_heartbeat(
    secret: dict[str, object], capsys: pytest.CaptureFixture[str]
):
    boto3.client("secretsmanager").put_secret_value(
        SecretId="totesys", SecretString=json.dumps({**secret, "password": "wrong"})
    )
    with pytest.raises(NotAuthenticated):
        invoke()
    assert refusals(capsys) == [("totesys", "NotAuthenticated", 1)]


@pytest.mark.usefixtures("aws")
def test_unreadable_secret_is_a_refusal_by_that_name(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SecretUnavailable):
        invoke()
    assert refusals(capsys) == [("totesys", "SecretUnavailable", 1)]


@pytest.mark.usefixtures("secret", "events")
def test_mass_delete_is_a_refusal_by_that_name(
    seeded_source_dsn: str, capsys: pytest.CaptureFixture[str]
):
    with connected(from_dsn(seeded_source_dsn), "writer") as source:
        add_designs(source)
        invoke()
        source.run("DELETE FROM design WHERE design_id > 1000")
    capsys.readouterr()
    with pytest.raises(MassDelete):
        invoke()
    assert refusals(capsys) == [("totesys", "MassDelete", 1)]


@pytest.mark.usefixtures("secret")
def test_unforeseen_failure_sends_no_metric(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("ingestion_lambda.handler.poll", fails)
    with pytest.raises(RuntimeError, match="unforeseen"):
        invoke()
    assert metrics(capsys) == []


@pytest.mark.usefixtures("aws")
def test_failure_to_send_the_metric_does_not_mask_the_refusal(monkeypatch: pytest.MonkeyPatch):
    from ingestion_lambda.handler import logger  # noqa: PLC0415 - its import configures logging

    def fails(_: object) -> None:
        raise BrokenPipeError("no metrics today")

    log = io.StringIO()
    monkeypatch.setattr(logger.handlers[0], "stream", log)
    monkeypatch.setattr("ingestion_lambda.handler._send", fails)
    with pytest.raises(SecretUnavailable):
        invoke()
    assert "no metrics today" in log.getvalue()
