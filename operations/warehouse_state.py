"""The state of the warehouse for `status`, and the reason if it is not known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import contracts
from contracts import PlatformError
from glue_jobs.build.generation import check_generation
from glue_jobs.errors import ContractsChanged, OtherLedger, SchemaOutdated
from glue_jobs.load import ledger
from lake import Lake
from postgres import Address, connected

LOADED_AT = "select batch_seq, loaded_at from etl.ledger order by batch_seq desc limit :last"
LAST = 8  # batches whose load times are shown


@dataclass(frozen=True)
class WarehouseState:
    """Last batch and retry in the warehouse, and the load times of the last batches.

    ``problem`` says why the state is not known or why nothing can be loaded; ``is_down`` is True if
    that is an error: the warehouse did not answer, is of another lake, or has lost batches.
    ``is_known`` is False if it did not answer or was not asked.
    """

    head: int = 0
    retries: int = 0
    loaded_at: Mapping[int, datetime] = field(default_factory=dict)
    problem: str = ""
    is_down: bool = False
    is_known: bool = True

    @property
    def unreachable(self) -> str:
        """The reason why the warehouse is down, '' if it is not or was not asked."""
        return self.problem if self.is_down else ""


NOT_ASKED = WarehouseState(is_known=False)
"""The state of a warehouse that the operator does not ask, for example in a private network."""


def read_warehouse(lake: Lake, address: Callable[[], Address]) -> WarehouseState:
    """Return the state of a warehouse; it is an error if it cannot be reached, whatever the reason.
    ``address`` finds its address."""
    try:
        return _state(lake, address())
    except PlatformError as error:
        return WarehouseState(problem=str(error), is_down=True, is_known=False)


def _state(lake: Lake, address: Address) -> WarehouseState:
    logged = lake.loads.last_batch()  # before the warehouse, which is loaded before its log
    try:
        with connected(address, "status") as connection:
            state = ledger.read_state(connection)
            loaded_at = dict(connection.run(LOADED_AT, last=LAST))
    except SchemaOutdated as never_migrated:
        return WarehouseState(problem=str(never_migrated), is_down=logged > 0)
    try:
        check_generation(lake, contracts.warehouse())
        ledger.check_contracts(state, state.schema, contracts.warehouse().fingerprint)
        ledger.check_lake(state, lake)
    except (ContractsChanged, SchemaOutdated) as outdated:
        return WarehouseState(state.head, state.retries, loaded_at, problem=str(outdated))
    except OtherLedger as other:
        return WarehouseState(problem=str(other), is_down=True)
    lost = _lost_batches(state.head, logged)
    return WarehouseState(state.head, state.retries, loaded_at, lost, is_down=bool(lost))


def _lost_batches(head: int, logged: int) -> str:
    """Return what is wrong if the warehouse ends before the load log: no event is sent for batches
    that the log calls loaded, so it would stay so."""
    if head >= logged:
        return ""
    return (
        f"The load log says that batch {logged} is loaded, and the warehouse ends at {head}."
        " To fix: start the load, as docs/operations.md says under 'The warehouse is lost'."
    )
