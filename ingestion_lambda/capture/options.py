"""The options of the capture of versions between two polls."""

from dataclasses import dataclass
from typing import Literal, cast, get_args

from ingestion_lambda.errors import InvalidSettings

Method = Literal["difference", "log"]
METHODS: tuple[str, ...] = get_args(Method)


@dataclass(frozen=True)
class CaptureOptions:
    """By ``difference``, or by ``log``: then ``publication`` names the tables, and ``slot`` the
    replication slot, by default one named after the lake. ``accept_unlimited_wal`` accepts a server
    on which a slot that no poll reads fills the disk."""

    method: Method = "difference"
    publication: str = "warehouse"
    slot: str = ""
    accept_unlimited_wal: bool = False


BY_DIFFERENCE = CaptureOptions()


def method(text: str) -> Method:
    """Return the method of that name. Raises InvalidSettings."""
    if text in METHODS:
        return cast(Method, text)
    raise InvalidSettings(
        f"CAPTURE is {text!r} in the function's environment. To fix: set it to"
        f" {' or '.join(METHODS)}."
    )
