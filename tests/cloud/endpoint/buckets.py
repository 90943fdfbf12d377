"""Refusals of S3 that ministack does not make: uploads without a checksum into a bucket with a
default retention, and requests to another region."""

from typing import Any

from ministack.services import s3

CHECKSUMS = ("content-md5", "x-amz-sdk-checksum-algorithm", "x-amz-trailer")
"""A locked bucket requires one of these headers, or one of a checksum. Source: AWS, API of
S3, PutObject and UploadPart: Content-MD5 is required for an object with a retention period."""


def install() -> None:
    """Refuse them."""
    s3._put_object = _with_checksum(s3._put_object, 3)
    s3._upload_part = _with_checksum(s3._upload_part, 4)
    s3.region_mismatch_error = _unreachable


def _with_checksum(upload: Any, headers: int) -> Any:
    """Return ``upload`` with the check. ``headers`` is the position of the headers' argument."""

    def checking(bucket: str, *rest: Any) -> Any:
        lock = s3._bucket_object_lock.get(bucket) or {}
        if lock.get("default_retention") and not _has_checksum(rest[headers - 1]):
            message = "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object"
            return s3._error("InvalidRequest", f"{message} requests with Object Lock", 400)
        return upload(bucket, *rest)

    return checking


def _has_checksum(headers: dict[str, str]) -> bool:
    return any(name in CHECKSUMS or name.startswith("x-amz-checksum-") for name in headers)


def _unreachable(
    method: str, bucket: str, key: str, headers: Any, query: Any, signed: str, home: str
) -> Any:
    """Refuse a request to another region: the gateway endpoint of a network leads to its own region
    only. On AWS such a request is never answered; a refusal ends a test sooner."""
    message = f"The network has no route to S3 in {signed}: {bucket} is in {home}"
    return s3._error("AccessDenied", message, 403, f"/{bucket}/{key}")
