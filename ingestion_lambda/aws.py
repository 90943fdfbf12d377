"""Events by EventBridge, and the workflow as Glue knows it."""

import json
from typing import TYPE_CHECKING, Any

from ingestion_lambda.errors import EventRefused

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
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
        answer = self._events.put_events(
            Entries=[
                {
                    "EventBusName": self._bus,
                    "Source": event["source"],
                    "DetailType": event["detail-type"],
                    "Detail": json.dumps(event["detail"]),
                }
            ]
        )
        if answer["FailedEntryCount"]:
            reason = answer["Entries"][0].get("ErrorMessage", "no reason given")
            raise EventRefused(
                f"EventBridge took no event on the bus {self._bus}: {reason}. The batch is"
                " committed; the next poll sends the event again."
            )

    def workflow_runs(self) -> bool:
        """Whether the last run of the workflow is under way."""
        workflow = self._glue.get_workflow(Name=self._workflow)["Workflow"]
        return workflow.get("LastRun", {}).get("Status") == "RUNNING"
