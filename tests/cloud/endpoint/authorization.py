"""Authorization that ministack does not check: the resources of Glue and Logs requests, the
conditions of events, and the use of the key of encrypted data.
"""

import json
from collections.abc import Iterator
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import s3, secretsmanager, sqs

Request = dict[str, Any]

SSE = "x-amz-server-side-encryption"
# Actions on the key of encrypted data that a policy must allow besides the action itself.
KEY_USE = {
    "s3:GetObject": ["kms:Decrypt"],
    "s3:PutObject": ["kms:GenerateDataKey"],
    "secretsmanager:GetSecretValue": ["kms:Decrypt"],
    "secretsmanager:PutSecretValue": ["kms:Decrypt", "kms:GenerateDataKey"],
    "sqs:SendMessage": ["kms:Decrypt", "kms:GenerateDataKey"],
    "sqs:ReceiveMessage": ["kms:Decrypt"],
}
# Glue resources by the last word of an action, and the fields of a request that name them.
GLUE = {
    "Connection": ("connection", ("Name", "ConnectionName")),
    "Database": ("database", ("Name", "DatabaseName")),
    "Job": ("job", ("Name", "JobName")),
    "JobRun": ("job", ("JobName",)),
    "JobRuns": ("job", ("JobName",)),
    "Trigger": ("trigger", ("Name",)),
    "Workflow": ("workflow", ("Name",)),
    "WorkflowRun": ("workflow", ("Name",)),
    "WorkflowRuns": ("workflow", ("Name",)),
}
TABLES = ("Table", "Tables", "Partition", "Partitions")
# AWS adds a stream to the resource even if none exists, so that a policy on "group:*" matches.
LOG_WRITING = {"AssociateKmsKey", "CreateLogGroup", "CreateLogStream", "PutLogEvents"}


def install() -> None:
    """Check them."""
    _name_resources()
    _add_conditions_of_events()
    _check_all()


def _name_resources() -> None:
    named = iam_actions.extract_resource_arn

    def resource_arn(service: str, method: str, path: str, *rest: Any) -> str:
        arn: str = named(service, method, path, *rest)
        headers, body, _, region, account = rest
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if service == "glue" and "ResourceArn" not in (request := json.loads(body or b"{}")):
            return f"arn:aws:glue:{region}:{account}:{_glue_resource(action, request)}"
        if service == "logs" and action in LOG_WRITING:
            return f"{arn}:log-stream:{json.loads(body).get('logStreamName', '')}"
        return arn

    iam_actions.extract_resource_arn = resource_arn


def _glue_resource(action: str, request: Request) -> str:
    inputs = [value for name, value in request.items() if name.endswith("Input")]
    given = {**request, **{name: value for part in inputs for name, value in part.items()}}
    if action.endswith(TABLES):
        name = given.get("TableName") or given.get("Name", "*")
        return f"table/{given.get('DatabaseName', '*')}/{name}"
    for word, (kind, fields) in GLUE.items():
        for field in fields:
            if action.endswith(word) and field in given:
                return f"{kind}/{given[field]}"
    return "catalog"


def _add_conditions_of_events() -> None:
    known = iam_actions.request_tag_context

    def context(service: str, action: str, body: bytes, parameters: Any) -> Request:
        keys: Request = known(service, action, body, parameters)
        if action == "events:PutEvents":
            entry, *more = json.loads(body)["Entries"]
            for name, field in {"source": "Source", "detail-type": "DetailType"}.items():
                if all(other[field] == entry[field] for other in more):
                    keys[f"events:{name}"] = entry[field]
        return keys

    iam_actions.request_tag_context = context


def _check_all() -> None:
    enforce = iam_evaluator.enforce

    def enforcing(
        who: str, action: str, service: str, region: str, resource_arn: str = "*", **more: Any
    ) -> Any:
        refusal = None
        for resource in (resource_arn, *_above(resource_arn)):
            refusal = refusal or enforce(
                who, action, service, region, resource_arn=resource, **more
            )
        key = None if refusal else _key(action, resource_arn)
        context = {"kms:ViaService": f"{service}.{region}.amazonaws.com"}
        if service == "s3":
            # the context of S3 for an object with a bucket key, which every bucket here has
            context["kms:EncryptionContext:aws:s3:arn"] = resource_arn.partition("/")[0]
        for use in KEY_USE.get(action, ()) if key else ():
            # looked up in the module, so that the recorder of grants sees this call too
            refusal = refusal or iam_evaluator.enforce(
                who, use, "kms", region, resource_arn=key, service_context=context
            )
        return refusal

    iam_evaluator.enforce = enforcing


def _above(resource: str) -> Iterator[str]:
    """Yield further resources to check: the database of a table, and the catalog."""
    *place, name = resource.split(":", 5)
    kind, _, rest = name.partition("/")
    if place[2:3] != ["glue"] or kind not in {"table", "database", "connection"}:
        return
    if kind == "table":
        yield ":".join([*place, f"database/{rest.partition('/')[0]}"])
    yield ":".join([*place, "catalog"])


def _key(action: str, resource: str) -> str | None:
    """Return the ARN of the customer managed key that encrypts the resource."""
    match action.partition(":")[0]:
        case "s3":
            bucket = resource.rpartition(":")[2].partition("/")[0]
            headers: dict[str, str] = s3._bucket_default_sse_headers(bucket)
            return headers.get(f"{SSE}-aws-kms-key-id")
        case "secretsmanager":
            secret = secretsmanager._resolve(resource)[1] or {}
            return secret.get("KmsKeyId")
        case "sqs":
            queue = sqs._queue_by_arn(resource) or {"attributes": {}}
            return queue["attributes"].get("KmsMasterKeyId")  # type: ignore[no-any-return] # untyped
    return None
