"""Times of commits that never go back, whatever the clock of the machine does."""

from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.table import StagedTable, Table
from pyiceberg.table.update import AddSnapshotUpdate, TableRequirement, TableUpdate
from pyiceberg.typedef import Identifier


class ForwardCatalog(MetastoreCatalog):
    """A catalog in which each version of a table is later than the one before, by a millisecond if
    the clock was set back. Iceberg's Java library, which Athena and Spark use, refuses a table
    whose times go back by more than a minute, and pyiceberg takes the time of the clock."""

    def _update_and_stage_table(
        self,
        current_table: Table | None,
        table_identifier: Identifier,
        requirements: tuple[TableRequirement, ...],
        updates: tuple[TableUpdate, ...],
    ) -> StagedTable:
        earliest = current_table.metadata.last_updated_ms + 1 if current_table else 0
        moved = tuple(_not_before(each, earliest) for each in updates)
        staged = super()._update_and_stage_table(
            current_table, table_identifier, requirements, moved
        )
        updated = max(staged.metadata.last_updated_ms, earliest)
        staged.metadata = staged.metadata.model_copy(update={"last_updated_ms": updated})
        return staged


def _not_before(update: TableUpdate, earliest: int) -> TableUpdate:
    if not isinstance(update, AddSnapshotUpdate) or update.snapshot.timestamp_ms >= earliest:
        return update
    snapshot = update.snapshot.model_copy(update={"timestamp_ms": earliest})
    return update.model_copy(update={"snapshot": snapshot})
