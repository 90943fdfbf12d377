"""The definition of the workflow in glue_jobs/workflow.json, read and validated."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from contracts.errors import PlatformError

WORKFLOW = Path(__file__).parent.parent / "glue_jobs" / "workflow.json"
STATES = ("SUCCEEDED", "FAILED")
COMBINED = {"AND": all, "ANY": any}

Event = Mapping[str, Any]


class InvalidWorkflow(PlatformError):
    """workflow.json contradicts itself, or a value for a placeholder is missing."""

    exit_code = 2


@dataclass(frozen=True)
class Job:
    """A script and its arguments."""

    script: str
    arguments: Mapping[str, str]

    @property
    def argv(self) -> list[str]:
        """The arguments in the form of a command line."""
        return [part for pair in self.arguments.items() for part in pair]


@dataclass(frozen=True)
class EventTrigger:
    """Starts jobs when an event matches: each field of the pattern lists the values that match."""

    pattern: Mapping[str, Sequence[str]]
    actions: Sequence[str]

    def matches(self, event: Event) -> bool:
        """Return True if the event starts the jobs."""
        return all(event.get(name) in values for name, values in self.pattern.items())


@dataclass(frozen=True)
class ConditionalTrigger:
    """Starts jobs when all, or any, of its (job, state) conditions hold."""

    logical: str
    conditions: Sequence[tuple[str, str]]
    actions: Sequence[str]

    def holds(self, states: Mapping[str, str]) -> bool:
        """Return True if the jobs may start, given the states of the jobs that have ended."""
        return COMBINED[self.logical](states.get(job) == state for job, state in self.conditions)


@dataclass(frozen=True)
class Workflow:
    """Jobs and their triggers."""

    name: str
    jobs: Mapping[str, Job]
    events: Sequence[EventTrigger]
    conditionals: Sequence[ConditionalTrigger]


def read_workflow(values: Mapping[str, str], path: Path = WORKFLOW) -> Workflow:
    """Return the workflow, with ``values`` for its placeholders ``${…}``. Raises
    InvalidWorkflow."""
    try:
        # parsed before the values are filled in: a value is never more than text
        document = _fill(json.loads(path.read_text(encoding="utf-8")), values)
        jobs = {
            name: Job(job["script"], job["arguments"]) for name, job in document["jobs"].items()
        }
        triggers = document["triggers"].values()
        workflow = Workflow(
            document["name"],
            jobs,
            [_event(trigger) for trigger in triggers if trigger["type"] == "EVENT"],
            [_conditional(trigger) for trigger in triggers if trigger["type"] == "CONDITIONAL"],
        )
        _check(workflow, len(triggers))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidWorkflow(
            f"{path} cannot be run as a workflow: {error!r}. To fix: correct the file, or give the"
            " value of its placeholder."
        ) from error
    return workflow


def _fill(part: Any, values: Mapping[str, str]) -> Any:
    match part:
        case str():
            return Template(part).substitute(values)
        case list():
            return [_fill(item, values) for item in part]
        case dict():
            return {name: _fill(item, values) for name, item in part.items()}
    return part


def _event(trigger: Mapping[str, Any]) -> EventTrigger:
    return EventTrigger(trigger["pattern"], trigger["actions"])


def _conditional(trigger: Mapping[str, Any]) -> ConditionalTrigger:
    conditions = [(condition["job"], condition["state"]) for condition in trigger["conditions"]]
    return ConditionalTrigger(trigger["logical"], conditions, trigger["actions"])


def _check(workflow: Workflow, triggers: int) -> None:
    """Raise ValueError if a trigger names a job or a state that does not exist."""
    known: list[EventTrigger | ConditionalTrigger] = [*workflow.events, *workflow.conditionals]
    if len(known) != triggers:
        raise ValueError("a trigger is neither EVENT nor CONDITIONAL")
    named = {name for trigger in known for name in trigger.actions}
    for conditional in workflow.conditionals:
        named |= {job for job, _ in conditional.conditions}
        unknown = {state for _, state in conditional.conditions} - set(STATES)
        if unknown or conditional.logical not in COMBINED or not conditional.conditions:
            raise ValueError(f"a conditional trigger is invalid: {conditional}")
    if named - workflow.jobs.keys():
        raise ValueError(
            f"triggers name jobs that do not exist: {sorted(named - workflow.jobs.keys())}"
        )
