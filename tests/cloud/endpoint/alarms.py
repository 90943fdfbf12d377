"""CloudWatch alarms as AWS documents them, evaluated on request of a test.

ministack evaluates the last points of a metric regardless of its dimensions, and only when one is
put. It supports neither missing data nor data points to alarm, and ignores the policy of the topic
and of its key.
"""

import operator
from collections.abc import Callable
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch, kms, sns

from tests.cloud.endpoint import lab, service_metrics
from tests.cloud.endpoint.clock import clock

Alarm = dict[str, Any]
Values = list[float | None]

# AWS also counts data points before the evaluation periods, before it fills in missing data. The
# number of these periods is not documented; the examples of AWS use 5 periods for 3.
FURTHER_BACK = 2
PUBLISHER = "cloudwatch.amazonaws.com"
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def install() -> None:
    """Evaluate all alarms on ``/_lab/alarms/evaluate`` only."""
    cloudwatch._evaluate_alarm = lambda alarm: None
    lab.route("/alarms/evaluate", lambda _: _evaluate())


def _evaluate() -> dict[str, str]:
    """Return the state of every alarm by name. Raises PermissionError if an alarm that changes its
    state must not publish to its topic."""
    iam_evaluator.pin_request_origin("127.0.0.1", secure_transport=True)
    service_metrics.sample()
    now = clock.time()
    for alarm in cloudwatch._alarms.values():
        values = _values(alarm, now)
        state = _state(alarm, values)
        if state != alarm["StateValue"]:
            _change(alarm, state, values)
    return {name: alarm["StateValue"] for name, alarm in cloudwatch._alarms.items()}


def _values(alarm: Alarm, now: float) -> Values:
    """Return the value of each period, the newest first; None without data."""
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm["Dimensions"]))
    key = (alarm["Namespace"], alarm["MetricName"], dimensions)
    points = cloudwatch._metrics.get(key, [])
    return [
        _value(alarm, points, now - number * alarm["Period"])
        for number in range(alarm["EvaluationPeriods"] + FURTHER_BACK)
    ]


def _value(alarm: Alarm, points: list[Any], end: float) -> float | None:
    within = [point for point in points if end - alarm["Period"] < point["Timestamp"] <= end]
    statistics = cloudwatch._calc_stats(within)
    return float(statistics[alarm["Statistic"]]) if statistics else None


def _state(alarm: Alarm, values: Values) -> str:
    """Return the state: real data counts before missing data, at most one point per period."""
    periods = alarm["EvaluationPeriods"]
    breaches = COMPARISONS[alarm["ComparisonOperator"]]
    real = [breaches(value, alarm["Threshold"]) for value in values if value is not None][:periods]
    missing, treatment = periods - len(real), alarm["TreatMissingData"]
    if not real and treatment == "missing":
        return "INSUFFICIENT_DATA"
    if not real and treatment == "ignore":
        return str(alarm["StateValue"])
    breaching = sum(real) + (missing if treatment == "breaching" else 0)
    needed = int(alarm.get("DatapointsToAlarm") or periods)
    return "ALARM" if breaching >= needed else "OK"


def _change(alarm: Alarm, state: str, values: Values) -> None:
    shown = [
        "no data" if value is None else value for value in values[: alarm["EvaluationPeriods"]]
    ]
    reason = (
        f"the last values of {alarm['MetricName']} are {shown[:5]}"
        f" ({alarm['ComparisonOperator']} {alarm['Threshold']}, missing data is"
        f" {alarm['TreatMissingData']})"
    )
    before = alarm["StateValue"]
    alarm |= {
        "StateValue": state,
        "StateReason": reason,
        "StateUpdatedTimestamp": int(clock.time()),
    }
    cloudwatch._record_history(alarm["AlarmName"], before, state, reason)
    for topic in alarm["AlarmActions" if state == "ALARM" else "OKActions"]:
        _check(topic, alarm["AlarmArn"])
    cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)


def _check(topic_arn: str, alarm_arn: str) -> None:
    """Raise PermissionError if the topic or its key refuses CloudWatch."""
    account = get_account_id()
    if not sns.topic_policy_allows(topic_arn, PUBLISHER, alarm_arn, account):
        raise PermissionError(f"{topic_arn} does not let {alarm_arn} publish")
    key = sns._topics[topic_arn]["attributes"].get("KmsMasterKeyId")
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        if key and not _key_allows(key, action, topic_arn, alarm_arn):
            raise PermissionError(f"{key} refuses {action} to {alarm_arn}")


def _key_allows(key: str, action: str, topic_arn: str, alarm_arn: str) -> bool:
    policy, account = kms.key_policy_for_arn(key)
    request = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=key,
        region=get_region(),
        service_context={
            "aws:sourcearn": alarm_arn,
            "aws:sourceaccount": account,
            "kms:encryptioncontext:aws:sns:topicarn": topic_arn,
        },
    )
    decided = iam_evaluator.evaluate_resource_policy(policy, request, service=PUBLISHER)
    return bool(decided.decision == "Allow")
