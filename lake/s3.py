"""A store in an S3 bucket."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lake.aws import CLIENT_CONFIG
from lake.concurrent import map_concurrently
from lake.errors import AlreadyExists, LakeUnavailable, NotFound
from lake.store import STRAY, Body, Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import TaggingTypeDef

ALREADY_EXISTS, CONFLICT = 412, 409

ATTEMPTS = 5
"""Attempts of a conditional write. S3 answers 409 to one of two concurrent writes; the repeat then
finds the other's object."""

SUPERSEDED: "TaggingTypeDef" = {"TagSet": [{"Key": "superseded", "Value": "true"}]}
"""The tag of an expired object; the bucket's lifecycle rule deletes such objects."""


def open_bucket(bucket: str) -> "S3Store":
    """Return the store in a bucket, with the credentials of the environment."""
    return S3Store(boto3.client("s3", config=CLIENT_CONFIG), bucket)


class S3Store:
    """A store in a bucket. Each object is written with ``If-None-Match: *``."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put_new(self, key: str, body: Body) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            if not isinstance(body, bytes):
                body.seek(0)
            try:
                self._client.put_object(Bucket=self._bucket, Key=key, Body=body, IfNoneMatch="*")
                return
            except ClientError as refusal:
                status = refusal.response["ResponseMetadata"]["HTTPStatusCode"]
                if status == ALREADY_EXISTS:
                    raise AlreadyExists(
                        f"{self.uri(key)} exists already and is never overwritten."
                    ) from None
                if status != CONFLICT or attempt == ATTEMPTS:
                    raise self._unavailable("written", key, refusal) from refusal
            except BotoCoreError as silence:
                raise self._unavailable("written", key, silence) from silence

    def get(self, key: str) -> bytes:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            raise NotFound(
                f"{self.uri(key)} does not exist. To fix: restore it from its versions."
            ) from None
        except (ClientError, BotoCoreError) as refusal:
            raise self._unavailable("read", key, refusal) from refusal

    def newest(self, prefix: str) -> str | None:
        return next(iter(self.latest(prefix, 1)), None)

    def latest(self, prefix: str, count: int) -> list[str]:
        try:
            page = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=prefix, StartAfter=prefix + STRAY, MaxKeys=count
            )
        except (ClientError, BotoCoreError) as refusal:
            raise self._unavailable("listed", prefix, refusal) from refusal
        return [item["Key"] for item in page.get("Contents", [])]

    def under(self, prefix: str) -> list[Stored]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        try:
            return [
                Stored(item["Key"], item["Size"], item["LastModified"])
                for page in pages
                for item in page.get("Contents", [])
            ]
        except (ClientError, BotoCoreError) as refusal:
            raise self._unavailable("listed", prefix, refusal) from refusal

    def settle(self, key: str) -> None:
        """Do nothing: S3 keeps every object that it has acknowledged."""

    def expire(self, keys: Iterable[str]) -> None:
        for _ in map_concurrently(self._tag, keys):
            pass

    def remove(self, keys: Iterable[str]) -> None:
        self.expire(keys)

    def prune(self, prefix: str, beyond: str) -> None:
        """Do nothing: a lifecycle rule of the bucket deletes the objects."""

    def uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"

    def _tag(self, key: str) -> None:
        try:
            self._client.put_object_tagging(Bucket=self._bucket, Key=key, Tagging=SUPERSEDED)
        except (ClientError, BotoCoreError) as refusal:
            raise self._unavailable("tagged", key, refusal) from refusal

    def _unavailable(self, done: str, key: str, refusal: Exception) -> LakeUnavailable:
        return LakeUnavailable(
            f"{self.uri(key)} cannot be {done}: {refusal}."
            " To fix: check that the bucket exists and the permissions of the role."
        )
