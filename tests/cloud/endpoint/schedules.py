"""EventBridge Scheduler with the role of each schedule, on request of a test.

ministack does not check the role, and invokes at any time during a test.
"""

from typing import Any

from ministack.services import eventbridge, scheduler, sqs

from tests.cloud.endpoint import lab, roles

Target = dict[str, Any]


def install() -> None:
    """Fire a schedule on ``/_lab/schedules/fire`` only."""
    scheduler._tick_schedules = lambda: None
    lab.route("/schedules/fire", lambda body: _fire(body["name"], body.get("group", "default")))


def _fire(name: str, group: str) -> Target:
    """Invoke the target of a schedule. Raises NotAllowed."""
    schedule: dict[str, Any] = scheduler._schedules[f"{group}/{name}"]
    if schedule["State"] != "ENABLED":
        raise ValueError(f"the schedule {name} is {schedule['State']}")
    target: Target = schedule["Target"]
    of_group = schedule["Arn"].rpartition("/")[0].replace(":schedule/", ":schedule-group/")
    credentials = roles.assume(target["RoleArn"], "scheduler", of_group, name)
    try:
        roles.check(credentials, "lambda:InvokeFunction", target["Arn"])
    except roles.NotAllowed:
        _keep(target, credentials)
        raise
    scheduled = {
        "Source": "aws.scheduler",
        "DetailType": "Scheduled Event",
        "Detail": "{}",
        "Resources": [schedule["Arn"]],
    }
    eventbridge._invoke_target(target, scheduled, schedule)
    return target


def _keep(target: Target, credentials: roles.Credentials) -> None:
    """Send the input to the dead-letter queue, with the role of the schedule."""
    if queue := target.get("DeadLetterConfig", {}).get("Arn"):
        url = sqs._queue_by_arn(queue)["url"]
        body = target.get("Input", "{}")
        roles.client("sqs", credentials).send_message(QueueUrl=url, MessageBody=body)
