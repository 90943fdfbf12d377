"""The AWS Glue Data Catalog as the load uses it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from glue_jobs.errors import PartitionsRefused
from glue_jobs.load.partitions import Partition, Table

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import (
        BatchCreatePartitionResponseTypeDef,
        PartitionInputTypeDef,
        TableTypeDef,
    )

AT_ONCE = 100  # the most that one BatchCreatePartition takes
KNOWN = "AlreadyExistsException"


class GlueCatalog:
    """The databases ``<prefix>_ingestion`` and ``<prefix>_processed_g<generation>``, whose tables
    Terraform made."""

    def __init__(self, glue: "GlueClient", prefix: str) -> None:
        self._glue, self._prefix = glue, prefix

    def add(self, table: Table, partitions: Sequence[Partition]) -> None:
        """Make the partitions known, described as their table is now."""
        database = f"{self._prefix}_{table.database}"
        try:
            found = self._glue.get_table(DatabaseName=database, Name=table.name)["Table"]
            described = [_described(partition, found) for partition in partitions]
            for first in range(0, len(described), AT_ONCE):
                answer = self._glue.batch_create_partition(
                    DatabaseName=database,
                    TableName=table.name,
                    PartitionInputList=described[first : first + AT_ONCE],
                )
                _check(answer, f"{database}.{table.name}")
        except (ClientError, BotoCoreError) as refusal:
            raise _refused(f"{database}.{table.name}", refusal) from refusal


def _described(partition: Partition, table: "TableTypeDef") -> "PartitionInputTypeDef":
    storage = table["StorageDescriptor"].copy()
    storage["Location"] = partition.location
    return {"Values": list(partition.values), "StorageDescriptor": storage}


def _check(answer: "BatchCreatePartitionResponseTypeDef", table: str) -> None:
    """Raise PartitionsRefused where a partition was not made: the call itself succeeds."""
    for error in answer.get("Errors", ()):  # left out where there are none
        if error["ErrorDetail"]["ErrorCode"] != KNOWN:
            told = f"{'/'.join(error['PartitionValues'])}: {error['ErrorDetail']['ErrorMessage']}"
            raise _refused(table, told)


def _refused(table: str, reason: object) -> PartitionsRefused:
    return PartitionsRefused(
        f"The Data Catalog takes no partitions of {table}: {reason}. The warehouse has the rows."
        " Apply Terraform, which makes the tables and lets the job register partitions, then run"
        " load_warehouse again."
    )
