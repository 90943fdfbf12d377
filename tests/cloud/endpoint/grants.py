"""Recorder of the decisions on each role, and of its unused grants."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import iam, sts

from tests.cloud.endpoint import lab

ROLE = ":assumed-role/"


class Use(NamedTuple):
    """A decision on an action of a role."""

    role: str
    action: str
    resource: str
    allowed: bool


_uses: Counter[Use] = Counter()


def install() -> None:
    """Record every decision on a role. ``/_lab/grants`` returns them, and ``/_lab/grants/forgive``
    deletes refusals that a test provoked."""
    enforce = iam_evaluator.enforce

    def enforcing(who: str, action: str, *rest: Any, resource_arn: str = "*", **more: Any) -> Any:
        refusal = enforce(who, action, *rest, resource_arn=resource_arn, **more)
        if role := _role(who):
            _uses[Use(role, action, str(resource_arn), refusal is None)] += 1
        return refusal

    iam_evaluator.enforce = enforcing
    lab.route("/grants", lambda _: {"uses": [*_recorded()], "unused": [*_unused()]})
    lab.route("/grants/forgive", lambda body: _forgive(body["role"], body["action"]))


def _role(access_key: str) -> str:
    """Return the name of the role of a session, or ''."""
    session: dict[str, str] = sts._sessions.get(access_key) or {}
    return session.get("Arn", "").partition(ROLE)[2].partition("/")[0]


def _forgive(role: str, action: str) -> int:
    """Delete the refusals of an action that a test provoked; return their number."""
    refused = [use for use in _uses if use[:2] == (role, action) and not use.allowed]
    return sum(_uses.pop(use) for use in refused)


def _recorded() -> Iterator[dict[str, Any]]:
    for use, times in sorted(_uses.items()):
        yield {**use._asdict(), "times": times}


def _unused() -> Iterator[dict[str, str]]:
    """Yield the actions that a statement of a role allows and that the role never used."""
    for role in iam._roles:
        for policy in iam_evaluator._gather_role_policies(role, get_account_id()):
            for statement in policy:
                if statement.effect == "Allow":
                    for action in statement.actions:
                        if not any(_fits(use, role, action, statement) for use in _uses):
                            yield {"role": role, "sid": statement.sid, "action": action}


def _fits(use: Use, role: str, action: str, statement: Any) -> bool:
    return bool(
        use.allowed
        and use.role == role
        and iam_evaluator._action_matches(use.action, [action], [])
        and iam_evaluator._resource_matches(
            use.resource, statement.resources, statement.not_resources
        )
    )
