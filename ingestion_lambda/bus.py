"""The event that starts the workflow, and the port to who carries it."""

from typing import Any, Protocol

from lake.entries import Batch

DETAIL_TYPE = "Batch Committed"


class Bus(Protocol):
    """Who carries events to the workflow."""

    def publish(self, event: dict[str, Any]) -> None:
        """Send an event of EventBridge's form: source, detail-type, detail."""

    def workflow_runs(self) -> bool:
        """Whether a run of the workflow is under way."""


def batch_committed(source: str, batch: Batch) -> dict[str, Any]:
    """The event that says that ``batch`` is the last one committed."""
    return {
        "source": f"{source}.ingestion",
        "detail-type": DETAIL_TYPE,
        "detail": {"seq": batch.seq, "run": batch.run, "tables": batch.counts},
    }
