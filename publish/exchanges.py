"""Exchange files of a published table for others with the same rows, in one commit."""

from collections.abc import Collection, Mapping

from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.update.snapshot import ExpireSnapshots

from publish.catalog import commit
from publish.errors import MissingInput, WrongRowCount

KEPT_SNAPSHOTS = 10


def exchange(
    table: Table,
    replaced: Collection[str],
    written: Collection[DataFile],
    properties: Mapping[str, str],
) -> None:
    """Replace files by their addresses, and set properties. Raises MissingInput unless the table
    has every replaced file, WrongRowCount, and Conflict."""
    deleted = _current(table, replaced)
    _refuse_other_count(table, deleted, written)
    with commit():
        transaction = table.transaction()
        if expired := [s.snapshot_id for s in table.snapshots()][: -(KEPT_SNAPSHOTS - 1)]:
            ExpireSnapshots(transaction).by_ids(expired).commit()
        transaction.set_properties(dict(properties))
        with transaction.update_snapshot().overwrite() as overwrite:
            for file in deleted:
                overwrite.delete_data_file(file)
            for file in written:
                overwrite.append_data_file(file)
        transaction.commit_transaction()


def _current(table: Table, addresses: Collection[str]) -> list[DataFile]:
    """Return the files of the table with these addresses. Raises MissingInput."""
    current = {task.file.file_path: task.file for task in table.scan().plan_files()}
    if missing := sorted(set(addresses) - current.keys()):
        raise MissingInput(
            f"{'.'.join(table.name())} does not have {missing[0]}, which a compaction replaces: it"
            " was dropped, and is being published again. Nothing is changed. To fix: compact again"
            " later."
        )
    return [current[address] for address in addresses]


def _refuse_other_count(
    table: Table, deleted: Collection[DataFile], written: Collection[DataFile]
) -> None:
    """Raise WrongRowCount unless the files written have as many rows as those deleted."""
    before, after = (sum(file.record_count for file in files) for files in (deleted, written))
    if before != after:
        raise WrongRowCount(
            f"{'.'.join(table.name())} has {before} rows in files that a compaction replaces by"
            f" {after} rows. To fix: publish everything again (python -m embedded publish --again)."
        )
