"""Faults of S3 that a test orders for the objects below a prefix, as ``/_lab/faults``."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.cloud.endpoint import lab

LOST = "connection lost"  # before the body of the response
REFUSALS = {
    "SlowDown": (503, "Please reduce your request rate."),
    "ExpiredToken": (400, "The provided token has expired."),
}
XML = "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>1</RequestId></Error>"


@dataclass
class Plan:
    """Faults of the requests of one method below ``/bucket/prefix``, in their order. ``always`` is
    the fault of all later requests, or ''."""

    method: str
    prefix: str
    faults: deque[str]
    always: str = ""
    made: list[str] = field(default_factory=list)

    def next(self, method: str, path: str) -> str:
        """Return the fault of this request, or ''."""
        if method != self.method or not path.startswith(self.prefix):
            return ""
        fault = self.faults.popleft() if self.faults else self.always
        self.made += [fault] if fault else []
        return fault


_plans: list[Plan] = []


def install() -> None:
    """Put the faults in the way of requests. ``/_lab/faults`` adds a plan, or removes all plans if
    it has no body. It returns the faults that each plan has made."""
    lab.route("/faults", _add)
    beyond = lab.application

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        method, path = scope.get("method", ""), scope.get("path", "")
        fault = next((found for plan in _plans if (found := plan.next(method, path))), "")
        if fault in REFUSALS:
            await lab.body_of(receive)
            await _refuse(fault, send)
        else:
            await beyond(scope, receive, _cut(send) if fault == LOST else send)

    lab.application = application


def _add(body: dict[str, Any]) -> list[list[str]]:
    made = [plan.made for plan in _plans]
    if body:
        _plans.append(Plan(**{**body, "faults": deque(body["faults"])}))
    else:
        _plans.clear()
    return made


async def _refuse(fault: str, send: Any) -> None:
    status, message = REFUSALS[fault]
    body = XML.format(code=fault, message=message).encode()
    headers = [(b"content-type", b"application/xml"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _cut(send: Any) -> Any:
    """Return ``send`` without bodies: the server closes the connection after the headers."""

    async def sending(message: dict[str, Any]) -> None:
        if message["type"] != "http.response.body":
            await send(message)

    return sending
