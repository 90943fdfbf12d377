"""CloudWatch's embedded metric format: ministack stores these log lines as text only."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs

from tests.cloud.endpoint.clock import clock

Event = Mapping[str, Any]


def install() -> None:
    """Record the metrics of all log events."""
    append = cloudwatch_logs._append_log_events

    def appending(stream: dict[str, Any], events: list[Event]) -> None:
        append(stream, events)
        for document in _documents(events):
            _record(document)

    cloudwatch_logs._append_log_events = appending


def _documents(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    for event in events:
        if event["message"].startswith("{") and '"_aws"' in event["message"]:
            yield json.loads(event["message"])


def _record(document: Mapping[str, Any]) -> None:
    seconds = document["_aws"]["Timestamp"] / 1000 + clock.ahead
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: document[name] for name in names}
            for metric in directive["Metrics"]:
                value = document[metric["Name"]]
                values = value if isinstance(value, list) else [value]
                cloudwatch._store_datum(
                    directive["Namespace"],
                    metric["Name"],
                    dimensions,
                    seconds,
                    metric.get("Unit", "None"),
                    None,
                    values,
                    None,
                    None,
                )
