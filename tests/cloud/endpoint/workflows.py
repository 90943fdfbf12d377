"""Glue workflows: ministack ignores the event that starts one, and does not evaluate triggers."""

import logging
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ministack.core.arn import parse_arn
from ministack.services import eventbridge, glue

from tests.cloud.endpoint import actions, jobs, roles
from tests.cloud.endpoint.actions import Refused

Request = dict[str, Any]
Trigger = dict[str, Any]

COMBINED = {"AND": all, "ANY": any}
STATISTICS = {
    "SUCCEEDED": "SucceededActions",
    "FAILED": "FailedActions",
    "TIMEOUT": "TimeoutActions",
}

logger = logging.getLogger(__name__)
_lock = threading.RLock()


def install() -> None:
    """Start workflows by rules and requests, and jobs by triggers."""
    actions.answer(
        glue,
        StartWorkflowRun=_start_workflow_run,
        GetWorkflowRun=_get_workflow_run,
        GetWorkflowRuns=_get_workflow_runs,
    )
    _take_events()


@dataclass
class _Run:
    """A run of a workflow: its record, the states of its jobs, and its fired triggers."""

    record: Request
    states: dict[str, str] = field(default_factory=dict)
    fired: set[str] = field(default_factory=set)

    def fire(self, triggers: Iterable[Trigger]) -> None:
        """Start the jobs of the triggers, each trigger once per run."""
        for trigger in triggers:
            if trigger["Name"] not in self.fired:
                self.fired.add(trigger["Name"])
                for action in trigger["Actions"]:
                    self._start(action)
        self._count()

    def _start(self, action: Request) -> None:
        name = action["JobName"]
        own = {"--WORKFLOW_NAME": self.record["Name"]}
        own["--WORKFLOW_RUN_ID"] = self.record["WorkflowRunId"]
        self.states[name] = "RUNNING"
        try:
            jobs.start(name, action.get("Arguments", {}), self._ended, Workflow=own)
        except Refused as refusal:
            logger.error("%s: %s", name, refusal.args[1])
            self.states[name] = "FAILED"

    def _ended(self, run: Request) -> None:
        """Record the end of a job, and fire the triggers whose conditions hold."""
        with _lock:
            self.states[run["JobName"]] = run["JobRunState"]
            found = _triggers(self.record["Name"])
            self.fire(trigger for trigger in found if self._holds(trigger))

    def _holds(self, trigger: Trigger) -> bool:
        predicate = trigger.get("Predicate") or {}
        conditions = predicate.get("Conditions", [])
        if trigger["Type"] != "CONDITIONAL" or not conditions:
            return False
        return COMBINED[predicate.get("Logical", "AND")](
            self.states.get(condition["JobName"]) == condition["State"] for condition in conditions
        )

    def _count(self) -> None:
        states = list(self.states.values())
        statistics = self.record["Statistics"]
        statistics |= {name: states.count(state) for state, name in STATISTICS.items()}
        statistics["TotalActions"] = len(states)
        statistics["RunningActions"] = states.count("RUNNING")
        if not statistics["RunningActions"]:
            self.record |= {"CompletedOn": int(time.time()), "Status": "COMPLETED"}


def start(name: str, kinds: Iterable[str]) -> Request:
    """Start a run with the triggers of the given types. Raises Refused.

    Beyond the limit of concurrent runs, the refused run is recorded too, as AWS does.
    """
    with _lock:
        workflow = glue._workflows.get(name)
        if workflow is None:
            raise Refused("EntityNotFoundException", f"Workflow {name} not found")
        runs = glue._workflow_runs[name]
        under_way = sum(run["Status"] == "RUNNING" for run in runs)
        record = _new_record(workflow)
        runs.append(record)
        if under_way >= (workflow.get("MaxConcurrentRuns") or under_way + 1):
            message = f"Concurrent runs exceeded for workflow: {name}."
            record |= {"Status": "ERROR", "ErrorMessage": message}
            raise Refused("ConcurrentRunsExceededException", message)
        _Run(record).fire(trigger for trigger in _triggers(name) if trigger["Type"] in kinds)
        return record


def _new_record(workflow: Request) -> Request:
    return {
        "WorkflowRunId": f"wr_{secrets.token_hex(32)}",
        "Name": workflow["Name"],
        "Status": "RUNNING",
        "StartedOn": int(time.time()),
        "Statistics": {},
        "WorkflowRunProperties": dict(workflow.get("DefaultRunProperties", {})),
    }


def _triggers(workflow: str) -> list[Trigger]:
    """Return the active triggers of a workflow."""
    found = glue._triggers.values()
    return [trigger for trigger in found if trigger["WorkflowName"] == workflow and _is_on(trigger)]


def _is_on(trigger: Trigger) -> bool:
    """Return whether a trigger is active; triggers that start a run need no activation."""
    waits = trigger["Type"] in {"CONDITIONAL", "SCHEDULED"}
    return bool(trigger["State"] == "ACTIVATED" or (trigger["State"] == "CREATED" and not waits))


def _take_events() -> None:
    invoke = eventbridge._invoke_target

    def invoking(target: Request, event: Any, rule: Request, view: Any = None) -> None:
        arn = parse_arn(target["Arn"])
        if arn.service == "glue":
            _notify(target, arn.resource.partition("/")[2], rule)
        else:
            invoke(target, event, rule, view)

    eventbridge._invoke_target = invoking


def _notify(target: Request, workflow: str, rule: Request) -> None:
    """Start the workflow with the role of the rule; the sender of the event receives no error."""
    try:
        credentials = roles.assume(target["RoleArn"], "events", rule["Arn"], rule["Name"])
        roles.check(credentials, "glue:NotifyEvent", target["Arn"])
        start(workflow, {"EVENT"})
    except (roles.NotAllowed, Refused) as refusal:
        logger.error("the rule %s does not start the workflow: %s", rule["Name"], refusal)


def _start_workflow_run(request: Request) -> Request:
    return {"RunId": start(request["Name"], {"EVENT", "ON_DEMAND"})["WorkflowRunId"]}


def _get_workflow_run(request: Request) -> Request:
    for run in glue._workflow_runs.get(request["Name"], []):
        if run["WorkflowRunId"] == request["RunId"]:
            return {"Run": run}
    raise Refused("EntityNotFoundException", f"no run {request['RunId']}")


def _get_workflow_runs(request: Request) -> Request:
    return {"Runs": glue._workflow_runs.get(request["Name"], [])[::-1]}  # the latest first
