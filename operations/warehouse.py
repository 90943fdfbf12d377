"""What the warehouse says of itself, and what is told where it says nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import contracts
from contracts import PlatformError
from glue_jobs.errors import OtherLedger, SchemaOutdated
from glue_jobs.load import ledger
from glue_jobs.load.pending import origin
from lake import Lake
from postgres import Address, Refused, Unreachable, connected

LEDGER = "select batch_seq, loaded_at from etl.ledger order by batch_seq desc limit :last"
LAST = 8  # batches of which it is asked when they came


@dataclass(frozen=True)
class Warehouse:
    """The batches and the retries that it holds, and when the last batches came. ``told`` is why
    it says nothing, or should not be loaded; ``is_down`` that this is an error; ``is_heard`` is
    False where it could not be asked."""

    head: int = 0
    retries: int = 0
    loaded_at: Mapping[int, datetime] = field(default_factory=dict)
    told: str = ""
    is_down: bool = False
    is_heard: bool = True


def must_answer(lake: Lake, address: Address) -> Warehouse:
    """The warehouse at an address where it is an error if it is down."""
    try:
        return _heard(lake, address)
    except (Refused, Unreachable) as error:
        return Warehouse(told=str(error), is_down=True, is_heard=False)


def may_answer(lake: Lake, address: Callable[[], Address]) -> Warehouse:
    """The warehouse at an address that is to be found out, where nobody expects that we reach it:
    in a network of its own, say. That is no error, whatever the reason."""
    try:
        return _heard(lake, address())
    except PlatformError as error:
        return Warehouse(told=str(error), is_heard=False)


def _heard(lake: Lake, address: Address) -> Warehouse:
    try:
        with connected(address, "status") as connection:
            found = ledger.read_state(connection)
            loaded_at = dict(connection.run(LEDGER, last=LAST))
    except SchemaOutdated as never_migrated:
        return Warehouse(told=str(never_migrated))
    try:
        if seq := lake.batches.head_seq():
            fingerprint = contracts.warehouse().fingerprint
            ledger.check(found, origin(lake, seq), found.schema, fingerprint)
    except SchemaOutdated as outdated:
        return Warehouse(found.head, found.retries, loaded_at, told=str(outdated))
    except OtherLedger as other:
        return Warehouse(told=str(other), is_down=True)
    return Warehouse(found.head, found.retries, loaded_at)
