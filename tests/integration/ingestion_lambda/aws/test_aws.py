"""The event bus on AWS."""

import boto3
import pytest

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
def test_workflow_runs_while_its_last_run_is_in_progress():
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
