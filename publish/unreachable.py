"""Metadata that a table does not use any more."""

import logging
from datetime import timedelta
from functools import partial

from pyiceberg.table import Table

from lake import Lake, Store, layout, now
from publish.catalog import PublishedTables
from publish.retrying import until_it_succeeds
from publish.tables import published_tables

logger = logging.getLogger(__name__)


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


def expire_unreachable(lake: Lake, catalog: PublishedTables, unused_for: timedelta) -> int:
    """Remove the metadata that no table of the catalog uses any more and that is older than
    ``unused_for``, and return the number of objects. In S3 they are tagged, and a lifecycle rule
    deletes them."""
    located, count = catalog.locations(), 0
    for published in published_tables(lake.generation):
        if published.identifier in located:
            table = until_it_succeeds(published, partial(catalog.table, published))
            folder = layout.published_folder(published.namespace, published.name)
            unused = unreachable(lake.processed, folder, table, unused_for)
            lake.processed.remove(unused)
            count += len(unused)
    logger.info("unused metadata expired", extra={"objects": count})
    return count
