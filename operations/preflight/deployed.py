"""Checks of what `make apply` has created."""

from operations.errors import NotThere
from operations.preflight.account import ENGINE
from operations.preflight.check import Failed, NotChecked
from operations.preflight.target import Target

GLUE_VERSION = "5.1"
JOBS = ("build-dimensions", "build-facts", "load-warehouse", "compact-lake", "migrate-warehouse")


def function(target: Target) -> str:
    """Check that the function is ready."""
    name = target.deployment.function
    found = target.ask("lambda", "get_function_configuration", FunctionName=name)
    states = {found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")}
    if states != {"Active", "Successful"}:
        reason = (
            found.get("StateReason") or found.get("LastUpdateStatusReason") or "no reason given"
        )
        raise Failed(
            f"{name} is {' and '.join(sorted(states))}: {reason}. To fix: wait a minute if it is"
            " Pending; otherwise correct the cause and run `make apply`."
        )
    return f"{name} is active, on {found['Runtime']}"


def jobs(target: Target) -> str:
    """Check the version of Glue that runs the jobs."""
    for end in JOBS:
        name = f"{target.deployment.name}-{end}"
        version = target.ask("glue", "get_job", JobName=name)["Job"].get("GlueVersion")
        if version != GLUE_VERSION:
            raise Failed(
                f"{name} runs on Glue {version}, and its libraries are those of {GLUE_VERSION}. To"
                " fix: run `make apply`, and change nothing in the console."
            )
    return f"{len(JOBS)} on Glue {GLUE_VERSION}"


def workgroup(target: Target) -> str:
    """Check the engine that Athena uses."""
    name = target.deployment.name
    groups = target.items("athena", "list_work_groups", "WorkGroups")
    engine = next((g.get("EngineVersion", {}) for g in groups if g["Name"] == name), None)
    if engine is None:
        raise NotChecked(f"There is no workgroup {name} yet.")
    version = engine.get("EffectiveEngineVersion", engine.get("SelectedEngineVersion"))
    if version != ENGINE:
        raise Failed(f"The workgroup {name} uses {version}. To fix: select {ENGINE}.")
    return f"{name} uses {ENGINE}"


def subscriptions(target: Target) -> str:
    """Check that every address for alarms has confirmed its subscription."""
    name = f"{target.deployment.name}-alarms"
    identity = target.ask("sts", "get_caller_identity")
    partition, account = identity["Arn"].split(":")[1], identity["Account"]
    topic = f"arn:{partition}:sns:{target.region}:{account}:{name}"
    try:
        listed = [
            *target.items("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
        ]
    except NotThere:
        raise NotChecked(f"There is no topic {name} yet.") from None
    pending = [s["Endpoint"] for s in listed if not s["SubscriptionArn"].startswith("arn:")]
    if pending or not listed:
        raise Failed(
            f"No alarm reaches {', '.join(pending) or 'anyone'}: the subscription is not"
            " confirmed. To fix: follow the link in the mail from AWS Notifications, which may be"
            " among the spam; it is valid for three days, and `make apply` sends another one."
        )
    return f"{len(listed)} confirmed"


def schedule(target: Target) -> str:
    """Check that polls are due."""
    name = target.deployment.schedule
    found = target.ask("scheduler", "get_schedule", Name=name)
    if found["State"] != "ENABLED":
        raise Failed(f"The schedule {name} is paused. To fix: set `paused = false` and apply.")
    return f"{found['ScheduleExpression']}"
