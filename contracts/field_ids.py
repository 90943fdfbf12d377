"""Field ids of Parquet columns: a reader finds a column by its id, whatever its name or place.

The ids of a table are 1 to n in the order in which its columns were added, and they never change.
The columns of its first release, those of the source and then those of the platform, are numbered
in their order. A column that is added later, wherever it is in the contract, has the key
``field_id`` with the next number.
"""

from collections.abc import Sequence

from contracts.errors import ContractError
from contracts.tables import Column


def field_ids(columns: Sequence[Column]) -> dict[str, int]:
    """Return the field id of each column of a table, by name."""
    first = [column.name for column in columns if not column.field_id]
    later = {column.name: column.field_id for column in columns if column.field_id}
    return {name: number for number, name in enumerate(first, 1)} | later


def by_field_id(columns: Sequence[Column]) -> list[Column]:
    """Return the columns in the order in which they were added."""
    ids = field_ids(columns)
    return sorted(columns, key=lambda column: ids[column.name])


def check_field_ids(columns: Sequence[Column], where: str) -> None:
    """Raise ContractError unless the columns that were added later continue the numbers of the
    first release without a gap and are nullable: older files do not have them."""
    added = sorted((c for c in columns if c.field_id), key=lambda column: column.field_id)
    following = len(columns) - len(added) + 1
    for expected, column in enumerate(added, following):
        if column.field_id != expected:
            raise ContractError(
                f"{where}: columns.{column.name}.field_id is {column.field_id}, and the next number"
                f" of this table is {expected}. To fix: write field_id = {expected}; never change"
                " or remove the number of another column."
            )
        if not column.nullable:
            raise ContractError(
                f"{where}: columns.{column.name} was added later and is not nullable, and older"
                " files do not have it. To fix: write a question mark after its type."
            )
