"""Commits that add data files to an Iceberg table."""

from collections.abc import Iterable, Mapping

from pyiceberg.manifest import DataFile, ManifestFile
from pyiceberg.table import Table, Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update import RemoveSnapshotsUpdate
from pyiceberg.table.update.snapshot import _FastAppendFiles, _ManifestMergeManager

KEPT_SNAPSHOTS = 10
MERGED = 10  # manifests that become one
LEVELS = (10, 100, 1_000, 10_000)
"""Manifests of fewer files than these are merged."""


def add_files(table: Table, files: Iterable[DataFile], properties: Mapping[str, str]) -> None:
    """Add files and set properties in one commit, which expires all but the newest snapshots."""
    transaction = _Transaction(table)
    append = _Append(Operation.APPEND, transaction, table.io)
    for file in files:
        append.append_data_file(file)
    append.commit()
    transaction.set_properties(dict(properties))
    expired = [s.snapshot_id for s in table.snapshots()][: -(KEPT_SNAPSHOTS - 1)]
    if expired:
        forgotten = RemoveSnapshotsUpdate.model_validate({"snapshot-ids": expired})
        transaction._apply((forgotten,))
    transaction.commit_transaction()


class _Transaction(Transaction):
    """A transaction that computes its metadata once after each update. pyiceberg copies all of it
    at each access, which took most of the time of a commit."""

    _computed: tuple[int, TableMetadata] | None = None

    @property
    def table_metadata(self) -> TableMetadata:
        if self._computed is None or self._computed[0] != len(self._updates):
            self._computed = len(self._updates), super().table_metadata
        return self._computed[1]


class _Append(_FastAppendFiles):
    """Adds a manifest for the new files, and merges earlier ones in levels: manifests of fewer
    files than a level become one when there are ten, and ten for each lower level. So an entry is
    written again at most once a level, and a table of 100,000 files has about 50 manifests.
    pyiceberg's own merging writes all entries again at each hundredth commit."""

    def _process_manifests(self, manifests: list[ManifestFile]) -> list[ManifestFile]:
        earlier = [each for each in manifests if each.added_snapshot_id != self.snapshot_id]
        for number, level in reversed(list(enumerate(LEVELS, start=1))):
            small = [manifest for manifest in earlier if _count(manifest) < level]
            if len(small) >= MERGED * number:
                merged = _ManifestMergeManager(0, 0, True, self)._create_manifest(0, small)
                return [m for m in manifests if m not in small] + [merged]
        return manifests


def _count(manifest: ManifestFile) -> int:
    """Return the number of files that the manifest names."""
    return (manifest.added_files_count or 0) + (manifest.existing_files_count or 0)
