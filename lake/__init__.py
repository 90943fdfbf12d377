"""The lake: its stores, whose objects are written once, and the logs that commit them."""

from lake.errors import (
    AlreadyExists,
    InvalidLake,
    LakeUnavailable,
    NotFound,
    SeqTaken,
)
from lake.lake import Lake, open_lake, open_store
from lake.log import Log
from lake.range_log import RangeLog
from lake.run import new_run, now
from lake.store import Store, Stored

__all__ = [
    "AlreadyExists",
    "InvalidLake",
    "Lake",
    "LakeUnavailable",
    "Log",
    "NotFound",
    "RangeLog",
    "SeqTaken",
    "Store",
    "Stored",
    "new_run",
    "now",
    "open_lake",
    "open_store",
]
