"""Partitions are created in the Glue Data Catalog; a refusal is an error with a remedy."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from moto import mock_aws

from glue_jobs.errors import PartitionsRefused
from glue_jobs.load.glue_catalog import GlueCatalog
from glue_jobs.load.partitions import Partition, Table

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import StorageDescriptorTypeDef

DATABASE, NAME = "test_processed_g1", "fact_payment"
TABLE = Table("processed_g1", NAME)
SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
PARQUET: "StorageDescriptorTypeDef" = {
    "Columns": [{"Name": "payment_id", "Type": "int"}],
    "Location": "s3://processed/g=1/fact_payment/",
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "SerdeInfo": {"SerializationLibrary": SERDE},
}


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Iterator["GlueClient"]:
    """Return a Data Catalog with one table."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    with mock_aws():
        glue = boto3.client("glue")
        glue.create_database(DatabaseInput={"Name": DATABASE})
        glue.create_table(
            DatabaseName=DATABASE,
            TableInput={
                "Name": NAME,
                "StorageDescriptor": PARQUET,
                "PartitionKeys": [{"Name": "batch", "Type": "string"}],
            },
        )
        yield glue


def partitions(count: int) -> list[Partition]:
    return [Partition((f"{n:020}-run",), f"s3://processed/{n}/") for n in range(1, count + 1)]


def existing(glue: "GlueClient") -> list[dict[str, Any]]:
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName=DATABASE, TableName=NAME)
    return [dict(partition) for page in pages for partition in page["Partitions"]]


def test_partition_has_the_descriptor_of_its_table_and_its_own_location(glue: "GlueClient"):
    GlueCatalog(glue, "test").add(TABLE, partitions(1))
    [partition] = existing(glue)
    assert partition["Values"] == [f"{1:020}-run"]
    assert partition["StorageDescriptor"] == {**PARQUET, "Location": "s3://processed/1/"}


def test_existing_partitions_are_unchanged_and_new_ones_are_added(glue: "GlueClient"):
    catalog = GlueCatalog(glue, "test")
    for count in (2, 2, 3):
        catalog.add(TABLE, partitions(count))
    assert [partition["Values"] for partition in existing(glue)] == [
        [f"{n:020}-run"] for n in (1, 2, 3)
    ]


def test_many_partitions_are_sent_in_several_requests(glue: "GlueClient"):
    GlueCatalog(glue, "test").add(TABLE, partitions(250))
    assert len(existing(glue)) == 250


def test_error_about_a_missing_table_names_terraform(glue: "GlueClient"):
    with pytest.raises(PartitionsRefused, match=r"test_processed_g2\.fact_payment.+Terraform"):
        GlueCatalog(glue, "test").add(Table("processed_g2", NAME), partitions(1))


def test_partition_that_the_response_refuses_is_an_error(glue: "GlueClient"):
    full = {"ErrorCode": "ResourceNumberLimitExceededException", "ErrorMessage": "full"}
    refused = {"PartitionValues": [f"{1:020}-run"], "ErrorDetail": full}
    with Stubber(glue) as stub:
        stub.add_response("get_table", {"Table": {"Name": NAME, "StorageDescriptor": PARQUET}})
        stub.add_response("batch_create_partition", {"Errors": [refused]})
        with pytest.raises(PartitionsRefused, match=r"0001-run: full.+load_warehouse again"):
            GlueCatalog(glue, "test").add(TABLE, partitions(1))


def test_unreachable_service_is_an_error_with_a_remedy(
    glue: "GlueClient", monkeypatch: pytest.MonkeyPatch
):
    def unreachable(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://glue.eu-west-2.amazonaws.com")

    monkeypatch.setattr(glue, "get_table", unreachable)
    with pytest.raises(PartitionsRefused, match="Could not connect"):
        GlueCatalog(glue, "test").add(TABLE, partitions(1))
