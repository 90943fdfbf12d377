"""The endpoint runs code as AWS does: only with its packages and its configuration."""

import io
import json
import textwrap
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.cloud.local_aws import REGION, LocalAws
from tests.cloud.wired import wait_until

BUCKET = "of-the-endpoints-tests"
SCRIPT = """
import importlib.util, os, sys
names = {names}
seen = [name for name in names if importlib.util.find_spec(name)]
"""
PROJECT = ["lake", "contracts", "totesys", "tests", "pg8000", "pytest", "aws_lambda_powertools"]


@pytest.fixture(scope="module")
def role(local_aws: LocalAws) -> str:
    """Create a role that Lambda and Glue may assume, and that may fetch scripts."""
    services = ["lambda.amazonaws.com", "glue.amazonaws.com"]
    trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    fetch = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    iam, s3 = local_aws.client("iam"), local_aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    made = iam.create_role(RoleName=BUCKET, AssumeRolePolicyDocument=policy(trust))["Role"]
    iam.put_role_policy(RoleName=BUCKET, PolicyName="fetch", PolicyDocument=policy(fetch))
    return str(made["Arn"])


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def invoked(aws: LocalAws, role: str, body: str, **configuration: Any) -> Any:
    """Return the answer of a function with this body, or its error. It starts slowly on a busy
    machine, where the usual limit of three seconds may be too short."""
    archive, client, name = io.BytesIO(), aws.client("lambda"), "of-the-endpoints-tests"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("code.py", "def handler(event, context):\n" + textwrap.indent(body, "  "))
        file.writestr("beside.py", "")
    code = {"ZipFile": archive.getvalue()}
    client.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="code.handler",
        Code=code,
        **{"Timeout": 60, **configuration},
    )
    try:
        return json.load(client.invoke(FunctionName=name)["Payload"])
    finally:
        client.delete_function(FunctionName=name)


def test_function_has_only_its_package_and_its_variables(local_aws: LocalAws, role: str):
    body = SCRIPT.format(names=[*PROJECT, "boto3", "beside"]) + "return seen, sorted(os.environ)"
    environment = {"Variables": {"OWN": "value"}}
    seen, variables = invoked(local_aws, role, body, Environment=environment)
    assert seen == ["beside"]
    assert [name for name in variables if not name.startswith(("AWS_", "LC_"))] == [
        *("LAMBDA_TASK_ROOT", "LANG", "OWN", "PATH", "TMPDIR", "TZ")
    ]


@pytest.mark.parametrize(
    ("body", "limit", "error"),
    [
        ("import time; time.sleep(60)", {"Timeout": 1}, "Sandbox.Timedout"),
        ("return len(bytearray(300 * 2**20))", {"MemorySize": 128}, "Runtime.OutOfMemory"),
        ("import os; os._exit(1)", {}, "Runtime.ExitError"),
        ("return 1 / 0", {}, "ZeroDivisionError"),
    ],
)
def test_function_fails_above_its_limits(
    local_aws: LocalAws, role: str, body: str, limit: dict[str, int], error: str
):
    assert invoked(local_aws, role, body, **limit)["errorType"] == error


@contextmanager
def job(aws: LocalAws, role: str, script: str, **definition: Any) -> Iterator[dict[str, Any]]:
    """Run a job with this script; yield its run with the number of attempts."""
    aws.client("s3").put_object(Bucket=BUCKET, Key="script.py", Body=script.encode())
    glue, name = aws.client("glue"), BUCKET
    command = {"Name": "glueetl", "ScriptLocation": f"s3://{BUCKET}/script.py"}
    glue.create_job(Name=name, Role=role, Command=command, **definition)
    run = {"JobName": name, "RunId": glue.start_job_run(JobName=name)["JobRunId"]}

    def found() -> dict[str, Any]:
        return dict(glue.get_job_run(**run)["JobRun"])

    wait_until(lambda: found()["JobRunState"] not in {"STARTING", "RUNNING"})
    yield {**found(), "attempts": len(glue.get_job_runs(JobName=name)["JobRuns"])}
    glue.delete_job(JobName=name)


def test_job_has_only_the_packages_of_glue_and_its_arguments(local_aws: LocalAws, role: str):
    names = [*PROJECT, "pyspark", "pandas", "pyarrow", "boto3"]
    script = SCRIPT.format(names=names) + "raise SystemExit(f'{seen} {sys.argv[-2:]}')"
    with job(local_aws, role, script, DefaultArguments={"--own": "value"}) as run:
        assert run["JobRunState"] == "FAILED"
        assert run["ErrorMessage"] == "['pyspark', 'pandas', 'pyarrow', 'boto3'] ['--own', 'value']"


def test_job_that_times_out_is_not_retried(local_aws: LocalAws, role: str):
    local_aws.lab("jobs/minute", seconds=0.5)
    with job(local_aws, role, "import time; time.sleep(60)", Timeout=1, MaxRetries=2) as run:
        assert (run["JobRunState"], run["attempts"]) == ("TIMEOUT", 1)
    local_aws.lab("jobs/minute", seconds=60)


def test_job_has_only_the_rights_of_its_role(local_aws: LocalAws, role: str):
    script = f"import boto3; boto3.client('s3').delete_object(Bucket='{BUCKET}', Key='script.py')"
    with job(local_aws, role, script) as run:
        assert "AccessDenied" in run["ErrorMessage"]
