"""Lambda functions as they are uploaded, each invocation in an interpreter of its own.

ministack runs them in its own Python, with its own packages and environment, and does what Lambda
does by a function's role - write the log, keep what failed - without asking the role.
"""

import hashlib
import io
import json
import logging
import subprocess
import tempfile
import threading
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import cloudwatch_logs, eventbridge, lambda_svc

from artifacts.platforms import host_python
from tests.cloud.endpoint import children, roles
from tests.cloud.endpoint.roles import Credentials, NotAllowed

Config = dict[str, Any]
Result = dict[str, Any]

RUNTIME = Path(__file__).with_name("lambda_runtime.py")
TASK = "/var/task/"  # where a function finds its files on AWS
OF_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
KEEPING = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}

logger = logging.getLogger(__name__)
_unpacking = threading.Lock()


def install() -> None:
    """Run functions so, and ask their roles."""
    lambda_svc._execute_function_warm = _execute
    eventbridge._dispatch_to_lambda = _dispatch
    _place_into_vpc()
    _log_by_role()
    _keep_failures_by_role()


def _execute(function: Any, event: Any, request_id: str) -> Result:
    config: Config = function.get("config") or function
    try:
        credentials = _credentials(config)
        _decrypt_variables(config, credentials)
    except NotAllowed as refusal:
        return _failed("KMSAccessDeniedException", str(refusal))
    folder = _unpacked(function["code_zip"])
    with tempfile.TemporaryDirectory(prefix="lambda-", ignore_cleanup_errors=True) as scratch:
        return _invoke(config, credentials, folder, Path(scratch), (event, request_id))


def _invoke(
    config: Config, credentials: Credentials, folder: Path, scratch: Path, asked: tuple[Any, str]
) -> Result:
    event, request_id = asked
    answer, log = scratch / "answer.json", scratch / "log"
    request = {
        "folder": str(folder),
        "handler": config["Handler"],
        "event": event,
        "context": _context(config, request_id),
        "timeout": config["Timeout"],
        "answer": str(answer),
    }
    variables = _variables(config, credentials, folder, scratch)
    command = [_interpreter(), "-I", "-S", "-B", str(RUNTIME)]
    given = json.dumps(request).encode()
    error = None
    try:
        children.run(command, folder, variables, log, stdin=given, timeout=config["Timeout"])
    except subprocess.TimeoutExpired:
        error = _failed("Sandbox.Timedout", f"Task timed out after {config['Timeout']}.00 seconds")
    told = json.loads(answer.read_text()) if answer.exists() else {}
    result = error or _result(config, told)
    return {**result, "log": log.read_text(errors="replace")}


def _result(config: Config, told: Result) -> Result:
    if not told:
        return _failed("Runtime.ExitError", "Runtime exited without providing a reason")
    if told["peak_kb"] > config["MemorySize"] * 1024:
        return _failed("Runtime.OutOfMemory", f"{told['peak_kb']} kB of {config['MemorySize']} MB")
    if "error" in told:
        return {"body": told["error"], "error": True, "function_error": "Unhandled"}
    return {"body": told["result"]}


def _failed(kind: str, message: str) -> Result:
    body = {"errorType": kind, "errorMessage": message}
    return {"body": body, "error": True, "function_error": "Unhandled"}


def _credentials(config: Config) -> Credentials:
    name = config["FunctionName"]
    return roles.assume(config["Role"], "lambda", config["FunctionArn"], name)


def _decrypt_variables(config: Config, credentials: Credentials) -> None:
    if config.get("KMSKeyArn"):
        via = f"lambda.{get_region()}.amazonaws.com"
        roles.check(credentials, "kms:Decrypt", config["KMSKeyArn"], kms_ViaService=via)


def _variables(
    config: Config, credentials: Credentials, folder: Path, scratch: Path
) -> dict[str, str]:
    """The function's own, and what Lambda adds."""
    temporary = scratch / "tmp"
    temporary.mkdir()
    own = config.get("Environment", {}).get("Variables", {})
    return {
        **roles.environment(credentials),
        "AWS_LAMBDA_FUNCTION_NAME": config["FunctionName"],
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config["MemorySize"]),
        "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config['Runtime']}",
        "LAMBDA_TASK_ROOT": str(folder),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/bin:/bin",
        "TMPDIR": str(temporary),
        "TZ": ":UTC",
        **{name: value.replace(TASK, f"{folder}/") for name, value in own.items()},
    }


def _context(config: Config, request_id: str) -> dict[str, str]:
    return {
        "aws_request_id": request_id,
        "function_name": config["FunctionName"],
        "function_version": config.get("Version", "$LATEST"),
        "invoked_function_arn": config["FunctionArn"],
        "memory_limit_in_mb": str(config["MemorySize"]),
        "log_group_name": _log_group(config),
        "log_stream_name": request_id,
    }


def _unpacked(code: bytes) -> Path:
    """The folder with what was uploaded; the same for each invocation."""
    with _unpacking:
        folder = Path(tempfile.gettempdir()) / f"task-{hashlib.sha256(code).hexdigest()}"
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            with zipfile.ZipFile(io.BytesIO(code)) as archive:
                archive.extractall(unfinished)
            unfinished.rename(folder)
        return folder


@cache
def _interpreter() -> str:
    """The Python for which a package "for the host" is made, itself and no wrapper of it."""
    asked = [host_python()[1], "-c", "import os, sys; print(os.path.realpath(sys.executable))"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def _dispatch(arn: str, payload: str) -> None:
    """Rules and schedules invoke asynchronously: failures are repeated, and then kept."""
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if function is None:
        logger.error("there is no function %s", name)
        return
    record = lambda_svc._execution_record_for_config(function, config)
    lambda_svc.invoke_async_with_retry(record, json.loads(payload))


def _place_into_vpc() -> None:
    create = lambda_svc._create_function

    def creating(request: Any) -> Any:
        name = request["FunctionName"]
        if request.get("VpcConfig", {}).get("SubnetIds"):
            try:
                made = roles.assume(request["Role"], "lambda", lambda_svc._func_arn(name), name)
                for action in OF_INTERFACES:
                    roles.check(made, action, "*")
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
            credentials = _credentials(config)
            if (group := _log_group(config)) not in cloudwatch_logs._log_groups:
                roles.check(credentials, "logs:CreateLogGroup", _log_arn(group))
            for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
                roles.check(credentials, action, _log_arn(group))
        except NotAllowed as refusal:
            logger.error("%s has no log: %s", config["FunctionName"], refusal)  # nor on AWS
            return
        emit(function, *rest, **more)

    lambda_svc._emit_lambda_logs = emitting


def _log_group(config: Config) -> str:
    named: Config = config.get("LoggingConfig") or {}
    return str(named.get("LogGroup") or f"/aws/lambda/{config['FunctionName']}")


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
            roles.check(_credentials(config), actions[target.split(":")[2]], target)
        except NotAllowed as refusal:
            logger.error("a failed event of %s is lost: %s", name, refusal)
            return
        route(target, name, *rest)

    lambda_svc._route_async_failure = routing
