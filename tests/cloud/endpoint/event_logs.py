"""Log groups as targets of rules: ministack does not support them."""

import json
import logging
import time
from typing import Any

from ministack.core.arn import parse_arn
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.core.responses import get_region, new_uuid
from ministack.services import cloudwatch_logs, eventbridge

WRITER = "events.amazonaws.com"

logger = logging.getLogger(__name__)


def install() -> None:
    """Write events to log groups if a resource policy of CloudWatch Logs allows it."""
    invoke = eventbridge._invoke_target

    def invoking(target: Any, event: Any, rule: Any, view: Any = None) -> None:
        if parse_arn(target["Arn"]).service != "logs":
            invoke(target, event, rule, view)
            return
        view = view or eventbridge._pattern_event_view(event)
        _write(target["Arn"], rule, json.dumps(view.event_with_detail()))

    eventbridge._invoke_target = invoking


def _write(group_arn: str, rule: Any, message: str) -> None:
    group = cloudwatch_logs._resolve_group_by_arn(group_arn)
    where = {"logGroupName": group, "logStreamName": new_uuid()}
    stream_arn = f"{group_arn.removesuffix(':*')}:log-stream:{where['logStreamName']}"
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        if not _allowed(action, stream_arn, rule["Arn"]):
            logger.error("no policy of CloudWatch Logs allows %s to %s", action, rule["Arn"])
            return  # as on AWS: the sender of the event receives no error
    cloudwatch_logs._create_log_stream(where)
    event = {"timestamp": int(time.time() * 1000), "message": message}
    cloudwatch_logs._put_log_events({**where, "logEvents": [event]})


def _allowed(action: str, stream_arn: str, rule_arn: str) -> bool:
    request = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=stream_arn,
        region=get_region(),
        service_context={"aws:sourcearn": rule_arn},
    )
    policies = cloudwatch_logs._resource_policies.values()
    decisions = (
        evaluate_resource_policy(policy["policyDocument"], request, service=WRITER).decision
        for policy in policies
    )
    return "Allow" in decisions
