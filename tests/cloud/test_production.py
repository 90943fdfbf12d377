"""Production differs in what it keeps: it is applied to an account of its own, outside any VPC."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.cloud.conftest import Stack
from tests.cloud.terraform import TerraformFailed

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


def test_destroy_of_production_leaves_the_data(production: Stack) -> None:
    s3 = production.aws.client("s3")
    name = {"Bucket": production.outputs["buckets"]["ingestion"], "Key": "totesys/staff.parquet"}
    s3.put_object(**name, Body=b"data", IfNoneMatch="*")
    with pytest.raises(TerraformFailed, match="BucketNotEmpty"):
        production.terraform.destroy()
    assert s3.get_object(**name)["Body"].read() == b"data"
