"""Objects of the lake cannot be deleted: the policies of the buckets, enforced by the endpoint."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.cloud.stacks import Stack

BOTH = ("ingestion", "processed")
WRITTEN_ONCE = [
    ("ingestion", "totesys/staff/observed_date=2026-01-01/batch=1/part.parquet"),
    ("ingestion", "_mirror/staff/0-1.parquet"),
    ("ingestion", "_log/1.json"),
    ("processed", "g=1/_log/facts/1.json"),
    ("processed", "_generations/1.json"),
]
SCRATCH = ["g=1/fact/_temporary/0/part", "g=1/fact/__magic_job-1/part", "g=1/fact/", "g=1_$folder$"]
CRC32_OF_FIRST = "knHuVw=="  # of the body "first"
DATA = "g=1/fact_sales_order/batch=1-run/part.parquet"


@pytest.fixture
def s3(stack: Stack) -> Any:
    """Return a client that is restricted by bucket policies only."""
    return stack.aws.client("s3")


@contextmanager
def refused(reason: str = "AccessDenied") -> Iterator[None]:
    with pytest.raises(ClientError) as refusal:
        yield
    assert refusal.value.response["Error"]["Code"] == reason


def new(key: str) -> str:
    """Return the key with a unique prefix of its name."""
    folder, _, name = key.rpartition("/")
    return f"{folder}/{uuid4()}-{name}" if name else f"{folder}/{uuid4()}/"


@pytest.mark.parametrize(("bucket", "key"), WRITTEN_ONCE)
def test_new_object_requires_if_none_match(stack, s3, bucket, key):
    name = {"Bucket": stack.outputs["buckets"][bucket], "Key": new(key)}
    with refused():
        s3.put_object(**name, Body=b"first")
    s3.put_object(**name, Body=b"first", IfNoneMatch="*")
    with refused("PreconditionFailed"):
        s3.put_object(**name, Body=b"second", IfNoneMatch="*")
    with refused():
        s3.put_object(**name, Body=b"second")
    with refused():
        s3.copy_object(**name, CopySource=name)
    assert s3.get_object(**name)["Body"].read() == b"first"


def test_multipart_upload_is_refused_only_at_its_completion(stack, s3):
    name = {
        "Bucket": stack.outputs["buckets"]["ingestion"],
        "Key": new("totesys/staff/part.parquet"),
    }
    created = s3.create_multipart_upload(**name, ChecksumAlgorithm="CRC32")
    upload, checksum = {**name, "UploadId": created["UploadId"]}, {"ChecksumCRC32": CRC32_OF_FIRST}
    part = s3.upload_part(**upload, PartNumber=1, Body=b"first", **checksum)
    one_part = {"PartNumber": 1, "ETag": part["ETag"], **checksum}
    parts = {"MultipartUpload": {"Parts": [one_part]}}
    with refused():
        s3.complete_multipart_upload(**upload, **parts)
    s3.complete_multipart_upload(**upload, **parts, IfNoneMatch="*")
    assert s3.get_object(**name)["Body"].read() == b"first"


def test_spark_writes_its_data_without_conditions(stack, s3):
    s3.put_object(Bucket=stack.outputs["buckets"]["processed"], Key=new(DATA), Body=b"first")


@pytest.mark.parametrize("bucket", BOTH)
def test_deletes_of_objects_and_of_versions_are_refused(stack, s3, bucket):
    name = {"Bucket": stack.outputs["buckets"][bucket], "Key": new(DATA)}
    version = s3.put_object(**name, Body=b"first", IfNoneMatch="*")["VersionId"]
    with refused():
        s3.delete_object(**name)
    for bypass in (False, True):
        with refused():
            s3.delete_object(**name, VersionId=version, BypassGovernanceRetention=bypass)
    assert s3.get_object(**name)["Body"].read() == b"first"


@pytest.mark.parametrize("key", SCRATCH)
def test_deletes_of_temporary_files_of_spark_are_allowed(stack, s3, key):
    name = {"Bucket": stack.outputs["buckets"]["processed"], "Key": new(key)}
    s3.put_object(**name, Body=b"")
    s3.delete_object(**name)
    with refused("NoSuchKey"):
        s3.get_object(**name)


@pytest.mark.parametrize("bucket", BOTH)
def test_versioning_cannot_be_suspended(stack, s3, bucket):
    with refused():
        s3.put_bucket_versioning(
            Bucket=stack.outputs["buckets"][bucket],
            VersioningConfiguration={"Status": "Suspended"},
        )


def test_plain_http_is_refused_by_every_bucket(stack, s3):
    plain = stack.aws.client("s3", url=stack.aws.plain_url)
    for bucket in stack.outputs["buckets"].values():
        s3.list_objects_v2(Bucket=bucket)
        with refused():
            plain.list_objects_v2(Bucket=bucket)
