"""The event bus on AWS: EventBridge carries events, Glue runs the workflow."""

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ingestion_lambda.errors import EventRefused

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef
    from mypy_boto3_glue import GlueClient

IN_PROGRESS = ("RUNNING", "STOPPING")
LATEST = 25
"""Number of runs that are examined. AWS returns the latest first."""


class EventBridgeBus:
    """The event bus ``bus``, where a rule starts the Glue workflow ``workflow``."""

    def __init__(
        self, events: "EventBridgeClient", glue: "GlueClient", bus: str, workflow: str
    ) -> None:
        self._events, self._glue = events, glue
        self._bus, self._workflow = bus, workflow

    def publish(self, event: dict[str, Any]) -> None:
        """Send the event.

        Raises EventRefused, also when put_events answers 200 but reports a failed entry.
        """
        entry: PutEventsRequestEntryTypeDef = {
            "EventBusName": self._bus,
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
        }
        try:
            answer = self._events.put_events(Entries=[entry])
        except (ClientError, BotoCoreError) as error:
            raise self._refused(error) from error
        if answer["FailedEntryCount"]:
            raise self._refused(answer["Entries"][0].get("ErrorMessage", "no reason given"))

    def workflow_runs(self) -> bool:
        """Return whether one of the workflow's latest runs is in progress. Raises EventRefused.

        The last run alone does not tell: a run that Glue refused, because another one was in
        progress, is a run with status ERROR.
        """
        try:
            runs = self._glue.get_workflow_runs(Name=self._workflow, MaxResults=LATEST)["Runs"]
        except (ClientError, BotoCoreError) as error:
            raise EventRefused(
                f"Glue cannot report whether the workflow {self._workflow} runs: {error}. No event"
                " was sent; the next poll tries again. To fix: check WORKFLOW and the permissions"
                " of the function's role."
            ) from error
        return any(run.get("Status") in IN_PROGRESS for run in runs)

    def _refused(self, reason: object) -> EventRefused:
        return EventRefused(
            f"EventBridge did not accept the event on the bus {self._bus}: {reason}. The batch is"
            " committed; the next poll sends the event again. To fix: check EVENT_BUS and the"
            " permissions of the function's role."
        )
