"""The AWS Glue Data Catalog, as the load uses it."""

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

MAX_PARTITIONS = 100  # per BatchCreatePartition request
EXISTS = "AlreadyExistsException"


class GlueCatalog:
    """The databases ``<prefix>_ingestion`` and ``<prefix>_processed_g<generation>``, with the
    tables that Terraform creates."""

    def __init__(self, glue: "GlueClient", prefix: str) -> None:
        self._glue, self._prefix = glue, prefix

    def add(self, table: Table, partitions: Sequence[Partition]) -> None:
        """Create the partitions, with the storage descriptor that their table has now. Raises
        PartitionsRefused."""
        database = f"{self._prefix}_{table.database}"
        try:
            described = self._glue.get_table(DatabaseName=database, Name=table.name)["Table"]
            inputs = [_partition_input(partition, described) for partition in partitions]
            for first in range(0, len(inputs), MAX_PARTITIONS):
                response = self._glue.batch_create_partition(
                    DatabaseName=database,
                    TableName=table.name,
                    PartitionInputList=inputs[first : first + MAX_PARTITIONS],
                )
                _check(response, f"{database}.{table.name}")
        except (ClientError, BotoCoreError) as refusal:
            raise _refused(f"{database}.{table.name}", refusal) from refusal


def _partition_input(partition: Partition, table: "TableTypeDef") -> "PartitionInputTypeDef":
    storage = table["StorageDescriptor"].copy()
    storage["Location"] = partition.location
    return {"Values": list(partition.values), "StorageDescriptor": storage}


def _check(response: "BatchCreatePartitionResponseTypeDef", table: str) -> None:
    """Raise PartitionsRefused if a partition was not created. The request itself succeeds."""
    for error in response.get("Errors", ()):  # absent if there are none
        if error["ErrorDetail"]["ErrorCode"] != EXISTS:
            partition = "/".join(error["PartitionValues"])
            raise _refused(table, f"{partition}: {error['ErrorDetail']['ErrorMessage']}")


def _refused(table: str, reason: object) -> PartitionsRefused:
    return PartitionsRefused(
        f"The Data Catalog refuses partitions of {table}: {reason}. The warehouse has the rows. To"
        " fix: apply Terraform, which creates the tables and allows the job to register partitions,"
        " then run load_warehouse again."
    )
