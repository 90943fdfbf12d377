"""Checksums in C: ministack computes CRCs byte by byte in Python, at 10 MB/s."""

from awscrt import checksums
from ministack.services import s3


def install() -> None:
    """Compute the checksums of S3 natively."""
    s3._crc64nvme = checksums.crc64nvme
    s3._crc32c = checksums.crc32c
