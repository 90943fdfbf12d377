"""Events by EventBridge, and the workflow as Glue knows it."""

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ingestion_lambda.errors import EventRefused

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef
    from mypy_boto3_glue import GlueClient


class EventBridgeBus:
    """Events go to the event bus ``bus``, where a rule starts the Glue workflow ``workflow``."""

    def __init__(
        self, events: "EventBridgeClient", glue: "GlueClient", bus: str, workflow: str
    ) -> None:
        self._events, self._glue = events, glue
        self._bus, self._workflow = bus, workflow

    def publish(self, event: dict[str, Any]) -> None:
        """Send the event. Raises EventRefused: put_events answers 200 to an entry it drops."""
        entry: PutEventsRequestEntryTypeDef = {
            "EventBusName": self._bus,
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
        }
        try:
            answer = self._events.put_events(Entries=[entry])
        except (ClientError, BotoCoreError) as refusal:
            raise self._refused(refusal) from refusal
        if answer["FailedEntryCount"]:
            raise self._refused(answer["Entries"][0].get("ErrorMessage", "no reason given"))

    def workflow_runs(self) -> bool:
        """Whether the last run of the workflow is under way. Raises EventRefused."""
        try:
            workflow = self._glue.get_workflow(Name=self._workflow)["Workflow"]
        except (ClientError, BotoCoreError) as refusal:
            raise EventRefused(
                f"Glue does not say whether the workflow {self._workflow} runs: {refusal}. No event"
                " was sent; the next poll asks again. Check WORKFLOW, and what the role may do."
            ) from refusal
        return workflow.get("LastRun", {}).get("Status") == "RUNNING"

    def _refused(self, reason: object) -> EventRefused:
        return EventRefused(
            f"EventBridge took no event on the bus {self._bus}: {reason}. The batch is committed;"
            " the next poll sends the event again. Check EVENT_BUS, and what the role may do."
        )
