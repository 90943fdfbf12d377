"""Production differs in what it keeps: it is applied to an account of its own, outside any VPC."""

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

DAYS = {"ingestion": 365}  # processed may be locked too, and by default is not


def test_second_plan_of_production_says_no_changes(production: Stack) -> None:
    assert production.terraform.changes() == ""


@pytest.mark.parametrize("bucket", DAYS)
def test_objects_are_locked_from_the_moment_they_are_written(
    production: Stack, bucket: str
) -> None:
    s3, name = production.aws.client("s3"), {"Bucket": production.outputs["buckets"][bucket]}
    s3.put_object(**name, Key="totesys/part.parquet", Body=b"data", IfNoneMatch="*")
    written = s3.head_object(**name, Key="totesys/part.parquet")
    assert written["ObjectLockMode"] == "GOVERNANCE"
    kept = written["ObjectLockRetainUntilDate"] - datetime.now(UTC)
    assert timedelta(0) < timedelta(days=DAYS[bucket]) - kept < timedelta(minutes=5)


@pytest.fixture
def broken_glass() -> Callable[[str], str]:
    """What the page on privacy makes of a bucket's policy."""
    if not shutil.which("jq"):
        pytest.skip("there is no jq on this machine, by which the page changes a policy")
    [commands] = [
        code
        for code in Page("privacy.md").blocks("sh", "### In the lake")
        if "get-bucket-policy" in code
    ]
    [program] = re.findall(r"jq '(.*)'", commands)

    def broken(policy: str) -> str:
        jq = ["jq", program]
        return subprocess.run(jq, input=policy, capture_output=True, text=True, check=True).stdout

    return broken


def test_erased_object_takes_the_place_of_a_locked_one_once_the_glass_is_broken(
    production: Stack, broken_glass: Callable[[str], str]
) -> None:
    s3 = production.aws.client("s3")
    bucket = {"Bucket": production.outputs["buckets"]["ingestion"]}
    name = {**bucket, "Key": "totesys/staff/observed_date=2026-01-01/batch=1-run/part.parquet"}
    first = s3.put_object(**name, Body=b"Ana", IfNoneMatch="*")["VersionId"]
    earlier = {**name, "VersionId": first, "BypassGovernanceRetention": True}
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(**name, Body=b"erased")
    policy = s3.get_bucket_policy(**bucket)["Policy"]
    s3.put_bucket_policy(**bucket, Policy=broken_glass(policy))
    s3.put_object(**name, Body=b"erased", ChecksumAlgorithm="CRC32")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(**name)  # what is there now still cannot be deleted
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(**{**earlier, "BypassGovernanceRetention": False})
    s3.delete_object(**earlier)
    s3.put_bucket_policy(**bucket, Policy=policy)
    versions = s3.list_object_versions(**bucket, Prefix=name["Key"])["Versions"]
    assert [version["IsLatest"] for version in versions] == [True]
    assert s3.get_object(**name)["Body"].read() == b"erased"
    assert production.terraform.changes() == ""


def test_destroy_of_production_leaves_the_data(production: Stack) -> None:
    s3 = production.aws.client("s3")
    name = {"Bucket": production.outputs["buckets"]["ingestion"], "Key": "totesys/staff.parquet"}
    s3.put_object(**name, Body=b"data", IfNoneMatch="*")
    with pytest.raises(TerraformFailed, match="BucketNotEmpty"):
        production.terraform.destroy()
    assert s3.get_object(**name)["Body"].read() == b"data"
