"""Metrics of AWS services that the alarms and the dashboard use.

ministack measures only synchronous Lambda invocations, counts a throttled one twice, and does not
measure rules and queues.
"""

import time
from typing import Any

from ministack.services import cloudwatch, eventbridge, lambda_svc, sqs


def install() -> None:
    """Measure every attempt of a function, and every event that a rule matches."""
    lambda_svc._emit_lambda_metrics = _throttle
    _measure_invocations()
    _measure_rules()


def sample() -> None:
    """Measure the number of visible messages in each queue, as AWS does every minute."""
    for queue in sqs._queues.values():
        sqs._refresh_counts(queue)
        waiting = float(queue["attributes"]["ApproximateNumberOfMessages"])
        dimensions = {"QueueName": queue["name"]}
        _record("AWS/SQS", "ApproximateNumberOfMessagesVisible", waiting, dimensions)


def _throttle(name: str, duration_ms: float, error: bool, throttle: bool) -> None:
    if throttle and duration_ms == 0.0:  # otherwise the caller reports the same throttle
        _record("AWS/Lambda", "Throttles", 1, {"FunctionName": name})


def _measure_invocations() -> None:
    dispatch = lambda_svc._execute_function_dispatch

    def dispatching(func: Any, config: Any, *details: Any) -> Any:
        started = time.perf_counter()
        result = dispatch(func, config, *details)
        dimensions = {"FunctionName": config["FunctionName"]}
        milliseconds = (time.perf_counter() - started) * 1000
        _record("AWS/Lambda", "Invocations", 1, dimensions)
        _record("AWS/Lambda", "Errors", 1 if result.get("error") else 0, dimensions)
        _record("AWS/Lambda", "Throttles", 0, dimensions)
        _record("AWS/Lambda", "Duration", milliseconds, dimensions, "Milliseconds")
        return result

    lambda_svc._execute_function_dispatch = dispatching


def _measure_rules() -> None:
    dispatch = eventbridge._dispatch_event

    def dispatching(event: Any, view: Any = None) -> None:
        view = view or eventbridge._pattern_event_view(event)
        for rule in eventbridge._rules.values():
            if _matches(rule, event, view):
                dimensions = {"RuleName": rule["Name"]}
                _record("AWS/Events", "MatchedEvents", 1, dimensions)
                _record("AWS/Events", "TriggeredRules", 1, dimensions)
        dispatch(event, view)

    eventbridge._dispatch_event = dispatching


def _matches(rule: Any, event: Any, view: Any) -> bool:
    return bool(
        rule.get("State") == "ENABLED"
        and rule.get("EventPattern")
        and rule.get("EventBusName", "default") == event.get("EventBusName", "default")
        and eventbridge._matches_pattern_view(rule["EventPattern"], view, rule["Name"])
    )


def _record(
    namespace: str, metric: str, value: float, dimensions: dict[str, str], unit: str = "Count"
) -> None:
    cloudwatch.record_metric(namespace, metric, value, unit, dimensions)
