"""EventBridge Scheduler by the role of each schedule, and when a test says so.

ministack invokes without asking the role, at its own time, in the midst of whatever a test does.
"""

from typing import Any

from ministack.services import eventbridge, scheduler, sqs

from tests.cloud.endpoint import lab, roles

Target = dict[str, Any]


def install() -> None:
    """Fire a schedule at ``/_lab/schedules/fire``, and never else."""
    scheduler._tick_schedules = lambda: None
    lab.route("/schedules/fire", lambda body: _fire(body["name"], body.get("group", "default")))


def _fire(name: str, group: str) -> Target:
    """Do what the schedule says. Raises NotAllowed."""
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
    """Send what could not be invoked to the schedule's dead-letter queue, by its role too."""
    if queue := target.get("DeadLetterConfig", {}).get("Arn"):
        url = sqs._queue_by_arn(queue)["url"]
        body = target.get("Input", "{}")
        roles.client("sqs", credentials).send_message(QueueUrl=url, MessageBody=body)
