"""Production has locks and a longer retention: it is applied to another account, outside a VPC."""

import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tests.cloud.stacks import Stack
from tests.cloud.terraform import TerraformFailed
from tests.pages import Page

DAYS = {"ingestion": 365}  # processed has no lock by default


@pytest.mark.parametrize("bucket", DAYS)
def test_new_objects_are_locked(production: Stack, bucket: str) -> None:
    s3, name = production.aws.client("s3"), {"Bucket": production.outputs["buckets"][bucket]}
    s3.put_object(**name, Key="totesys/part.parquet", Body=b"data", IfNoneMatch="*")
    written = s3.head_object(**name, Key="totesys/part.parquet")
    assert written["ObjectLockMode"] == "GOVERNANCE"
    kept = written["ObjectLockRetainUntilDate"] - datetime.now(UTC)
    assert timedelta(0) < timedelta(days=DAYS[bucket]) - kept < timedelta(minutes=5)


@pytest.fixture
def relaxed_policy() -> Callable[[str], str]:
    """Return a function that changes a bucket policy as docs/privacy.md does."""
    if not shutil.which("jq"):
        pytest.skip("jq is not installed, which the page uses to change a policy")
    [commands] = [
        code
        for code in Page("privacy.md").blocks("sh", "### In the lake")
        if "get-bucket-policy" in code
    ]
    [program] = re.findall(r"jq '(.*)'", commands)

    def relax(policy: str) -> str:
        jq = ["jq", program]
        return subprocess.run(jq, input=policy, capture_output=True, text=True, check=True).stdout

    return relax


def test_erasure_replaces_a_locked_object_with_a_relaxed_policy(
    production: Stack, relaxed_policy: Callable[[str], str]
) -> None:
    s3 = production.aws.client("s3")
    bucket = {"Bucket": production.outputs["buckets"]["ingestion"]}
    name = {**bucket, "Key": "totesys/staff/observed_date=2026-01-01/batch=1-run/part.parquet"}
    first = s3.put_object(**name, Body=b"Ana", IfNoneMatch="*")["VersionId"]
    earlier = {**name, "VersionId": first, "BypassGovernanceRetention": True}
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(**name, Body=b"erased")
    policy = s3.get_bucket_policy(**bucket)["Policy"]
    s3.put_bucket_policy(**bucket, Policy=relaxed_policy(policy))
    s3.put_object(**name, Body=b"erased", ChecksumAlgorithm="CRC32")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(**name)  # the current object still cannot be deleted
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(**{**earlier, "BypassGovernanceRetention": False})
    s3.delete_object(**earlier)
    s3.put_bucket_policy(**bucket, Policy=policy)
    versions = s3.list_object_versions(**bucket, Prefix=name["Key"])["Versions"]
    assert [version["IsLatest"] for version in versions] == [True]
    assert s3.get_object(**name)["Body"].read() == b"erased"


def test_second_plan_has_no_changes_after_an_erasure_has_restored_the_policy(
    production: Stack,
) -> None:
    assert production.terraform.changes() == ""


def test_destroy_of_production_keeps_the_data(production: Stack) -> None:
    s3 = production.aws.client("s3")
    name = {"Bucket": production.outputs["buckets"]["ingestion"], "Key": "totesys/staff.parquet"}
    s3.put_object(**name, Body=b"data", IfNoneMatch="*")
    with pytest.raises(TerraformFailed, match="BucketNotEmpty"):
        production.terraform.destroy()
    assert s3.get_object(**name)["Body"].read() == b"data"
