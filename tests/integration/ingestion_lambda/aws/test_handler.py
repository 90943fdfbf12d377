"""The handler: its environment, its event, its answer and its log."""

import io
import json

import boto3
import pytest

import contracts
from contracts import PlatformError
from ingestion_lambda.errors import InvalidOptions, InvalidSettings, UnknownTable
from lake import Lake, now, open_lake
from lake.entries import LoadEntry
from lake.s3 import S3Store
from postgres import connected, from_dsn
from tests.integration.ingestion_lambda.aws.conftest import add_designs, invoke, received, refusals

pytestmark = pytest.mark.lambda_runtime


@pytest.mark.usefixtures("secret")
def test_invocation_commits_a_batch_and_sends_its_event(events: str):
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
def test_event_may_allow_a_mass_delete(seeded_source_dsn: str):
    with connected(from_dsn(seeded_source_dsn), "writer") as source:
        add_designs(source)
        invoke()
        source.run("DELETE FROM design WHERE design_id > 1000")
    with pytest.raises(PlatformError, match="--allow-mass-delete design"):
        invoke()
    assert invoke({"allow_mass_delete": ["design"]})["changes"] == {
        "design": {"I": 0, "U": 0, "D": 200}
    }


@pytest.mark.usefixtures("secret", "events")
def test_event_may_name_tables_to_read_in_full(seeded_source_dsn: str):
    invoke()
    assert invoke({"reread": ["sales_order"]})["changes"] == {}
    with pytest.raises(UnknownTable, match=r"no table sales_orders.*: address, "):
        invoke({"reread": ["sales_orders"]})


