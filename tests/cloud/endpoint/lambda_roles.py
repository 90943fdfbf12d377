"""Actions of Lambda with the role of a function, which ministack does not check: placing it into a
network, decrypting its variables, writing its log, and sending failed events to its queue."""

import logging
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import cloudwatch_logs, lambda_svc

from tests.cloud.endpoint import roles
from tests.cloud.endpoint.roles import Credentials, NotAllowed

Config = dict[str, Any]

INTERFACE_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
KEEPING = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}

logger = logging.getLogger(__name__)


def install() -> None:
    """Check the role."""
    _place_into_vpc()
    _log_by_role()
    _keep_failures_by_role()


def credentials_of(config: Config) -> Credentials:
    """Return the credentials of the code of a function. Raises NotAllowed."""
    name = config["FunctionName"]
    return roles.assume(config["Role"], "lambda", config["FunctionArn"], name)


def decrypt_variables(config: Config, credentials: Credentials) -> None:
    """Raise NotAllowed unless the role may use the key of the variables of the function."""
    if config.get("KMSKeyArn"):
        via = f"lambda.{get_region()}.amazonaws.com"
        roles.check(credentials, "kms:Decrypt", config["KMSKeyArn"], kms_ViaService=via)


def log_group(config: Config) -> str:
    """Return the name of the log group of the function."""
    named: Config = config.get("LoggingConfig") or {}
    return str(named.get("LogGroup") or f"/aws/lambda/{config['FunctionName']}")


def _place_into_vpc() -> None:
    create = lambda_svc._create_function

    def creating(request: Any) -> Any:
        name = request["FunctionName"]
        if request.get("VpcConfig", {}).get("SubnetIds"):
            try:
                session = roles.assume(request["Role"], "lambda", lambda_svc._func_arn(name), name)
                for action in INTERFACE_ACTIONS:
                    roles.check(session, action, "*")
            except NotAllowed as refusal:
                text = f"The provided execution role does not have permissions: {refusal}"
                return error_response_json("InvalidParameterValueException", text, 400)
        return create(request)

    lambda_svc._create_function = creating


def _log_by_role() -> None:
    emit = lambda_svc._emit_lambda_logs

    def emitting(function: Any, *rest: Any, **more: Any) -> None:
        config: Config = function.get("config") or function
        try:
            credentials = credentials_of(config)
            if (group := log_group(config)) not in cloudwatch_logs._log_groups:
                roles.check(credentials, "logs:CreateLogGroup", _log_arn(group))
            for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
                roles.check(credentials, action, _log_arn(group))
        except NotAllowed as refusal:
            logger.error("%s has no log: %s", config["FunctionName"], refusal)  # nor on AWS
            return
        emit(function, *rest, **more)

    lambda_svc._emit_lambda_logs = emitting


def _log_arn(group: str) -> str:
    return f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{group}:log-stream:"


def _keep_failures_by_role() -> None:
    route = lambda_svc._route_async_failure

    def routing(target: str, name: str, *rest: Any) -> None:
        config: Config = lambda_svc._functions[name]["config"]
        actions = {
            "sqs": "sqs:SendMessage",
            "sns": "sns:Publish",
            "lambda": "lambda:InvokeFunction",
        }
        try:
            roles.check(credentials_of(config), actions[target.split(":")[2]], target)
        except NotAllowed as refusal:
            logger.error("a failed event of %s is lost: %s", name, refusal)
            return
        route(target, name, *rest)

    lambda_svc._route_async_failure = routing
