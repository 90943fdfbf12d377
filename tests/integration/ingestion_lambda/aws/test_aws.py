"""The event bus on AWS."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto.glue.models import FakeWorkflowRun

from ingestion_lambda.aws import LATEST, EventBridgeBus, latest_runs
from ingestion_lambda.errors import EventRefused

pytestmark = pytest.mark.lambda_runtime


@pytest.mark.usefixtures("aws")
def test_event_that_the_bus_refuses_is_an_error():
    class Refusing:
        def put_events(self, **_: object) -> dict[str, object]:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorMessage": "throttled"}]}

    bus = EventBridgeBus(Refusing(), boto3.client("glue"), "platform", "warehouse")  # type: ignore[arg-type]  # a part
    with pytest.raises(EventRefused, match="throttled"):
        bus.publish({"source": "s", "detail-type": "d", "detail": {}})


@pytest.mark.usefixtures("aws")
def test_missing_bus_or_workflow_is_an_error_that_names_it():
    bus = EventBridgeBus(boto3.client("events"), boto3.client("glue"), "no-bus", "no-workflow")
    with pytest.raises(EventRefused, match=r"workflow no-workflow runs: .*check WORKFLOW"):
        bus.workflow_runs()
    with pytest.raises(EventRefused, match=r"on the bus no-bus: .*check EVENT_BUS"):
        bus.publish({"source": "s", "detail-type": "d", "detail": {}})


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("states", "is_running"),
    [
        ([], False),
        (["COMPLETED"], False),
        (["ERROR", "COMPLETED", "STOPPED"], False),
        (["RUNNING", "COMPLETED"], True),
        (["STOPPING"], True),
        (["ERROR", "ERROR", "RUNNING"], True),  # Glue refused the last runs: one was in progress
    ],
)
def test_workflow_runs_while_one_of_its_latest_runs_is_in_progress(
    monkeypatch: pytest.MonkeyPatch, states: list[str], is_running: bool
):
    glue = boto3.client("glue")
    glue.create_workflow(Name="warehouse")
    for _ in states:
        glue.start_workflow_run(Name="warehouse")
    left = [*states]
    monkeypatch.setattr(FakeWorkflowRun, "as_dict", lambda _: {"Status": left.pop(0)})
    bus = EventBridgeBus(boto3.client("events"), glue, "platform", "warehouse")
    assert bus.workflow_runs() == is_running


Runs = Sequence[dict[str, Any]]
Answer = Callable[[list[dict[str, Any]]], None]
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ENDED, RUNNING, REFUSED = "COMPLETED", "RUNNING", "ERROR"


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch, aws: None) -> Answer:
    """Return a function that lets moto list these runs of the workflow, in pages."""

    def list_these(runs: list[dict[str, Any]]) -> None:
        glue = boto3.client("glue")
        for _ in runs:
            glue.start_workflow_run(Name="warehouse")
        left: list[dict[str, Any]] = []

        def following(_: FakeWorkflowRun) -> dict[str, Any]:
            left.extend(() if left else runs)
            return left.pop(0)

        monkeypatch.setattr(FakeWorkflowRun, "as_dict", following)

    return list_these


def runs_of(*states: str) -> list[dict[str, Any]]:
    """Return runs that started a minute after each other, oldest first."""
    return [
        {
            "WorkflowRunId": f"wr_{n}",
            "workflow_run_id": f"wr_{n}",  # moto needs it for its pages
            "Status": state,
            "StartedOn": BEGIN + timedelta(minutes=n),
        }
        for n, state in enumerate(states)
    ]


MANY = [ENDED] * (2 * LATEST)
ORDERS: dict[str, Callable[[Runs], Runs]] = {
    "newest first": lambda runs: runs[::-1],
    "oldest first": lambda runs: runs,
    "no order": lambda runs: [*runs[::2], *runs[1::2]],
}


def requests_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with each request."""
    made: list[str] = []
    ask = BaseClient._make_api_call  # type: ignore[attr-defined]  # private

    def note(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        made.append(operation)
        return ask(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", note)
    return made


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("refused", [0, 1, LATEST])
def test_run_in_progress_is_seen_in_any_order_of_the_answer(
    answer: Answer, order: str, refused: int
):
    """AWS documents no order; a run may also be hidden behind runs that Glue refused."""
    answer([*ORDERS[order](runs_of(*MANY, RUNNING, *[REFUSED] * refused))])
    bus = EventBridgeBus(boto3.client("events"), boto3.client("glue"), "platform", "warehouse")
    assert bus.workflow_runs()
    latest = latest_runs(boto3.client("glue"), "warehouse")
    assert latest[refused]["Status"] == RUNNING


@pytest.mark.parametrize("order", ORDERS)
def test_long_history_without_a_run_in_progress_is_read_as_far_as_needed(
    answer: Answer, order: str, monkeypatch: pytest.MonkeyPatch
):
    answer([*ORDERS[order](runs_of(*MANY))])
    bus = EventBridgeBus(boto3.client("events"), boto3.client("glue"), "platform", "warehouse")
    made = requests_of(monkeypatch)
    assert not bus.workflow_runs()
    assert len(made) == (1 if order == "newest first" else 2)


def test_number_of_pages_is_bounded(answer: Answer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ingestion_lambda.aws.PAGE", 2)
    monkeypatch.setattr("ingestion_lambda.aws.PAGES", 3)
    answer(runs_of(*MANY))
    made = requests_of(monkeypatch)
    assert len(latest_runs(boto3.client("glue"), "warehouse")) == 6
    assert len(made) == 1 + 3
