"""Metadata that a table does not use any more."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from pyiceberg.io import FileIO
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata

from lake import Lake, NotFound, Store, layout, now
from lake.store import Stored
from publish.catalog import PublishedTables
from publish.retrying import until_it_succeeds
from publish.tables import published_tables

METADATA = ".metadata.json"

logger = logging.getLogger(__name__)


def unreachable(store: Store, folder: str, table: Table, unused_for: timedelta) -> list[str]:
    """Return the keys of the objects in ``folder`` that are older than ``unused_for`` and than this
    version of the table, and that no version has reached since then.

    No later version reaches them either, also if publishers run concurrently: a publisher writes
    the objects of a commit after the version that the commit replaces, and a commit that replaces
    an earlier one is refused.
    """
    stored, reached = store.under(folder), _reached(table.metadata, table.io)
    versions = (each for each in stored if store.uri(each.key) == table.metadata_location)
    limit = min(now() - unused_for, *(version.written_at for version in versions))
    reached |= {table.metadata_location, *_reached_at(limit, stored, store, table.io)}
    return [
        each.key
        for each in stored
        if each.written_at < limit and store.uri(each.key) not in reached
    ]


def version_of(address: str) -> int:
    """Return the number of the version that a metadata file describes. Two files have the same
    number if one of two commits was refused."""
    return int(address.rpartition("/")[2].partition("-")[0])


def _reached_at(limit: datetime, stored: Iterable[Stored], store: Store, files: FileIO) -> set[str]:
    """Return the addresses of what the version reached that was the last one at a time. Objects
    before it that a later version reached are among them."""
    versions = [each for each in stored if each.key.endswith(METADATA) and each.written_at <= limit]
    if not versions:
        return set()
    last = max(versions, key=lambda each: (each.written_at, version_of(each.key)))
    equal = (store.uri(each.key) for each in versions if _place(each) == _place(last))
    return {reached for address in equal for reached in _reached_from(address, files)}


def _place(version: Stored) -> tuple[str, int]:
    return version.key.rpartition("/")[0], version_of(version.key)


def _reached_from(address: str, files: FileIO) -> set[str]:
    try:
        metadata = FromInputFile.table_metadata(files.new_input(address))
        return {address, *_reached(metadata, files)}
    except NotFound:  # an earlier run removed what it reached
        return {address}


def _reached(metadata: TableMetadata, files: FileIO) -> set[str]:
    """Return the addresses of the metadata that a version uses, of earlier ones too as long as it
    names them."""
    lists = {snapshot.manifest_list for snapshot in metadata.snapshots}
    manifests = {
        manifest.manifest_path
        for snapshot in metadata.snapshots
        for manifest in snapshot.manifests(files)
    }
    earlier = {entry.metadata_file for entry in metadata.metadata_log}
    return {*earlier, *lists, *manifests}


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
