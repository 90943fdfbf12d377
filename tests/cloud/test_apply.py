"""Terraform creates all resources of the code, and a second plan has no changes."""

import json
import re
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.conftest import DEPLOYING, PLANNING, REPOSITORY
from tests.cloud.local_aws import REGION, ROOT
from tests.cloud.stacks import Account, Stack
from tests.cloud.terraform import TerraformFailed

RESOURCE = re.compile(r'^resource "(\w+)"', re.MULTILINE)
INDEX = re.compile(r"\[.*?\]")
ONLY_IN_PRODUCTION = {"aws_s3_bucket_object_lock_configuration"}  # test_production
OTHER_SUBJECTS = [
    "repo:somebody/else:ref:refs/heads/main",
    f"repo:{REPOSITORY}:ref:refs/heads/branch",
    f"repo:{REPOSITORY}:environment:dev",
    f"repo:{REPOSITORY}-copy:ref:refs/heads/main",
]


def test_every_resource_type_of_the_code_is_applied(account: Account, stack: Stack) -> None:
    applied = Counter(map(type_of, account.terraform.resources() + stack.terraform.resources()))
    print(f"\n{applied.total()} resources of {len(applied)} types:")
    print("\n".join(f"{count:5} {name}" for name, count in sorted(applied.items())))
    files = (ROOT / "terraform" / "modules").glob("*/main.tf")
    coded = {name for file in files for name in RESOURCE.findall(file.read_text())}
    assert coded - set(applied) == ONLY_IN_PRODUCTION


def type_of(address: str) -> str:
    """Return the second last word of an address without its index."""
    return INDEX.sub("", address).split(".")[-2]


@pytest.fixture(scope="module")
def reader(account: Account) -> dict[str, str]:
    """Return the variables of a process with the role of pull requests."""
    role = account.outputs["roles"]["plan"]
    return account.aws.environment(account.aws.from_github(role, PLANNING))


def test_second_plan_has_no_changes(account: Account, stack: Stack, reader: dict[str, str]) -> None:
    """The plan of the stack runs under the role of pull requests, which may only read."""
    terraform = stack.terraform.acting_as(reader)
    assert terraform.changes("-lock=false") == ""
    assert account.terraform.changes() == ""


def test_event_trigger_that_reads_as_disabled_changes_no_plan(stack: Stack) -> None:
    """AWS refuses to start and to stop a trigger of this type, so such a plan could not be
    applied."""
    glue, name = stack.aws.client("glue"), f"{stack.outputs['workflow']}-batch-committed"
    glue.stop_trigger(Name=name)  # the endpoint stops it, as the provider may read it from AWS
    try:
        assert stack.terraform.changes("-target=module.workflow.aws_glue_trigger.event") == ""
    finally:
        glue.start_trigger(Name=name)


def test_state_is_in_the_bucket_of_the_account(account: Account, stack: Stack) -> None:
    s3 = stack.aws.client("s3")
    name = {"Bucket": account.outputs["backend"]["bucket"], "Key": "dev/terraform.tfstate"}
    state = json.loads(s3.get_object(**name)["Body"].read())
    assert state["outputs"]["function"]["value"] == stack.outputs["function"]
    assert s3.head_object(**name)["ServerSideEncryption"] == "aws:kms"


def test_pull_request_may_not_apply(stack: Stack, reader: dict[str, str]) -> None:
    terraform = stack.terraform.acting_as(reader)
    with pytest.raises(TerraformFailed, match="not authorized"):
        terraform.apply(
            "-lock=false", "-refresh=false", "-target=module.workflow", "-var=workers=3"
        )


@pytest.mark.parametrize("subject", [*OTHER_SUBJECTS, PLANNING])
def test_no_other_subject_deploys(account: Account, subject: str) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        account.aws.from_github(account.outputs["roles"]["dev"], subject)


def test_deployment_of_one_environment_cannot_change_another(account: Account) -> None:
    deployer = account.aws.from_github(account.outputs["roles"]["dev"], DEPLOYING)
    s3 = account.aws.client("s3", deployer)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.create_bucket(
            Bucket="totesys-prod-ingestion-123456789012",
            CreateBucketConfiguration={"LocationConstraint": REGION},
        )
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket=account.outputs["backend"]["bucket"], Key="prod/terraform.tfstate")


def test_deployment_changes_only_its_own_groups(account: Account, network: dict[str, Any]) -> None:
    deployer = account.aws.from_github(account.outputs["roles"]["dev"], DEPLOYING)
    ec2, administrator = account.aws.client("ec2", deployer), account.aws.client("ec2")
    new = {"Description": "of others", "VpcId": network["vpc_id"]}
    group = administrator.create_security_group(GroupName="others", **new)["GroupId"]
    opened = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
    }
    own = [
        {"Key": "project", "Value": "totesys"},
        {"Key": "environment", "Value": "dev"},
    ]
    try:
        with pytest.raises(ClientError, match="UnauthorizedOperation"):
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[opened])
        with pytest.raises(ClientError, match="UnauthorizedOperation"):
            ec2.create_tags(Resources=[group], Tags=own)
        with pytest.raises(ClientError, match="UnauthorizedOperation"):
            ec2.create_security_group(GroupName="untagged", **new)
    finally:
        administrator.delete_security_group(GroupId=group)
