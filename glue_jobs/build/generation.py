"""The contracts of a generation: it continues with others only if they add to what was built."""

from contracts import Calendar, Warehouse
from contracts.observation import can_continue
from contracts.shape import Shape, added_tables, not_added
from glue_jobs.errors import ContractsChanged
from lake import Lake, Log
from lake.entries import Batch, BuildEntry
from lake.shapes import Shapes

UNKNOWN_SHAPE = (
    "an earlier version built it and did not record them; a build of one batch with the former"
    " contracts does"
)
REMEDY = (
    "To fix: build the next generation into an empty database (python -m embedded rebuild"
    " --generation next, or a higher --generation of the jobs)."
)


def check_generation(lake: Lake, contracts: Warehouse) -> None:
    """Raise ContractsChanged if a build of the next batch would."""
    for log in (lake.dimensions, lake.facts):
        check_contracts(log.head(), contracts, lake.batches, lake.shapes)


def check_contracts(
    head: BuildEntry | None, contracts: Warehouse, batches: Log[Batch], shapes: Shapes | None
) -> None:
    """Raise ContractsChanged if batches were built with contracts to which these do not only add
    nullable columns, and tables whose rows are all still to come."""
    if not head or not head.contracts or can_continue(contracts, head.contracts):
        return
    earlier = shapes.of(head.contracts) if shapes else None
    problems = [UNKNOWN_SHAPE] if earlier is None else not_added(earlier, contracts)
    problems += _begun(earlier or {}, contracts, batches.entry(head.last)) if not problems else []
    if problems:
        raise ContractsChanged(
            f"Batches 1 to {head.last} of this generation were built with contracts"
            f" {head.contracts}, and the contracts are {contracts.fingerprint} now, which do more"
            f" than add to them: {'; '.join(problems)}. {REMEDY}"
        )


def _begun(earlier: Shape, contracts: Warehouse, batch: Batch) -> list[str]:
    """Return the added tables whose source table has landed rows up to ``batch``, the last one
    built: their history would begin in the middle."""
    return [
        f"{table.name} is new, and earlier batches have rows of {table.of}"
        for table in added_tables(earlier, contracts)
        if not isinstance(table, Calendar) and table.of in batch.mirror
    ]
