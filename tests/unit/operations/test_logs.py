"""The logs of a deployment, merged in the order of time."""

import itertools
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.logs.models import LogGroup

from lake import now
from operations.cli import main
from operations.deployment import named
from operations.errors import InvalidQuestion
from operations.logs import JOBS, Logs, Question, ago

REGION, NAME = "eu-west-2", "totesys-dev"
POLL = f"/aws/lambda/{NAME}-ingestion"
FAILED = f"/aws/events/{NAME}-failed-jobs"
BUILD, LOAD = (
    f"/aws-glue/jobs/{NAME}-role/{NAME}-glue-{role}/output" for role in ("build", "load")
)
BY_NAME = ("--name", NAME, "--region", REGION)


class CloudWatch:
    """Log groups of an account in moto."""

    def __init__(self) -> None:
        self.client = boto3.client("logs", REGION)
        self._streams = itertools.count()

    def log(self, group: str, *messages: str, ago: float = 60.0, pause: float = 1.0) -> None:
        """Log messages to a new stream of a group, the first ``ago`` seconds ago."""
        groups = self.client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        if not groups:
            self.client.create_log_group(logGroupName=group)
        stream = f"stream-{next(self._streams)}"
        self.client.create_log_stream(logGroupName=group, logStreamName=stream)
        start = int((now().timestamp() - ago) * 1000)
        events: Any = [
            {"timestamp": start + int(pause * 1000 * number), "message": message}
            for number, message in enumerate(messages)
        ]
        self.client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudWatch]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield CloudWatch()


@pytest.fixture
def notices() -> list[str]:
    return []


@pytest.fixture
def logs(cloudwatch: CloudWatch, notices: list[str]) -> Logs:
    return Logs(named(NAME, REGION), notices.append)


def messages(logs: Logs, since: str = "1h", **options: Any) -> list[str]:
    return [line.message for line in logs.lines(Question(ago(since), **options))]


def test_lines_of_all_parts_are_merged_by_time(cloudwatch: CloudWatch, logs: Logs):
    cloudwatch.log(POLL, "first", "fourth", ago=60, pause=30)
    cloudwatch.log(BUILD, "second", ago=50)
    cloudwatch.log(LOAD, "third", ago=40)
    cloudwatch.log(FAILED, '{"detail-type": "t", "detail": {"message": "fifth"}}', ago=20)
    lines = list(logs.lines(Question(ago("1h"))))
    assert [line.message for line in lines] == ["first", "second", "third", "fourth", "fifth"]
    assert [line.part for line in lines] == ["poll", "build", "load", "poll", "failed job"]


def test_only_selected_lines_are_shown(cloudwatch: CloudWatch, logs: Logs):
    cloudwatch.log(POLL, "too old", ago=4000)
    cloudwatch.log(POLL, "A Poll", "START RequestId: 1", "another", ago=60)
    assert messages(logs) == ["A Poll", "another"]
    assert messages(logs, text="a poll") == ["A Poll"]
    assert messages(logs, since="2h") == ["too old", "A Poll", "another"]
    assert messages(logs, everything=True) == ["A Poll", "START RequestId: 1", "another"]


def test_text_is_searched_in_the_line_as_it_is_shown(cloudwatch: CloudWatch, logs: Logs):
    cloudwatch.log(POLL, '{"message": "batch", "seq": 7}', '{"message": "batch", "seq": 8}')
    assert [line.fields for line in logs.lines(Question(ago("1h"), "seq=8"))] == [{"seq": 8}]


def test_every_page_is_read(cloudwatch: CloudWatch, logs: Logs, monkeypatch: pytest.MonkeyPatch):
    whole: Callable[..., Any] = LogGroup.filter_log_events

    def three_at_once(*arguments: Any) -> Any:
        before, after = arguments[:5], arguments[6:]
        return whole(*before, 3, *after)

    monkeypatch.setattr(LogGroup, "filter_log_events", three_at_once)
    expected = [f"line {number}" for number in range(10)]
    cloudwatch.log(POLL, *expected)
    assert messages(logs) == expected


def test_group_that_does_not_exist_yet_is_reported_once_and_is_not_an_error(
    cloudwatch: CloudWatch, logs: Logs, notices: list[str]
):
    cloudwatch.log(POLL, "a poll")
    assert messages(logs) == messages(logs) == ["a poll"]
    assert f"{LOAD} does not exist yet: nothing has logged to it." in notices
    assert len(notices) == len(set(notices)) == 9
    assert not any(POLL in notice for notice in notices)


