"""Actions of Glue with the role of a job: placing it into a network, and writing its log."""

import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from ministack.core.responses import get_account_id, get_region
from ministack.services import glue

from tests.cloud.endpoint import roles
from tests.cloud.endpoint.roles import Credentials, NotAllowed

Job = dict[str, Any]

LINES = 1_000  # last lines of the log that are written
DESCRIBING = (
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
)
TAG = {"aws_TagKeys": ["aws-glue-service-resource"]}

logger = logging.getLogger(__name__)


def place_into_network(job: Job, role: Credentials) -> None:
    """Check the actions by which Glue creates and deletes an interface. Raises NotAllowed."""
    names = job.get("Connections", {}).get("Connections", [])
    for name in names:
        roles.check(role, "glue:GetConnection", glue._arn("connection", name))
    if not names:
        return
    for action in DESCRIBING:
        roles.check(role, action, "*")
    wanted = glue._connections[names[0]]["PhysicalConnectionRequirements"]
    place = f"arn:aws:ec2:{get_region()}:{get_account_id()}"
    interface = f"{place}:network-interface/eni-0"
    groups = [f"{place}:security-group/{group}" for group in wanted["SecurityGroupIdList"]]
    for resource in (interface, f"{place}:subnet/{wanted['SubnetId']}", *groups):
        roles.check(role, "ec2:CreateNetworkInterface", resource)
    roles.check(role, "ec2:CreateTags", interface, **TAG)
    roles.check(role, "ec2:DeleteTags", interface, **TAG)
    roles.check(role, "ec2:DeleteNetworkInterface", interface)


def report(job: Job, run: str, role: Credentials, folder: Path) -> None:
    """Write log and metrics if the role may; as on AWS, a refusal does not fail the job.

    AWS does not document when Glue uses the first two rights, which its managed role has.
    """
    bucket = job["Command"]["ScriptLocation"].split("/")[2]
    try:
        if job.get("SecurityConfiguration"):
            roles.check(role, "glue:GetSecurityConfiguration", "*")
            roles.check(role, "s3:ListBucket", f"arn:aws:s3:::{bucket}")
        _log(job, run, role, ("output", folder / "stdout"))
        _log(job, run, role, ("error", folder / "stderr"))
        if job["DefaultArguments"].get("--enable-metrics"):
            roles.check(role, "cloudwatch:PutMetricData", "*", cloudwatch_namespace="Glue")
    except (ClientError, NotAllowed) as refusal:
        logger.error("the log of %s is incomplete: %s", job["Name"], refusal)


def _log(job: Job, run: str, role: Credentials, written: tuple[str, Path]) -> None:
    kind, file = written
    logs = roles.client("logs", role)
    group = f"/aws-glue/jobs/{_log_folder(job)}{kind}"
    stream = {"logGroupName": group, "logStreamName": run}
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=group)
    if job.get("SecurityConfiguration"):
        place = f"arn:aws:logs:{get_region()}:{get_account_id()}"
        roles.check(role, "logs:AssociateKmsKey", f"{place}:log-group:{group}:log-stream:")
    logs.create_log_stream(**stream)
    now = int(time.time() * 1000)
    lines = [line for line in file.read_text(errors="replace").splitlines() if line]
    events = [{"timestamp": now, "message": line} for line in lines[-LINES:] or [" "]]
    logs.put_log_events(**stream, logEvents=events)


def _log_folder(job: Job) -> str:
    """Return the folder of the logs: by configuration and role with a security configuration."""
    secured = job.get("SecurityConfiguration")
    return f"{secured}-role/{job['Role'].rpartition('/')[2]}/" if secured else ""
