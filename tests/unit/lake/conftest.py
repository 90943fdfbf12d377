"""Both kinds of store, so that each test runs with both."""

from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.s3.responses import S3Response

from lake.directory import DirectoryStore
from lake.s3 import S3Store
from lake.store import Store


@pytest.fixture
def one_write_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 decides If-None-Match atomically; moto checks, and then writes."""
    lock, put = Lock(), S3Response._key_response_put

    def locked(*arguments: Any) -> Any:
        with lock:
            return put(*arguments)

    monkeypatch.setattr(S3Response, "_key_response_put", locked)


@pytest.fixture(params=["directory", "s3"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, one_write_at_a_time: None
) -> Iterator[Store]:
    if request.param == "directory":
        yield DirectoryStore(tmp_path / "lake")
        return
    with mock_aws():
        client = boto3.client("s3", region_name="eu-west-2")
        location = {"LocationConstraint": "eu-west-2"}
        client.create_bucket(Bucket="lake", CreateBucketConfiguration=location)  # type: ignore[arg-type]  # a literal
        yield S3Store(client, "lake")
