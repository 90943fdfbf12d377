"""Every alarm of the applied platform sends a mail when its cause occurs.

The causes are real failures of the deployed code or of its databases. Only the clock of CloudWatch
is set forward, and four thresholds are low, to save time.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection

from embedded.server import Server
from ingestion_lambda.source.log.slot import slot_name
from lake import Lake, new_run, now
from lake.entries import PublishEntry
from lake.layout import BATCH_LOG
from lake.s3 import S3Store
from postgres import Sql, connected, from_dsn, render, value
from tests.cloud.local_aws import ACCOUNT
from tests.cloud.stacks import Databases, Stack
from tests.cloud.wired import wait_until

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook"
HOUR = 3600
DESIGNS = """
INSERT INTO design SELECT g, now(), 'D', '/d', 'f', now() FROM generate_series(1001, 1400) g
"""


class PollFailed(Exception):
    """The function returned an error."""


@dataclass(frozen=True)
class Platform:
    """The applied platform, and the source: its server, its DSN, and a connection."""

    stack: Stack
    server: Server
    dsn: str = field(repr=False)
    source: Connection

    def poll(self, **event: Any) -> dict[str, Any]:
        """Poll with the deployed function. Raises PollFailed."""
        answer = self.client("lambda").invoke(
            FunctionName=self.stack.outputs["function"], Payload=json.dumps(event)
        )
        payload: dict[str, Any] = json.load(answer["Payload"])
        if "FunctionError" in answer:
            raise PollFailed(payload)
        return payload

    def fail(self, kind: str, **event: Any) -> None:
        """Poll, and require this error."""
        with pytest.raises(PollFailed, match=f"'errorType': '{kind}'"):
            self.poll(**event)

    def run_job(self, job: str, **arguments: str) -> str:
        """Run a deployed job with further arguments; return its final state."""
        glue = self.client("glue")
        name = self.stack.outputs["jobs"][job]
        given = {f"--{argument}": value for argument, value in arguments.items()}
        run = glue.start_job_run(JobName=name, Arguments=given)["JobRunId"]
        wait_until(lambda: _ended(glue.get_job_run(JobName=name, RunId=run)["JobRun"]))
        return str(glue.get_job_run(JobName=name, RunId=run)["JobRun"]["JobRunState"])

    def forward(self, seconds: float) -> None:
        """Set the clock of CloudWatch forward."""
        self.stack.aws.lab("clock/forward", seconds=seconds)

    def states(self) -> dict[str, str]:
        """Return the current state of each alarm by short name."""
        states = self.stack.aws.lab("alarms/evaluate")
        return {key: states[name] for key, name in self.stack.outputs["alarms"].items()}

    def mails(self, since: int = 0) -> list[dict[str, str]]:
        """Return the mails from a number on."""
        sent: list[dict[str, str]] = self.stack.aws.lab("mail", since=since)
        return sent

    def described(self, alarm: str) -> dict[str, Any]:
        """Return the definition of an alarm."""
        name = self.stack.outputs["alarms"][alarm]
        [found] = self.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return dict(found)

    def client(self, service: str) -> Any:
        return self.stack.aws.client(service)


def _ended(run: dict[str, Any]) -> bool:
    return run["JobRunState"] not in {"STARTING", "RUNNING", "WAITING"}


@pytest.fixture(scope="module")
def platform(stack: Stack, databases: Databases, server: Server) -> Iterator[Platform]:
    """Return the platform with the rule of its workflow disabled."""
    rules = stack.aws.client("events")
    rules.disable_rule(Name=stack.outputs["rule"])
    with connected(from_dsn(databases.source), "writer") as source:
        source.run("CREATE EXTENSION pg_surgery")
        source.run(DESIGNS)
        yield Platform(stack, server, databases.source, source)
    rules.enable_rule(Name=stack.outputs["rule"])


@dataclass(frozen=True)
class Beginning:
    """States of all alarms before the first poll, and after it."""

    before: dict[str, str]
    after: dict[str, str]


@pytest.fixture(scope="module")
def beginning(platform: Platform) -> Beginning:
    """Wait an hour on the clock of CloudWatch; each later test raises one alarm."""
    platform.forward(HOUR)
    before = platform.states()
    platform.poll()
    return Beginning(before, platform.states())


def edit(platform: Platform) -> None:
    platform.source.run("UPDATE design SET file_name = file_name || '.' WHERE design_id = 1")


@contextmanager
def refusing(platform: Platform) -> Iterator[None]:
    """Let the source refuse connections, as a context manager."""
    name = from_dsn(platform.dsn).database
    allow = "ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}"
    with connected(from_dsn(platform.server.dsn()), "administrator") as administrator:
        administrator.run(render(allow, name=name, allowed=Sql("false")))
        try:
            yield
        finally:
            administrator.run(render(allow, name=name, allowed=Sql("true")))


def source_refuses(platform: Platform) -> None:
    with refusing(platform):
        platform.fail("Refused")


def source_refuses_every_attempt(platform: Platform) -> None:
    with refusing(platform):
        platform.stack.aws.lab("schedules/fire", name=platform.stack.outputs["schedule"])
        wait_until(lambda: dead_letters(platform) == 1)


def dead_letters(platform: Platform) -> int:
    """Return the number of polls in the dead-letter queue."""
    sqs, count = platform.client("sqs"), "ApproximateNumberOfMessages"
    url = sqs.get_queue_url(QueueName=platform.stack.outputs["queue"])["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[count])
    return int(answer["Attributes"][count])


def function_is_throttled_for_two_rates(platform: Platform) -> None:
    function = {"FunctionName": platform.stack.outputs["function"]}
    client = platform.client("lambda")
    reserved = client.get_function_concurrency(**function)["ReservedConcurrentExecutions"]
    client.put_function_concurrency(**function, ReservedConcurrentExecutions=0)
    for rate in (300, 0):
        with pytest.raises(client.exceptions.TooManyRequestsException):
            platform.poll()
        platform.forward(rate)
    client.put_function_concurrency(**function, ReservedConcurrentExecutions=reserved)


def job_receives_an_invalid_argument(platform: Platform) -> None:
    assert platform.run_job("build_facts", generation="none") == "FAILED"
    log = f"/aws/events/{platform.stack.outputs['workflow']}-failed-jobs"
    kept = platform.client("logs").filter_log_events(logGroupName=log)["events"]
    assert (
        json.loads(kept[-1]["message"])["detail"]["jobName"]
        == platform.stack.outputs["jobs"]["build_facts"]
    )


def nothing_loads_a_batch(platform: Platform) -> None:
    edit(platform)
    platform.poll()
    time.sleep(platform.described("freshness")["Threshold"])
    platform.poll()


def three_polls_are_skipped(platform: Platform) -> None:
    platform.forward(600)
    assert platform.states()["silence"] == "OK"  # after one
    platform.forward(480)


def transaction_stays_open(platform: Platform) -> None:
    with connected(from_dsn(platform.dsn), "late") as late:
        late.run("BEGIN")
        late.run("SELECT pg_current_xact_id()")
        edit(platform)
        platform.poll()
        time.sleep(platform.described("horizon-age")["Threshold"])
        platform.poll()


def designs_are_deleted(platform: Platform) -> None:
    platform.source.run("DELETE FROM design WHERE design_id BETWEEN 1001 AND 1150")
    platform.fail("MassDelete")
    passed = platform.poll(allow_mass_delete=["design"])  # as the runbook says
    assert passed["changes"]["design"]["D"] == 150


def date_is_invalid(platform: Platform) -> None:
    platform.source.run(
        "UPDATE sales_order SET agreed_payment_date = 'soon' WHERE sales_order_id = 1"
    )
    assert platform.poll()["changes"]["sales_order"]["U"] == 1
    assert platform.run_job("build_facts") == "SUCCEEDED"
    platform.poll()


def change_hides_from_polls(platform: Platform) -> None:
    edit(platform)
    platform.source.run(
        "SELECT heap_force_freeze('design', ARRAY(SELECT ctid FROM design WHERE design_id = 1))"
    )
    platform.poll(reread=["design"])


def slot_is_left_over(platform: Platform) -> None:
    """As after a change from capture by log back to capture by difference."""
    s3, bucket = platform.client("s3"), platform.stack.outputs["buckets"]["ingestion"]
    newest = s3.list_objects_v2(Bucket=bucket, Prefix=BATCH_LOG)["Contents"][0]["Key"]
    entry = json.load(s3.get_object(Bucket=bucket, Key=newest)["Body"])
    slot = value(slot_name(entry["lake"]))
    create = "SELECT pg_create_logical_replication_slot({slot}, 'pgoutput')"
    platform.source.run(render(create, slot=slot))
    edit(platform)
    platform.poll()
    platform.source.run(render("SELECT pg_drop_replication_slot({slot})", slot=slot))


def tables_are_dropped(platform: Platform) -> None:
    """As when the catalog is lost: no job runs here that would publish again."""
    s3, buckets = platform.client("s3"), platform.stack.outputs["buckets"]
    lake = Lake(S3Store(s3, buckets["ingestion"]), S3Store(s3, buckets["processed"]))
    hint = lake.published.head()
    assert hint
    lake.published.commit(PublishEntry(hint.seq + 1, new_run(), now(), {}, {}))
    platform.poll()


# The order matters: a batch that no job loads keeps freshness stale, and failed polls raise more
# than one alarm.
CASES: dict[str, Callable[[Platform], None]] = {
    "silence": three_polls_are_skipped,
    "freshness": nothing_loads_a_batch,
    "function-errors": source_refuses,
    "function-throttles": function_is_throttled_for_two_rates,
    "dead-letters": source_refuses_every_attempt,
    "failed-jobs": job_receives_an_invalid_argument,
    "horizon-age": transaction_stays_open,
    "mass-delete": designs_are_deleted,
    "missed-rows": change_hides_from_polls,
    "retained-wal": slot_is_left_over,
    "quarantined-rows": date_is_invalid,
    "publishing": tables_are_dropped,
}


def test_every_alarm_of_the_platform_has_a_case(stack: Stack):
    applied = stack.aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {alarm["AlarmName"] for alarm in applied} == set(stack.outputs["alarms"].values())
    assert set(stack.outputs["alarms"]) == set(CASES)


def test_missing_data_raises_only_freshness_and_silence(beginning: Beginning):
    alarmed = {alarm for alarm, state in beginning.before.items() if state == "ALARM"}
    assert alarmed == {"freshness", "silence"}


def test_a_successful_poll_ends_all_alarms(beginning: Beginning):
    assert set(beginning.after.values()) == {"OK"}


@pytest.mark.usefixtures("beginning")
@pytest.mark.parametrize("alarm", CASES)
def test_alarm_is_raised_by_its_cause_and_sends_a_mail(platform: Platform, alarm: str):
    assert platform.states()[alarm] == "OK"
    sent = len(platform.mails())
    CASES[alarm](platform)
    assert platform.states()[alarm] == "ALARM"
    applied = platform.described(alarm)
    [mail] = [mail for mail in platform.mails(sent) if applied["AlarmName"] in mail["subject"]]
    assert mail["to"] == "data@example.com"
    assert mail["subject"].startswith("ALARM: ")
    assert applied["AlarmDescription"] in mail["body"]
    [page] = re.findall(r"https://\S+/([\w-]+\.md)$", applied["AlarmDescription"])
    assert (RUNBOOK / page).exists()
    metrics = platform.client("cloudwatch").list_metrics(MetricName=applied["MetricName"])
    assert measured(applied) in [measured(metric) for metric in metrics["Metrics"]]


def measured(what: dict[str, Any]) -> tuple[str, str, set[tuple[str, str]]]:
    """Return the identity of a metric in an alarm or in CloudWatch."""
    dimensions = {(dimension["Name"], dimension["Value"]) for dimension in what["Dimensions"]}
    return what["Namespace"], what["MetricName"], dimensions


def test_alarm_that_ends_sends_a_mail(platform: Platform):
    source_refuses(platform)
    assert platform.states()["function-errors"] == "ALARM"
    sent = len(platform.mails())
    platform.forward(HOUR)
    assert platform.states()["function-errors"] == "OK"
    name = platform.stack.outputs["alarms"]["function-errors"]
    assert [m["subject"][:4] for m in platform.mails(sent) if name in m["subject"]] == ["OK: "]


def test_names_in_the_runbook_are_those_of_the_platform(stack: Stack):
    outputs = stack.outputs
    named = re.findall(r"\$name[\w-]*", "".join(page.read_text() for page in RUNBOOK.glob("*.md")))
    known = [
        outputs[name]
        for name in ("workflow", "function", "schedule", "queue", "migrate_job", "compact_job")
    ]
    buckets = [name.removesuffix(ACCOUNT) for name in outputs["buckets"].values()]
    others = ("failed-jobs", "update-warehouse")  # the second one exists with single_job
    own = [f"{outputs['workflow']}-{other}" for other in others]
    there = {*known, *buckets, *outputs["jobs"].values(), *own}
    assert {name.replace("$name", outputs["workflow"]) for name in named} <= there
