"""The event that starts the workflow, and the port to the bus that carries it."""

from typing import Any, Protocol

from lake.entries import Batch

DETAIL_TYPE = "Batch Committed"


class Bus(Protocol):
    """The carrier of events to the workflow."""

    def publish(self, event: dict[str, Any]) -> None:
        """Send an event in EventBridge's form: source, detail-type, detail."""

    def workflow_runs(self) -> bool:
        """Return whether a run of the workflow is in progress."""


def batch_committed(source: str, batch: Batch) -> dict[str, Any]:
    """Return the event which announces that ``batch`` is the last batch committed."""
    return {
        "source": f"{source}.ingestion",
        "detail-type": DETAIL_TYPE,
        "detail": {"seq": batch.seq, "run": batch.run, "tables": batch.counts},
    }
