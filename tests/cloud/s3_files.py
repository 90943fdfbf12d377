"""S3 objects as files of Hadoop. A path with objects below it is a folder."""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from botocore.exceptions import ClientError

BLOCK = 128 * 1024 * 1024  # block size of HDFS, which Spark requests; S3 has no blocks
MISSING = {"404", "NoSuchKey", "NoSuchBucket"}

Status = dict[str, Any]


class Files:
    """Objects of all buckets as files with the path ``bucket/key``."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def status(self, path: str) -> Status:
        """Return the status of a path. Raises FileNotFoundError."""
        bucket, key = _named(path)
        try:
            return _file("", self._s3.head_object(**_named_object(path))) if key else _folder("")
        except ClientError as error:
            if error.response["Error"]["Code"] not in MISSING:
                raise
        if self._s3.list_objects_v2(Bucket=bucket, Prefix=f"{key}/", MaxKeys=1)["KeyCount"]:
            return _folder("")
        raise FileNotFoundError(f"s3://{path} does not exist")

    def children(self, path: str) -> list[Status]:
        """Return the children of a folder, or the file itself."""
        if (found := self.status(path))["type"] == "FILE":
            return [found]
        bucket, key = _named(path)
        prefix = f"{key}/" if key else ""
        listed = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, Delimiter="/"
        )
        answers = []
        for page in listed:
            folders = [folder["Prefix"] for folder in page.get("CommonPrefixes", ())]
            answers += [_folder(folder[len(prefix) : -1]) for folder in folders]
            answers += [
                _file(item["Key"][len(prefix) :], item) for item in page.get("Contents", ())
            ]
        return answers

    def open(self, path: str, begin: int, length: int | None) -> tuple[IO[bytes], int]:
        """Return the bytes from ``begin``, and their number."""
        end = "" if length is None else str(begin + length - 1)
        try:
            found = self._s3.get_object(**_named_object(path), Range=f"bytes={begin}-{end}")
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidRange":  # at the very end of the file
                return SpooledTemporaryFile(), 0
            raise
        return found["Body"], found["ContentLength"]

    def create(self, path: str, body: IO[bytes]) -> None:
        """Write a whole object."""
        self._s3.put_object(**_named_object(path), Body=body)

    def rename(self, path: str, target: str) -> bool:
        """Copy, then delete, because S3 cannot rename. Return False if no object exists."""
        moved = [*self._objects(path)]
        for found in moved:
            source = _named_object(found)
            self._s3.copy_object(**_named_object(target + found[len(path) :]), CopySource=source)
            self._s3.delete_object(**source)
        return bool(moved)

    def delete(self, path: str) -> bool:
        """Delete the object, or all objects below. Return False if no object exists."""
        gone = [*self._objects(path)]
        for found in gone:
            self._s3.delete_object(**_named_object(found))
        return bool(gone)

    def _objects(self, path: str) -> Iterator[str]:
        """Yield the paths of the object and of all objects below."""
        bucket, key = _named(path)
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
        for page in pages:
            for item in page.get("Contents", ()):
                if item["Key"] == key or item["Key"].startswith(f"{key}/"):
                    yield f"{bucket}/{item['Key']}"


def _named(path: str) -> tuple[str, str]:
    bucket, _, key = path.partition("/")
    return bucket, key


def _named_object(path: str) -> dict[str, str]:
    bucket, key = _named(path)
    return {"Bucket": bucket, "Key": key}


def _file(name: str, found: Status) -> Status:
    size = found["Size"] if "Size" in found else found["ContentLength"]
    milliseconds = int(found["LastModified"].timestamp() * 1000)
    return _status(name, "FILE", size, milliseconds)


def _folder(name: str) -> Status:
    return _status(name, "DIRECTORY", 0, 0)


def _status(name: str, kind: str, size: int, milliseconds: int) -> Status:
    return {
        "pathSuffix": name,
        "type": kind,
        "length": size,
        "modificationTime": milliseconds,
        "accessTime": milliseconds,
        "blockSize": BLOCK,
        "replication": 1,
        "permission": "777",
        "owner": "job",
        "group": "job",
    }
