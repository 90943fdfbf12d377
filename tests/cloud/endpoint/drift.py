"""Fields that ministack accepts and does not return, so that each plan would set them again."""

from collections.abc import Callable, Iterable
from typing import Any

from ministack.services import glue

from tests.cloud.endpoint import actions

Request = dict[str, Any]
JOB = ("ExecutionClass", "ExecutionProperty", "JobRunQueuingEnabled")
TRIGGER = ("EventBatchingCondition",)


def install() -> None:
    """Store them."""
    actions.after(glue, "_create_job", lambda job: _keep_job(job["Name"], job))
    actions.after(glue, "_update_job", lambda job: _keep_job(job["JobName"], job["JobUpdate"]))
    actions.after(glue, "_create_trigger", _keep_trigger)
    _keep_tags("job", lambda job: job["Name"])
    _keep_tags("connection", lambda connection: connection["ConnectionInput"]["Name"])


def _keep_job(name: str, request: Request) -> None:
    _keep(glue._jobs[name], request, JOB)


def _keep(record: Request, request: Request, fields: Iterable[str]) -> None:
    record |= {field: request[field] for field in fields if field in request}


def _keep_tags(kind: str, name: Callable[[Request], str]) -> None:
    def keep(request: Request) -> None:
        glue._tags[glue._arn(kind, name(request))] = dict(request.get("Tags", {}))

    actions.after(glue, f"_create_{kind}", keep)


def _keep_trigger(trigger: Request) -> None:
    record = glue._triggers[trigger["Name"]]
    _keep(record, trigger, TRIGGER)
    if not record["Predicate"]:
        del record["Predicate"]  # an empty predicate differs from none