@pytest.mark.parametrize(
    ("group", "is_ours"),
    [
        (f"/aws-glue/jobs/logs-v2-{NAME}", True),
        (f"/aws-glue/jobs/{NAME}-role/{NAME}-glue-build/logs-v2", True),
        ("/aws-glue/jobs/error", False),
        (f"/aws-glue/jobs/{NAME}-2-role/{NAME}-2-glue-build/error", False),
        (f"/aws-glue/jobs/my-{NAME}x-role/x/error", False),
    ],
)
def test_groups_of_jobs_are_found_in_every_form_of_their_names(
    cloudwatch: CloudWatch, logs: Logs, group: str, is_ours: bool
):
    cloudwatch.log(group, "from a job")
    assert messages(logs) == (["from a job"] if is_ours else [])


def test_new_lines_are_followed_and_none_is_shown_twice(
    cloudwatch: CloudWatch, logs: Logs, monkeypatch: pytest.MonkeyPatch
):
    cloudwatch.log(POLL, "before", ago=30)
    cloudwatch.log(LOAD, "before too", ago=20)
    coming = iter([("late", 25.0), ("new", 0.0), ("newer", -1.0)])

    def pause(_: float) -> None:
        message, seconds = next(coming)
        cloudwatch.log(POLL, message, ago=seconds)

    monkeypatch.setattr("operations.logs.sleep", pause)
    lines = logs.follow(Question(ago("1h")))
    shown = [line.message for line in itertools.islice(lines, 5)]
    assert shown == ["before", "before too", "late", "new", "newer"]


def test_group_that_is_created_later_is_followed_from_then_on(
    cloudwatch: CloudWatch, logs: Logs, notices: list[str], monkeypatch: pytest.MonkeyPatch
):
    coming = iter([LOAD, f"{JOBS}/logs-v2-{NAME}"])
    monkeypatch.setattr("operations.logs.sleep", lambda _: cloudwatch.log(next(coming), "a load"))
    cloudwatch.log(POLL, "a poll")
    lines = itertools.islice(logs.follow(Question(ago("1h"))), 3)
    assert [line.message for line in lines] == ["a poll", "a load", "a load"]
    assert [LOAD in notice for notice in notices].count(True) == 1
    assert len(notices) == len(set(notices)) == 9


@pytest.mark.parametrize(
    ("span", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1d", 86400)]
)
def test_span_is_read_in_its_unit(span: str, seconds: int):
    assert abs(now() - ago(span) - timedelta(seconds=seconds)) < timedelta(seconds=10)


@pytest.mark.parametrize("span", ["", "0h", "h", "1w", "1h30m", "-1h", "yesterday"])
def test_invalid_span_is_refused_with_examples(span: str):
    with pytest.raises(InvalidQuestion, match="write 30m, 2h or 1d"):
        ago(span)


def test_command_prints_a_line_for_each_message(
    cloudwatch: CloudWatch, capsys: pytest.CaptureFixture[str]
):
    message = '{"level": "INFO", "message": "batch committed", "seq": 7, "text": "%s"}' % (
        "x" * 200
    )
    cloudwatch.log(POLL, message, "[ERROR] it failed [bold]")
    assert main(["logs", *BY_NAME, "--since", "30m"]) == 0
    out, errors = capsys.readouterr()
    first, second = out.splitlines()
    assert "poll        INFO     batch committed  seq=7  text=xxx" in first
    assert "[ERROR] it failed [bold]" in second
    assert "does not exist yet" in errors


def test_ctrl_c_ends_following_with_status_0(
    cloudwatch: CloudWatch, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def stop(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("operations.logs.sleep", stop)
    cloudwatch.log(POLL, "a poll")
    assert main(["logs", *BY_NAME, "--follow"]) == 0
    assert "a poll" in capsys.readouterr().out


def test_invalid_span_is_wrong_usage(capsys: pytest.CaptureFixture[str]):
    assert main(["logs", *BY_NAME, "--since", "soon"]) == 2
    assert "'soon' is not a time span" in capsys.readouterr().err


def test_no_deployment_named_on_a_terminal_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert main(["logs"]) == 2
    assert "give --name" in capsys.readouterr().err
