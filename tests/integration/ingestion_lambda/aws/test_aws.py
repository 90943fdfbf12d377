"""The event bus on AWS."""

import boto3
import pytest
from moto.glue.models import FakeWorkflowRun

from ingestion_lambda.aws import EventBridgeBus
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
