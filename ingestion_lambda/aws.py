"""The event bus on AWS: EventBridge carries events, Glue runs the workflow."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ingestion_lambda.errors import EventRefused

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import WorkflowRunTypeDef

IN_PROGRESS = ("RUNNING", "STOPPING")
REFUSED = "ERROR"
"""Status of a run that Glue did not start, because another one was in progress. Source: the field
ErrorMessage of "WorkflowRun" in the API reference of AWS Glue."""

LATEST = 25
"""Number of runs that are read first."""

PAGE, PAGES = 1000, 26
"""Size and number of the pages that are read if AWS does not list the latest runs first. AWS keeps
runs for 90 days ("GetWorkflowRun"), 25,920 of a poll every five minutes."""

NEVER = datetime.min.replace(tzinfo=UTC)


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
        """Return whether a run of the workflow is in progress. Raises EventRefused.

        The last run alone does not tell: it may be one that Glue refused.
        """
        try:
            runs = latest_runs(self._glue, self._workflow)
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


def latest_runs(glue: "GlueClient", workflow: str) -> "Sequence[WorkflowRunTypeDef]":
    """Return the latest runs of a workflow, or all, newest first. Raises what boto3 raises.

    AWS documents no order of GetWorkflowRuns. A first page from the newest to an older run is
    enough if Glue started one of its runs: a workflow has one run at a time, so every earlier run
    has ended. Otherwise every page is read.
    """
    first = glue.get_workflow_runs(Name=workflow, MaxResults=LATEST)
    is_enough = not first.get("NextToken") or _shows_the_latest(first["Runs"])
    runs = first["Runs"] if is_enough else _every_run(glue, workflow)
    return sorted(runs, key=_started, reverse=True)


def _shows_the_latest(runs: "Sequence[WorkflowRunTypeDef]") -> bool:
    starts = [_started(run) for run in runs]
    is_newest_first = starts == sorted(starts, reverse=True) and starts[0] > starts[-1]
    return is_newest_first and any(run.get("Status") != REFUSED for run in runs)


def _every_run(glue: "GlueClient", workflow: str) -> "Iterator[WorkflowRunTypeDef]":
    """Yield the runs of the first PAGES pages."""
    token: dict[str, Any] = {}
    for _ in range(PAGES):
        page = glue.get_workflow_runs(Name=workflow, MaxResults=PAGE, **token)
        yield from page["Runs"]
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _started(run: "WorkflowRunTypeDef") -> datetime:
    return run.get("StartedOn", NEVER)
