"""Resources of an action: ministack uses one of several, none, or a wrong one.

This module covers the actions of a deployment; ``authorization`` covers Glue.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import athena, ec2, iam, kms, tagging

Request = dict[str, Any]
EC2_KINDS = {
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
EC2_NEW = {"CreateSecurityGroup": "security-group", "CreateVpcEndpoint": "vpc-endpoint"}
# Fields that name the resources of an action, not those that a new rule admits.
EC2_NAMES = re.compile(
    r"(SecurityGroupRule(Description)?\.\d+\.)?(Add|Remove)?"
    r"(Group|Resource|RouteTable|SecurityGroup|SecurityGroupRule|Subnet|Vpc|VpcEndpoint)Id(\.\d+)?"
)
EC2_TAGGED = re.compile(r"TagSpecification\.\d+\.ResourceType")


class Subject(str):
    """The first resource of a request, for ministack; the other resources, the new resources with
    tags, and the roles that are passed to a service."""

    others: tuple[str, ...] = ()
    tagged: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    passed_to = ""


def install() -> None:
    """Extract all resources of a request, and check every one."""
    named, enforce = iam_actions.extract_resource_arn, iam_evaluator.enforce

    def resource_arn(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, *where: str
    ) -> str:
        arn: str = named(service, method, path, headers, body, query, *where)
        if service not in RESOURCES:
            return arn
        action = headers.get("x-amz-target", "").rsplit(".", 1)[-1] or _first(query.get("Action"))
        request = _request(body, query)
        tagged = request.get("ResourceARN") or request.get("ResourceArn")
        region, account = where
        found = RESOURCES[service](action, request, f"{region}:{account}:", path)
        first, *others = [tagged] if tagged else found or [arn]
        subject = Subject(first)
        subject.others = tuple(others)
        if service == "ec2":
            subject.tagged = _ec2_tagged(request, f"{region}:{account}:")
        if method != "GET":
            subject.passed, subject.passed_to = _roles(request), f"{service}.amazonaws.com"
        return subject

    def enforce_each(
        key: str, action: str, service: str, region: str, resource_arn: str = "*", **more: Any
    ) -> Any:
        refusal = enforce(key, action, service, region, resource_arn=resource_arn, **more)
        for checked, of, arn, context in _further_checks(resource_arn, action, service, more):
            refusal = refusal or enforce(
                key, checked, of, region, resource_arn=arn, service_context=context
            )
        return refusal

    iam_actions.extract_resource_arn, iam_evaluator.enforce = resource_arn, enforce_each
    _add_conditions()
    tagging._RESOURCE_TAG_COLLECTORS["ec2"] = _ec2_tags


def _further_checks(
    subject: str, action: str, service: str, more: Request
) -> Iterator[tuple[str, str, str, Request]]:
    """Yield further checks: action, service, resource and context of the request."""
    if not isinstance(subject, Subject):
        return
    known = more.get("service_context") or {}
    for arn in subject.others:
        yield action, service, arn, known
    for arn in subject.tagged:
        yield "ec2:CreateTags", service, arn, known | {"ec2:CreateAction": action.split(":")[1]}
    for role in subject.passed:
        yield "iam:PassRole", "iam", role, {"iam:PassedToService": subject.passed_to}


def _roles(request: Request) -> tuple[str, ...]:
    """Return the ARNs of the roles that a request passes to a service."""
    targets = [*request.get("Targets", ()), request.get("Target", {}), request.get("JobUpdate", {})]
    roles = [part.get("RoleArn") or part.get("Role") for part in (request, *targets)]
    return tuple(role for role in roles if role)


def _request(body: bytes, query: Any) -> Request:
    fields = {name: _first(value) for name, value in query.items()}
    if body.startswith(b"{"):
        with suppress(ValueError):  # the content of an object may start like JSON
            fields |= json.loads(body)
    return fields


def _first(value: Any) -> str:
    return str(value[0] if isinstance(value, list) else value or "")


def _glue(action: str, *_: Any) -> list[str]:
    return ["*"] if "SecurityConfiguration" in action else []  # policies cannot restrict them


def _lambda(_: str, request: Request, where: str, path: str) -> list[str]:
    is_new = path.strip("/").endswith("functions") and "FunctionName" in request
    return [f"arn:aws:lambda:{where}function:{request['FunctionName']}"] if is_new else []


def _athena(action: str, request: Request, where: str, _: str) -> list[str]:
    group = request.get("WorkGroup")
    if "NamedQueryId" in request:
        group = (athena._named_queries.get(request["NamedQueryId"]) or {}).get("WorkGroup")
    if "QueryExecutionId" in request:
        group = (athena._executions.get(request["QueryExecutionId"]) or {}).get("WorkGroup")
    if action == "CreateWorkGroup":
        group = request["Name"]
    return [f"arn:aws:athena:{where}workgroup/{group}"] if group else []


def _events(_: str, request: Request, where: str, __: str) -> list[str]:
    rule = request.get("Rule") or request.get("Name")
    bus = request.get("EventBusName", "default")
    name = rule if bus == "default" else f"{bus}/{rule}"
    return [f"arn:aws:events:{where}rule/{name}"] if rule and "Entries" not in request else []


def _kms(action: str, request: Request, where: str, _: str) -> list[str]:
    if not action.endswith("Alias"):
        return []
    alias = f"arn:aws:kms:{where}{request['AliasName']}"
    key = request.get("TargetKeyId") or kms._aliases.get(alias, "")
    return [alias, f"arn:aws:kms:{where}key/{key.rsplit('/', 1)[-1]}"]


def _monitoring(action: str, request: Request, where: str, _: str) -> list[str]:
    if "Dashboard" in action:
        account = where.split(":")[1]
        name = request.get("DashboardName") or request.get("DashboardNames.member.1")
        return [f"arn:aws:cloudwatch::{account}:dashboard/{name}"]
    if action == "DescribeAlarms":
        return [f"arn:aws:cloudwatch:{where}alarm:*"]  # for any alarm
    return (
        [f"arn:aws:cloudwatch:{where}alarm:{request['AlarmName']}"]
        if "AlarmName" in request
        else []
    )


def _scheduler(_: str, request: Request, where: str, path: str) -> list[str]:
    kind, _, name = path.strip("/").partition("/")
    if kind != "schedules" or not name:
        return []
    group = request.get("GroupName") or request.get("groupName") or "default"
    return [f"arn:aws:scheduler:{where}schedule/{group}/{name}"]


def _ec2(action: str, request: Request, where: str, _: str) -> list[str]:
    if action.startswith("Describe"):
        return ["*"]
    named = [value for field, value in request.items() if EC2_NAMES.fullmatch(field)]
    new = [f"arn:aws:ec2:{where}{EC2_NEW[action]}/*"] if action in EC2_NEW else []
    return [*new, *(_ec2_arn(name, where) for name in named)]


def _ec2_tagged(request: Request, where: str) -> tuple[str, ...]:
    kinds = [value for field, value in request.items() if EC2_TAGGED.fullmatch(field)]
    return tuple(f"arn:aws:ec2:{where}{kind}/*" for kind in kinds)


def _ec2_arn(name: str, where: str) -> str:
    kind = EC2_KINDS.get(name.partition("-")[0], "other")
    return f"arn:aws:ec2:{where}{kind}/{name}"


def _ec2_tags() -> Iterator[tuple[str, Any]]:
    where = f"{get_region()}:{get_account_id()}:"
    for name, tags in ec2._tags.items():
        yield _ec2_arn(name, where), tags


RESOURCES: dict[str, Callable[[str, Request, str, str], list[str]]] = {
    "athena": _athena,
    "ec2": _ec2,
    "events": _events,
    "glue": _glue,
    "kms": _kms,
    "lambda": _lambda,
    "monitoring": _monitoring,
    "scheduler": _scheduler,
    "sns": lambda *_: [],
}


def _add_conditions() -> None:
    # field of EC2 requests with the tags of new resources
    iam_actions._TAG_MEMBERS |= {"TagSpecifications"}
    known = iam_actions.request_tag_context

    def context(service: str, action: str, body: bytes, query: Any) -> Request:
        # a part of an object may start with a brace without being JSON
        request = _request(body, query) if service in {"iam", "kms"} else {}
        keys: Request = known(service, action, body, query)
        if service == "iam" and "RoleName" in request:
            role: Request = iam._roles.get(request["RoleName"]) or {}
            if boundary := request.get("PermissionsBoundary") or role.get("PermissionsBoundary"):
                keys["iam:PermissionsBoundary"] = boundary
        if service == "kms" and "KeyId" in request:
            key = request["KeyId"].rsplit("/", 1)[-1]
            aliases = [alias for alias, target in kms._aliases.items() if target.endswith(key)]
            if aliases:
                keys["kms:ResourceAliases"] = aliases
        return keys

    iam_actions.request_tag_context = context
