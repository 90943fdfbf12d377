"""One attempt of a Glue job, as a process under the job's role.

What it finds is what Glue gives: the script, modules and files that its arguments name, fetched by
its role; Python packages and Spark of the image (tests.cloud.glue_image); and credentials.
"""

import logging
import os
import subprocess
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import gettempdir
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError
from ministack.core.responses import get_account_id, get_region
from ministack.services import glue, s3

from tests.cloud import webhdfs
from tests.cloud.endpoint import children, roles
from tests.cloud.endpoint.roles import NotAllowed

Arguments = Mapping[str, str]

SUCCEEDED, FAILED, TIMEOUT = "SUCCEEDED", "FAILED", "TIMEOUT"
IMAGE = Path(gettempdir()) / "glue"
WHEELS = ".gluewheels.zip"
TOLD = 1_000  # characters of an error that GetJobRun tells
LINES = 1_000  # the last ones that are logged
# What Glue asks for to place a job into a network.
DESCRIBING = (
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
)
GLUES_TAG = {"aws_TagKeys": ["aws-glue-service-resource"]}

logger = logging.getLogger(__name__)
_making_image = Lock()


class CannotStart(Exception):
    """What the job needs before its script runs is not to be had."""


@dataclass(frozen=True)
class Attempt:
    """A job, its run, the arguments, and an empty folder to work in."""

    job: dict[str, Any]
    run: dict[str, Any]
    arguments: Arguments
    folder: Path
    seconds: float = field(default=0)

    def result(self) -> tuple[str, str]:
        """Run it; the state in which it ended, and an error message."""
        try:
            return self._run()
        except (CannotStart, NotAllowed, ClientError) as failure:
            return FAILED, str(failure)

    def _run(self) -> tuple[str, str]:
        work, modules, settings = self._folders("work", "modules", "conf")
        self._place_into_network()
        script = self._fetch(self.job["Command"]["ScriptLocation"], self.folder)
        for address in _listed(self.arguments.get("--extra-files")):
            self._fetch(address, work)
        path = self._install(modules)
        command = [str(image() / "bin" / "python3"), str(script), *self._argv()]
        with webhdfs.serving(self._s3) as gateway:
            _write_settings(settings, gateway)
            state = self._start(command, work, self._environment(path, settings))
        errors = (self.folder / "stderr").read_text(errors="replace")
        self._report()
        return state, "" if state == SUCCEEDED else _error(errors)

    def _start(self, command: list[str], work: Path, environment: dict[str, str]) -> str:
        out, errors = self.folder / "stdout", self.folder / "stderr"
        try:
            status = children.run(command, work, environment, out, errors, timeout=self.seconds)
        except subprocess.TimeoutExpired:
            errors.open("a").write("Job execution timed out\n")
            return TIMEOUT
        return FAILED if status else SUCCEEDED

    @cached_property
    def _credentials(self) -> roles.Credentials:
        arn = glue._arn("job", self.job["Name"])
        return roles.assume(self.job["Role"], "glue", arn, "GlueJobRunnerSession")

    @cached_property
    def _s3(self) -> Any:
        return roles.client("s3", self._credentials)

    def _folders(self, *names: str) -> Iterator[Path]:
        for name in names:
            (self.folder / name).mkdir()
            yield self.folder / name

    def _fetch(self, address: str, folder: Path) -> Path:
        """A copy of the object in the folder, as the job's role may have it."""
        bucket, _, key = address.removeprefix("s3://").partition("/")
        target = folder / Path(key).name
        try:
            target.write_bytes(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as refusal:
            raise CannotStart(f"{address} cannot be fetched: {refusal}") from None
        return target

    def _install(self, target: Path) -> list[Path]:
        """Install ``--additional-python-modules``; where Python finds them."""
        wanted = [self._wanted(item) for item in _listed(self.arguments.get(MODULES))]
        if not wanted:
            return []
        packages = (image() / "pip", image() / "site-packages")
        environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": os.pathsep.join(map(str, packages)),
            "PIP_CONFIG_FILE": os.devnull,
        }
        options = self.arguments.get("--python-modules-installer-option", "").split()
        command = [str(image() / "bin" / "python3"), "-m", "pip", "install", "--quiet"]
        command += ["--root-user-action=ignore", "--prefix", str(target), *options]
        command += [word for words in wanted for word in words]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise CannotStart(f"pip failed: {done.stderr.strip()[-TOLD:]}")
        return list(target.glob("lib/python*/site-packages"))

    def _wanted(self, item: str) -> list[str]:
        if not item.startswith("s3://"):
            return [item]
        file = self._fetch(item, self.folder)
        if not item.endswith(WHEELS):
            return [str(file)]
        with zipfile.ZipFile(file) as archive:
            archive.extractall(self.folder)
        wheels = self.folder / "wheels"
        return ["--find-links", str(wheels), "--requirement", str(wheels / "requirements.txt")]

    def _argv(self) -> list[str]:
        own = {"--JOB_NAME": self.job["Name"], "--JOB_RUN_ID": self.run["Id"], "--JOB_ID": "j_0"}
        return [word for pair in (own | dict(self.arguments)).items() for word in pair]

    def _environment(self, path: list[Path], settings: Path) -> dict[str, str]:
        temporary = self.folder / "tmp"
        temporary.mkdir()
        packages = image() / "site-packages"
        return {
            **roles.environment(self._credentials),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
            "JAVA_HOME": str(image() / "java"),
            "PYTHONPATH": os.pathsep.join(map(str, [*path, packages])),
            "PYSPARK_PYTHON": str(image() / "bin" / "python3"),
            "PYSPARK_SUBMIT_ARGS": f"{_spark_options(self.arguments)} pyspark-shell",
            "SPARK_CONF_DIR": str(settings),
            "SPARK_HOME": str(packages / "pyspark"),
            "SPARK_LOCAL_DIRS": str(temporary),
            "SPARK_LOCAL_IP": "127.0.0.1",
        }

    def _place_into_network(self) -> None:
        names = self.job.get("Connections", {}).get("Connections", [])
        for name in names:
            roles.check(self._credentials, "glue:GetConnection", glue._arn("connection", name))
        if not names:
            return
        for action in DESCRIBING:
            roles.check(self._credentials, action, "*")
        own = glue._connections[names[0]]["PhysicalConnectionRequirements"]
        place = f"arn:aws:ec2:{get_region()}:{get_account_id()}"
        interface = f"{place}:network-interface/eni-0"
        groups = [f"{place}:security-group/{group}" for group in own["SecurityGroupIdList"]]
        for resource in (interface, f"{place}:subnet/{own['SubnetId']}", *groups):
            roles.check(self._credentials, "ec2:CreateNetworkInterface", resource)
        roles.check(self._credentials, "ec2:CreateTags", interface, **GLUES_TAG)
        roles.check(self._credentials, "ec2:DeleteTags", interface, **GLUES_TAG)
        roles.check(self._credentials, "ec2:DeleteNetworkInterface", interface)

    def _report(self) -> None:
        """Write log and metrics as far as the role may: on AWS too the job goes on without."""
        try:
            self._log("output", self.folder / "stdout")
            self._log("error", self.folder / "stderr")
            if self.arguments.get("--enable-metrics"):
                check, who = roles.check, self._credentials
                check(who, "cloudwatch:PutMetricData", "*", cloudwatch_namespace="Glue")
        except (ClientError, NotAllowed) as refusal:
            logger.error("%s tells less than it should: %s", self.job["Name"], refusal)

    def _log(self, kind: str, file: Path) -> None:
        group = f"/aws-glue/jobs/{self._log_folder()}{kind}"
        stream = {"logGroupName": group, "logStreamName": self.run["Id"]}
        with suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_group(logGroupName=group)
        if self.job.get("SecurityConfiguration"):
            place = f"arn:aws:logs:{get_region()}:{get_account_id()}"
            where = f"{place}:log-group:{group}:log-stream:"
            roles.check(self._credentials, "logs:AssociateKmsKey", where)
        self._logs.create_log_stream(**stream)
        now = int(time.time() * 1000)
        lines = [line for line in file.read_text(errors="replace").splitlines() if line]
        events = [{"timestamp": now, "message": line} for line in lines[-LINES:] or [" "]]
        self._logs.put_log_events(**stream, logEvents=events)

    @cached_property
    def _logs(self) -> Any:
        return roles.client("logs", self._credentials)

    def _log_folder(self) -> str:
        secured = self.job.get("SecurityConfiguration")
        return f"{secured}-role/{self.job['Role'].rpartition('/')[2]}/" if secured else ""


