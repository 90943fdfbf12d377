"""What each role was allowed and refused, and what of its grants nobody has ever used."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import iam, sts

from tests.cloud.endpoint import lab

ROLE = ":assumed-role/"


class Use(NamedTuple):
    """A role was asked to do something."""

    role: str
    action: str
    resource: str
    allowed: bool


_uses: Counter[Use] = Counter()


def install() -> None:
    """Record every decision on a role; tell them at ``/_lab/grants``, and forget refusals that
    were meant at ``/_lab/grants/forgive``."""
    enforce = iam_evaluator.enforce

    def enforcing(who: str, action: str, *rest: Any, resource_arn: str = "*", **more: Any) -> Any:
        refusal = enforce(who, action, *rest, resource_arn=resource_arn, **more)
        if role := _role(who):
            _uses[Use(role, action, str(resource_arn), refusal is None)] += 1
        return refusal

    iam_evaluator.enforce = enforcing
    lab.route("/grants", lambda _: {"uses": [*_told()], "unused": [*_unused()]})
    lab.route("/grants/forgive", lambda body: _forgive(body["role"], body["action"]))


def _role(access_key: str) -> str:
    """The name of the role whose session it is, or ''."""
    session: dict[str, str] = sts._sessions.get(access_key) or {}
    return session.get("Arn", "").partition(ROLE)[2].partition("/")[0]


def _forgive(role: str, action: str) -> int:
    """Forget that the role was refused this, because a test meant it to be; how many times."""
    refused = [use for use in _uses if use[:2] == (role, action) and not use.allowed]
    return sum(_uses.pop(use) for use in refused)


def _told() -> Iterator[dict[str, Any]]:
    for use, times in sorted(_uses.items()):
        yield {**use._asdict(), "times": times}


def _unused() -> Iterator[dict[str, str]]:
    """Of each role the actions that a statement allows and that were never allowed by need."""
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
