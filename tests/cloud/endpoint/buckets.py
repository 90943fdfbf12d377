"""Refusals of S3 that ministack does not make: uploads without a checksum into a bucket with a
default retention, ends of multipart uploads without the checksums of their parts, and requests to
another region."""

from typing import Any

from ministack.services import s3

CHECKSUMS = ("content-md5", "x-amz-sdk-checksum-algorithm", "x-amz-trailer")
"""A locked bucket requires one of these headers, or one of a checksum. Source: AWS, API of
S3, PutObject and UploadPart: Content-MD5 is required for an object with a retention period."""


def install() -> None:
    """Refuse them."""
    s3._put_object = _with_checksum(s3._put_object, 3)
    s3._upload_part = _with_checksum(s3._upload_part, 4)
    s3._complete_multipart_upload = _with_checksums_of_parts(s3._complete_multipart_upload)
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


def _with_checksums_of_parts(complete: Any) -> Any:
    """Return ``complete`` with the check of an upload that named no algorithm, and whose parts had
    checksums all the same. Source: issue 6518 of aws-sdk-java-v2."""
    upload_part, sent = s3._upload_part, set[str]()

    def uploading(bucket: str, key: str, body: bytes, query: Any, headers: dict[str, str]) -> Any:
        if _has_checksum(headers):
            sent.add(s3._qp(query, "uploadId"))
        return upload_part(bucket, key, body, query, headers)

    def completing(bucket: str, key: str, body: bytes, query: Any, *rest: Any) -> Any:
        name = s3._qp(query, "uploadId")
        upload = s3._multipart_uploads.get(name) or {}
        if name in sent and not upload.get("checksum_algorithm") and b"<Checksum" not in body:
            message = "One or more of the specified parts could not be found."
            return s3._error("InvalidPart", message, 400, f"/{bucket}/{key}")
        return complete(bucket, key, body, query, *rest)

    s3._upload_part = uploading
    return completing


def _has_checksum(headers: dict[str, str]) -> bool:
    return any(name in CHECKSUMS or name.startswith("x-amz-checksum-") for name in headers)


def _unreachable(
    method: str, bucket: str, key: str, headers: Any, query: Any, signed: str, home: str
) -> Any:
    """Refuse a request to another region: the gateway endpoint of a network leads to its own region
    only. On AWS such a request is never answered; a refusal ends a test sooner."""
    message = f"The network has no route to S3 in {signed}: {bucket} is in {home}"
    return s3._error("AccessDenied", message, 403, f"/{bucket}/{key}")
