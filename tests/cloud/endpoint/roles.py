"""Roles of services: a service assumes a role that trusts it; its actions are checked."""

import os
from functools import cache
from threading import Lock
from typing import Any

from botocore.config import Config
from botocore.session import Session
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam

from tests.cloud.endpoint import lab

Credentials = dict[str, str]
URL = f"https://localhost:{os.environ.get('GATEWAY_PORT')}"
PATIENCE = Config(
    s3={"addressing_style": "path"},
    retries={"total_max_attempts": 1},
    max_pool_connections=50,
)
_one_at_a_time = Lock()


class NotAllowed(Exception):
    """A role does not trust a service, or does not allow its action."""


def assume(role_arn: str, service: str, source_arn: str, name: str) -> Credentials:
    """Return credentials for a service that acts for ``source_arn``. Raises NotAllowed."""
    role = iam._roles.get(role_arn.rpartition("/")[2])
    if role is None:
        raise NotAllowed(f"there is no role {role_arn}")
    account = get_account_id()
    request = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=get_region(),
        service_context={"aws:sourceaccount": account, "aws:sourcearn": source_arn},
    )
    trust = iam_evaluator.evaluate_resource_policy(
        role["AssumeRolePolicyDocument"], request, service=f"{service}.amazonaws.com"
    )
    if trust.decision != "Allow":
        raise NotAllowed(f"{role_arn} does not trust {service}.amazonaws.com for {source_arn}")
    return lab.session(role_arn, name)


def check(credentials: Credentials, action: str, resource: str, **context: Any) -> None:
    """Raise NotAllowed unless the credentials allow an action that no request performs.

    ``context`` has condition keys with ``_`` instead of ``:``.
    """
    iam_evaluator.pin_request_origin("127.0.0.1", secure_transport=True)
    refusal = iam_evaluator.enforce(
        credentials["AWS_ACCESS_KEY_ID"],
        action,
        action.partition(":")[0],
        get_region(),
        resource_arn=resource,
        service_context={key.replace("_", ":", 1): value for key, value in context.items()},
    )
    if refusal is not None:
        raise NotAllowed(f"{refusal.principal_arn} may not {action} {resource}")


def client(service: str, credentials: Credentials) -> Any:
    """Return a client of this endpoint with these credentials."""
    with _one_at_a_time:  # botocore cannot create clients concurrently
        return _session().create_client(
            service,
            endpoint_url=URL,
            verify=os.environ["AWS_CA_BUNDLE"],
            region_name=get_region(),
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials["AWS_SESSION_TOKEN"],
            config=PATIENCE,
        )


def environment(credentials: Credentials) -> dict[str, str]:
    """Return the variables of a process that uses this endpoint with these credentials."""
    return {
        **credentials,
        "AWS_ENDPOINT_URL": URL,
        "AWS_CA_BUNDLE": os.environ["AWS_CA_BUNDLE"],
        "AWS_REGION": get_region(),
        "AWS_DEFAULT_REGION": get_region(),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@cache
def _session() -> Session:
    return Session()
