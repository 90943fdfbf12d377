"""The objects of this endpoint."""

from urllib.parse import urlsplit

from ministack.services import s3


def object_at(address: str) -> bytes:
    """Return the body of the object at ``s3://bucket/key``."""
    place = urlsplit(address)
    body: bytes = s3._get_object_data(place.netloc, place.path.lstrip("/"))
    return body
