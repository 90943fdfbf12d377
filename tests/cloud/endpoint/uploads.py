"""Tags of multipart uploads: ministack does not store them."""

import re
from typing import Any
from urllib.parse import parse_qsl

from ministack.services import s3

UPLOAD_ID = re.compile(rb"<UploadId>(.+)</UploadId>")
_tags: dict[str, dict[str, str]] = {}


def install() -> None:
    """Store them until the upload is complete."""
    create, complete = s3._create_multipart_upload, s3._complete_multipart_upload

    def creating(bucket: str, key: str, headers: dict[str, str]) -> Any:
        response = create(bucket, key, headers)
        if upload := UPLOAD_ID.search(response[2]):
            _tags[upload[1].decode()] = dict(parse_qsl(headers.get("x-amz-tagging", "")))
        return response

    def completing(bucket: str, key: str, body: bytes, query: Any, headers: Any = None) -> Any:
        response = complete(bucket, key, body, query, headers)
        if response[0] == 200 and (tags := _tags.pop(s3._qp(query, "uploadId"), None)):
            s3._object_tags[bucket, key, response[1].get("x-amz-version-id")] = tags
        return response

    s3._create_multipart_upload, s3._complete_multipart_upload = creating, completing