@pytest.mark.usefixtures("aws")
def test_invalid_event_is_a_refusal(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(InvalidOptions, match="accept_source"):
        invoke({"accept_source": "false"})
    assert refusals(capsys) == [("totesys", "InvalidOptions", 1)]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    "name", ["SOURCE_SECRET", "INGESTION_BUCKET", "PROCESSED_BUCKET", "WORKFLOW"]
)
def test_missing_variable_is_a_refusal_that_names_it(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delenv(name)
    with pytest.raises(InvalidSettings, match=rf"{name} .*To fix: set it"):
        invoke()
    assert refusals(capsys) == [("totesys", "InvalidSettings", 1)]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("GENERATION", ""),
        ("GENERATION", "next"),
        ("GENERATION", "0"),
        ("EVENT_BUS", ""),
        ("MIN_MINUTES_BETWEEN_RUNS", "-1"),
        ("CAPTURE", "logs"),
    ],
)
def test_variable_with_a_wrong_value_is_a_refusal_that_names_it(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(name, text)
    with pytest.raises(InvalidSettings, match=name):
        invoke()


@pytest.mark.usefixtures("secret", "events")
def test_log_is_json_with_the_run_and_without_row_values(monkeypatch: pytest.MonkeyPatch):
    from ingestion_lambda.handler import PACKAGE_LOGGER  # noqa: PLC0415 - its import configures logging

    log = io.StringIO()
    monkeypatch.setattr(PACKAGE_LOGGER.handlers[0], "stream", log)
    invoke()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    [committed] = [line for line in lines if line["message"] == "batch committed"]
    assert committed["seq"] == 1
    assert len({line["correlation_id"] for line in lines}) == 1
    assert "O'Keefe" not in json.dumps(lines)


@pytest.mark.usefixtures("secret", "events")
def test_every_attempt_is_recorded_with_its_outcome():
    invoke()
    with pytest.raises(UnknownTable):
        invoke({"reread": ["nowhere"]})
    attempts = open_lake("s3://ingestion", "s3://processed").attempts
    failed, succeeded = attempts.latest(["poll"], 5)
    assert (failed.outcome, failed.error) == ("failed", "UnknownTable")
    assert "To fix: name one" in failed.message
    assert succeeded.figures["missed_rows"] == 0
    assert any(line.text.startswith("batch committed  seq=1") for line in succeeded.lines)


def superseded_tags() -> dict[str, bool]:
    """Return whether each mirror object is tagged as superseded; no other tag is allowed."""
    s3 = boto3.client("s3")
    tags_by_key = {}
    for item in s3.list_objects_v2(Bucket="ingestion", Prefix="_mirror/")["Contents"]:
        tags = s3.get_object_tagging(Bucket="ingestion", Key=item["Key"])["TagSet"]
        assert tags in ([], [{"Key": "superseded", "Value": "true"}])
        tags_by_key[item["Key"]] = bool(tags)
    return tags_by_key


def edit_and_load(source_dsn: str) -> None:
    """Commit and load two batches, the second of which supersedes an object; then edit again."""
    edit = "UPDATE sales_order SET units_sold = 7 + units_sold WHERE sales_order_id = 3"
    loads = open_lake("s3://ingestion", "s3://processed").loads
    with connected(from_dsn(source_dsn), "writer") as source:
        for seq in (1, 2):
            invoke()
            loads.commit(LoadEntry(seq, "load", now()))
            source.run(edit)


@pytest.mark.usefixtures("secret", "events")
def test_pause_between_runs_is_that_of_the_environment_unless_the_event_ignores_it(
    seeded_source_dsn: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MIN_MINUTES_BETWEEN_RUNS", "10")
    edit_and_load(seeded_source_dsn)
    paused = invoke()
    assert (paused["seq"], paused["emitted"]) == (3, False)
    assert invoke({"ignore_pause": True})["emitted"]
    monkeypatch.setenv("MIN_MINUTES_BETWEEN_RUNS", "0")
    assert invoke()["emitted"]


@pytest.mark.usefixtures("secret", "events")
def test_only_superseded_mirror_objects_are_tagged(seeded_source_dsn: str):
    lake = open_lake("s3://ingestion", "s3://processed")
    edit_and_load(seeded_source_dsn)
    assert not any(superseded_tags().values())
    invoke()
    first, second, third = (mirror_objects(lake, seq) for seq in (1, 2, 3))
    objects = superseded_tags()
    assert len(first - second) == 1
    assert {key for key, is_superseded in objects.items() if is_superseded} == first - second
    assert {key for key, is_superseded in objects.items() if not is_superseded} == second | third


def mirror_objects(lake: Lake, seq: int) -> set[str]:
    buckets = lake.batches.entry(seq).mirror.values()
    return {bucket.key for table in buckets for bucket in table.values()}


@pytest.mark.usefixtures("secret")
def test_refused_tag_is_a_warning_and_the_batch_is_committed(
    seeded_source_dsn: str, events: str, monkeypatch: pytest.MonkeyPatch
):
    from ingestion_lambda.handler import PACKAGE_LOGGER  # noqa: PLC0415 - its import configures logging

    def refused(self: S3Store, key: str) -> None:
        raise self._unavailable("tagged", key, PermissionError("AccessDenied"))

    log = io.StringIO()
    monkeypatch.setattr(PACKAGE_LOGGER.handlers[0], "stream", log)
    monkeypatch.setattr(S3Store, "_tag", refused)
    edit_and_load(seeded_source_dsn)
    assert invoke()["seq"] == 3
    assert [event["detail"]["seq"] for event in received(events)] == [1, 2, 3]  # type: ignore[index]  # JSON
    [warning] = [line for line in log.getvalue().splitlines() if "will not expire" in line]
    record = json.loads(warning)
    assert (record["level"], record["batches"]) == ("WARNING", 1)
    assert "AccessDenied. " in record["reason"]


@pytest.mark.usefixtures("secret", "events")
def test_log_is_read_if_the_environment_says_so(
    seeded_source_dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("CAPTURE", "log")
    with connected(from_dsn(seeded_source_dsn), "owner") as source:
        tables = ", ".join(contracts.source().tables)
        source.run(f"CREATE PUBLICATION warehouse FOR TABLE {tables}")
        invoke()
        for name in ("A", "B"):
            source.run("UPDATE staff SET first_name = :name WHERE staff_id = 1", name=name)
        assert invoke()["changes"] == {"staff": {"I": 0, "U": 2, "D": 0}}
    sent = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    [group] = [metrics for metrics in sent if metrics.get("CaptureGaps") == [0.0]][-1:]
    assert group["RetainedWal"][0] >= 0
