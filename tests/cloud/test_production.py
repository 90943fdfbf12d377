"""Production differs in what it keeps: it is applied to an account of its own, outside any VPC."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cloud.conftest import Stack
from tests.cloud.local_aws import LocalAws
from tests.cloud.terraform import Terraform, TerraformFailed

DAYS = {"ingestion": 365, "processed": 90}


@pytest.fixture(scope="module")
def production(artifacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The applied root of ``terraform/prod``."""
    with LocalAws(tmp_path_factory.mktemp("aws")) as aws:
        terraform = Terraform("prod", tmp_path_factory.mktemp("prod"), aws.environment())
        terraform.init()
        terraform.variables(
            artifacts_dir=str(artifacts),
            emails=["data@example.com"],
            runbook_url="https://example.com/runbook",
        )
        terraform.apply()
        yield Stack(aws, terraform, terraform.outputs())


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
