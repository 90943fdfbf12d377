"""Inputs of S3 policies that ministack omits: conditions of writes, last slashes of keys."""

from typing import Any

from ministack.core import iam_actions

PARTS = {"uploads", "partNumber"}  # these requests write, but do not create an object yet


def install() -> None:
    """Add them."""
    _add_conditions()
    _add_last_slash()


def _add_conditions() -> None:
    known = iam_actions.s3_service_context

    def context(
        action: str, query: dict[str, Any] | None, path: str = "", headers: Any = None
    ) -> dict[str, Any]:
        keys: dict[str, Any] = known(action, query, path, headers)
        if action == "s3:PutObject":
            makes_object = PARTS.isdisjoint(query or {})
            keys["s3:ObjectCreationOperation"] = "true" if makes_object else "false"
            for header in ("if-match", "if-none-match"):
                if header in (headers or {}):
                    keys[f"s3:{header}"] = headers[header]
        return keys

    iam_actions.s3_service_context = context


def _add_last_slash() -> None:
    named = iam_actions.extract_resource_arn

    def resource_arn(service: str, method: str, path: str, *rest: Any) -> str:
        arn: str = named(service, method, path, *rest)
        is_folder = service == "s3" and path.endswith("/") and "/" in arn
        return f"{arn}/" if is_folder else arn

    iam_actions.extract_resource_arn = resource_arn
