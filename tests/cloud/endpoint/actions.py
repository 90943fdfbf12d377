"""Actions that ministack does not implement, for services whose requests name them in a header."""

import json
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, json_response

Response = tuple[int, dict[str, str], bytes]
Action = Callable[[dict[str, Any]], Any]


class Refused(Exception):
    """Error response of an action: code and message."""


def answer(service: Any, **actions: Action) -> None:
    """Implement ``actions`` of a ministack service: functions from request to answer."""
    elsewhere = service.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        action = actions.get(headers.get("x-amz-target", "").rsplit(".", 1)[-1])
        if action is None:
            return await elsewhere(method, path, headers, body, query)  # type: ignore[no-any-return] # untyped
        try:
            return json_response(action(json.loads(body or b"{}")))  # type: ignore[no-any-return] # untyped
        except Refused as refusal:
            return error_response_json(*refusal.args)  # type: ignore[no-any-return] # untyped

    service.handle_request = handle_request


def after(service: Any, name: str, also: Callable[[dict[str, Any]], None]) -> None:
    """Call ``also`` after an action of ministack succeeds."""
    original = getattr(service, name)

    def both(request: dict[str, Any]) -> Response:
        response: Response = original(request)
        if response[0] < 300:
            also(request)
        return response

    setattr(service, name, both)