MODULES = "--additional-python-modules"


def image() -> Path:
    """The image, made when first asked for."""
    with _making_image:
        if not IMAGE.exists():
            IMAGE.mkdir()
            command = [os.environ["GLUE_PYTHON"], "-m", "tests.cloud.glue_image", str(IMAGE)]
            subprocess.run(command, check=True)
        return IMAGE


def _write_settings(folder: Path, gateway: str) -> None:
    """Spark's settings: those of the image, and a mount for each bucket."""
    mounts = (
        f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback {gateway}/{bucket}/\n"
        for bucket in s3._buckets
    )
    settings = (image() / "spark-defaults.conf").read_text() + "".join(mounts)
    (folder / "spark-defaults.conf").write_text(settings)


def _spark_options(arguments: Arguments) -> str:
    """``--conf``, whose value may go on with more of them: Glue knows no other way."""
    given = arguments.get("--conf", "")
    return " ".join(f"--conf '{part.strip()}'" for part in given.split(" --conf ") if part)


def _listed(value: str | None) -> list[str]:
    return [item.strip() for item in (value or "").split(",") if item.strip()]


def _error(text: str) -> str:
    """What the last traceback ends with, or else the last line."""
    _, traced, rest = text.rpartition("Traceback (most recent call last):\n")
    lines = [line for line in rest.splitlines() if line.strip() and line[0] != " "]
    return "".join(lines[:1] if traced else lines[-1:])[:TOLD]
