"""A side channel for tests, as JSON under ``/_lab/``: information that no AWS API returns."""

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from ministack import app as ministack
from ministack.services import iam, sts

Answer = Callable[[dict[str, Any]], Any]
PREFIX = "/_lab"
_routes: dict[str, Answer] = {}


def route(path: str, answer: Answer) -> None:
    """Answer GET and POST of ``/_lab<path>`` with ``answer(body)``, called in a thread."""
    _routes[PREFIX + path] = answer


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve the side channel, and ministack for all other paths."""
    if scope["type"] != "http" or not scope["path"].startswith(PREFIX + "/"):
        await ministack.app(scope, receive, send)
        return
    status, answer = await _answered(scope["path"], await body_of(receive))
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer, default=str).encode()})


async def body_of(receive: Any) -> bytes:
    """Return the body of a request."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def _answered(path: str, body: bytes) -> tuple[int, Any]:
    if path not in _routes:
        return 404, {"error": f"{path} is not one of {', '.join(sorted(_routes))}"}
    try:
        return 200, await asyncio.to_thread(_routes[path], json.loads(body or "{}"))
    except Exception as error:  # noqa: BLE001 - the test receives any error
        return 500, {"error": f"{type(error).__name__}: {error}"}


def session(role_arn: str, name: str) -> dict[str, str]:
    """Return new credentials of a role as environment variables; its trust is not checked."""
    role_name = role_arn.rsplit("/", 1)[-1]
    role: Mapping[str, Any] | None = iam._roles.get(role_name)
    if role is None:
        raise LookupError(f"there is no role {role_arn}")
    key, secret, token = (secrets.token_hex(size).upper() for size in (8, 20, 40))
    account = role["Arn"].split(":")[4]
    record = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/{name}",
        "UserId": f"{role['RoleId']}:{name}",
        "SecretAccessKey": secret,
        "SessionToken": token,
    }
    sts.register_session(f"ASIA{key}", record)
    return {
        "AWS_ACCESS_KEY_ID": f"ASIA{key}",
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_SESSION_TOKEN": token,
    }


def install() -> None:
    """Add ``/_lab/health``, which lists the routes."""
    route("/health", lambda _: {"routes": sorted(_routes)})
