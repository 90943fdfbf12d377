"""Guards: changes that look like a mistake are not committed unless an operator allows them."""

from collections.abc import Mapping

from contracts import SourceTable
from ingestion_lambda.errors import AnotherSource, MassDelete
from ingestion_lambda.options import PollOptions
from ingestion_lambda.source.snapshot import Snapshot
from lake.entries import Batch, Changes
from lake.mirror_map import mirror_rows

MASS_DELETE_SHARE = 0.20
MASS_DELETE_ROWS = 100
"""A batch that deletes more than both of one table is a mass delete."""

OTHER_SOURCE_SHARE = 0.20
"""Share of the mirrored rows that may differ after the server or the database changed. A restored
or upgraded source differs in fewer rows; an unrelated one differs in nearly all of them."""

SERVER = ("system_identifier", "server_start", "database")


def is_mass_delete(deleted: int, mirrored: int) -> bool:
    """Return whether a poll refuses to delete that many of the mirrored rows of a table."""
    return deleted > max(MASS_DELETE_ROWS, MASS_DELETE_SHARE * mirrored)


def refuse_mass_delete(
    table: SourceTable, deleted: int, mirrored: int, options: PollOptions
) -> None:
    """Raise MassDelete if too many of the ``mirrored`` rows are ``deleted`` and ``options`` do not
    allow it for the table."""
    is_allowed = table.name in options.allow_mass_delete
    if is_mass_delete(deleted, mirrored) and not is_allowed:
        raise MassDelete(
            f"{deleted} of {mirrored} rows of {table.name} were deleted from the source at"
            " once; nothing was committed. To fix: if the deletion is intended, poll once with"
            f" --allow-mass-delete {table.name}; otherwise check the source."
        )


def refuse_another_source(
    head: Batch | None, snapshot: Snapshot, changes: Mapping[str, Changes], options: PollOptions
) -> None:
    """Raise AnotherSource if the server or the database differs from that of the batch ``head``
    and so do the rows. A restored source has the same rows; the database of a wrong DSN has not."""
    if head is None or options.accept_source:
        return
    before = head.position.identity
    if all(before.get(part) == snapshot.identity.get(part) for part in SERVER):
        return
    mirrored = mirror_rows(head)
    differing = sum(table.updated + table.deleted for table in changes.values())
    if differing > OTHER_SOURCE_SHARE * mirrored:
        raise AnotherSource(
            "The lake belongs to another source: the server or the database differs from that of"
            f" batch {head.seq}, and {differing} of {mirrored} mirrored rows differ; nothing was"
            " committed. To fix: give the DSN of this lake's source, or another lake. If the source"
            " really moved, poll once with --accept-source."
        )
