"""Metadata that a table does not use any more."""

from datetime import timedelta

from pyiceberg.table import Table

from lake import Store, now


def unreachable(store: Store, folder: str, table: Table, unused_for: timedelta) -> list[str]:
    """Return the keys of the objects in ``folder`` that this version of the table does not reach,
    and that are older than it and than ``unused_for``.

    No later version reaches them either, also if publishers run concurrently: a publisher writes
    the objects of a commit after the version that the commit replaces, and a commit that replaces
    an earlier one is refused.
    """
    stored, reached = store.under(folder), _reached(table)
    versions = (each for each in stored if store.uri(each.key) == table.metadata_location)
    limit = min(now() - unused_for, *(version.written_at for version in versions))
    return [
        each.key
        for each in stored
        if each.written_at < limit and store.uri(each.key) not in reached
    ]


def _reached(table: Table) -> set[str]:
    """Return the addresses of the metadata that the table uses, of earlier versions too as long as
    it names them."""
    metadata = table.metadata
    lists = {snapshot.manifest_list for snapshot in metadata.snapshots}
    manifests = {
        manifest.manifest_path
        for snapshot in metadata.snapshots
        for manifest in snapshot.manifests(table.io)
    }
    earlier = {entry.metadata_file for entry in metadata.metadata_log}
    return {table.metadata_location, *earlier, *lists, *manifests}
