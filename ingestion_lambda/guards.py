"""What no poll commits unless an operator says so: changes that look like a mistake."""

from collections.abc import Mapping

from contracts import SourceTable
from ingestion_lambda.errors import AnotherSource, MassDelete
from ingestion_lambda.options import PollOptions
from ingestion_lambda.source.snapshot import Snapshot
from lake.entries import Batch, Changes

MASS_DELETE_SHARE = 0.20
MASS_DELETE_ROWS = 100
"""More than both, of one table in one batch, is a mass delete (DESIGN.md, one poll)."""

OTHER_SOURCE_SHARE = 0.20
"""Of the rows that we know: a restored or upgraded source differs in fewer. Another one differs in
nearly all, for it shares no history with ours."""

SERVER = ("system_identifier", "database")


def refuse_mass_delete(
    table: SourceTable, changes: Changes, known: int, orders: PollOptions
) -> None:
    """Raise MassDelete where more of the ``known`` rows are gone than anybody deletes on purpose,
    and ``orders`` do not let the table pass."""
    is_mass = changes.deleted > max(MASS_DELETE_ROWS, MASS_DELETE_SHARE * known)
    if is_mass and table.name not in orders.allow_mass_delete:
        raise MassDelete(
            f"{changes.deleted} of {known} rows of {table.name} are gone from the source at"
            " once; nothing was committed. If that is meant, let it pass once with"
            f" --allow-mass-delete {table.name}; else check the source."
        )


def refuse_another_source(
    head: Batch | None, now: Snapshot, changes: Mapping[str, Changes], orders: PollOptions
) -> None:
    """Raise AnotherSource where the server or the database is not that of the batch ``head``, nor
    the rows: a restore brings back ours, and a wrong DSN leads to somebody else's."""
    if head is None or orders.accept_source:
        return
    before = head.position.identity
    if all(before.get(part) == now.identity[part] for part in SERVER):
        return
    known = sum(b.rows for buckets in head.mirror.values() for b in buckets.values())
    differing = sum(found.updated + found.deleted for found in changes.values())
    if differing > OTHER_SOURCE_SHARE * known:
        raise AnotherSource(
            f"The lake is of another source: server or database are not those of batch {head.seq},"
            f" and {differing} of {known} known rows differ; nothing was committed. Give the DSN of"
            " this lake's source, or another lake. If the source did become this one, let it pass"
            " once with --accept-source."
        )
