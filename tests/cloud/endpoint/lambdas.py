"""Lambda functions from their packages, one interpreter per invocation.

ministack runs them in its own Python process, with its packages and environment.
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

from ministack.services import eventbridge, lambda_svc

from artifacts.platforms import host_python
from tests.cloud.endpoint import children, roles
from tests.cloud.endpoint.lambda_roles import credentials_of, decrypt_variables, log_group
from tests.cloud.endpoint.roles import Credentials, NotAllowed

Config = dict[str, Any]
Result = dict[str, Any]

RUNTIME = Path(__file__).with_name("lambda_runtime.py")
TASK = "/var/task/"  # folder of the package on AWS

logger = logging.getLogger(__name__)
_unpacking = threading.Lock()


def install() -> None:
    """Run functions in their own interpreters."""
    lambda_svc._execute_function_warm = _execute
    eventbridge._dispatch_to_lambda = _dispatch


def _execute(function: Any, event: Any, request_id: str) -> Result:
    config: Config = function.get("config") or function
    try:
        credentials = credentials_of(config)
        decrypt_variables(config, credentials)
    except NotAllowed as refusal:
        return _failed("AccessDeniedException", str(refusal))
    folder = _unpacked(function["code_zip"])
    with tempfile.TemporaryDirectory(prefix="lambda-", ignore_cleanup_errors=True) as scratch:
        return _invoke(config, credentials, folder, Path(scratch), (event, request_id))


def _invoke(
    config: Config,
    credentials: Credentials,
    folder: Path,
    scratch: Path,
    invocation: tuple[Any, str],
) -> Result:
    event, request_id = invocation
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
    command = [_interpreter(), "-I", "-S", str(RUNTIME)]
    given = json.dumps(request).encode()
    error = None
    try:
        children.run(command, folder, variables, log, stdin=given, timeout=config["Timeout"])
    except subprocess.TimeoutExpired:
        error = _failed("Sandbox.Timedout", f"Task timed out after {config['Timeout']}.00 seconds")
    answered = json.loads(answer.read_text()) if answer.exists() else {}
    result = error or _result(config, answered)
    return {**result, "log": log.read_text(errors="replace")}


def _result(config: Config, answer: Result) -> Result:
    if not answer:
        return _failed("Runtime.ExitError", "Runtime exited without providing a reason")
    if answer["peak_kb"] > config["MemorySize"] * 1024:
        return _failed(
            "Runtime.OutOfMemory", f"{answer['peak_kb']} kB of {config['MemorySize']} MB"
        )
    if "error" in answer:
        return {"body": answer["error"], "error": True, "function_error": "Unhandled"}
    return {"body": answer["result"]}


def _failed(kind: str, message: str) -> Result:
    body = {"errorType": kind, "errorMessage": message}
    return {"body": body, "error": True, "function_error": "Unhandled"}


def _variables(
    config: Config, credentials: Credentials, folder: Path, scratch: Path
) -> dict[str, str]:
    """Return the variables of the function, and those that Lambda adds."""
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
        "log_group_name": log_group(config),
        "log_stream_name": request_id,
    }


def _unpacked(code: bytes) -> Path:
    """Return the folder of the unpacked package, the same for each invocation."""
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
    """Return the real path of the Python for which `--platform host` builds the package."""
    command = [host_python()[1], "-c", "import os, sys; print(os.path.realpath(sys.executable))"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _dispatch(arn: str, payload: str) -> None:
    """Invoke asynchronously, for rules and schedules: retry failures, then queue them."""
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if function is None:
        logger.error("there is no function %s", name)
        return
    record = lambda_svc._execution_record_for_config(function, config)
    lambda_svc.invoke_async_with_retry(record, json.loads(payload))
