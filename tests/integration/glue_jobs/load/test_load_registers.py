"""The load registers partitions for Athena, then adds the batches to the load log."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from pg8000.native import Connection

from contracts import glue
from glue_jobs import load_warehouse
from glue_jobs.errors import PartitionsRefused
from glue_jobs.load.partitions import Partition, Registry, Table
from glue_jobs.load.transaction import LoadResult, Target, load
from glue_jobs.load_warehouse import main
from lake import new_run
from postgres import from_dsn
from tests.athena.catalog import MemoryCatalog
from tests.integration.glue_jobs.conftest import no_spark
from tests.processed import ProcessedLake, calendar, version_row

FACT = Table("processed_g1", "fact_sales_order")
LEDGER = "select batch_seq from etl.ledger order by 1"
Load = Callable[..., LoadResult]


class DownOnce(MemoryCatalog):
    """A catalog whose first request fails. ``found`` has a result of ``look`` for each request."""

    def __init__(self, look: Callable[[], Any]) -> None:
        super().__init__()
        self.found: list[Any] = []
        self._look = look

    def add(self, table: Table, partitions: Sequence[Partition]) -> None:
        self.found.append(self._look())
        if len(self.found) == 1:
            raise PartitionsRefused("down")
        super().add(table, partitions)


@pytest.fixture
def processed(tmp_path: Path) -> ProcessedLake:
    """Return a lake with two pending batches."""
    processed = ProcessedLake(tmp_path)
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    processed.add({"fact_sales_order": [version_row(1, 2)]}, deleted=[7])
    return processed


@pytest.fixture
def load_into(connection: Connection, processed: ProcessedLake, warehouse_dsn: str) -> Load:
    """Return a function that loads pending batches and registers them with a catalog."""
    target = Target(from_dsn(warehouse_dsn), "warehouse")

    def load_into(catalog: MemoryCatalog) -> LoadResult:
        return load(processed.lake, target, new_run(), Registry(catalog))

    return load_into


def test_loaded_batches_are_registered(load_into: Load):
    catalog = MemoryCatalog()
    load_into(catalog)
    assert {table.name: len(known) for table, known in catalog.partitions.items()} == {
        "dim_date": 1,
        "fact_sales_order": 2,
        "fact_sales_order_tombstones": 1,
    }


def test_partitions_are_registered_after_the_commit_and_before_the_load_log(
    connection: Connection, processed: ProcessedLake, load_into: Load
):
    catalog = DownOnce(lambda: (connection.run(LEDGER), processed.lake.loads.last_batch()))
    with pytest.raises(PartitionsRefused):
        load_into(catalog)
    assert catalog.found == [([[1], [2]], 0)]
    assert processed.lake.loads.last_batch() == 0


def test_next_load_registers_the_partitions_that_failed(processed: ProcessedLake, load_into: Load):
    catalog = DownOnce(processed.lake.loads.head_seq)
    with pytest.raises(PartitionsRefused):
        load_into(catalog)
    assert load_into(catalog).rows == {}
    assert len(catalog.partitions[FACT]) == 2
    assert processed.lake.loads.last_batch() == 2


def test_next_load_registers_a_retry_whose_registration_failed(
    processed: ProcessedLake, load_into: Load
):
    load_into(MemoryCatalog())
    processed.retry({"fact_sales_order": [version_row(2, 1)]}, 2, {})
    catalog = DownOnce(processed.lake.loads.head_seq)
    with pytest.raises(PartitionsRefused):
        load_into(catalog)
    assert load_into(catalog).rows == {}
    assert list(catalog.partitions[FACT]) == [(f"{2:020}-retry-1-2",)]


def test_batch_that_is_not_loaded_is_not_registered(processed: ProcessedLake, load_into: Load):
    processed.land({"fact_sales_order": [version_row(1, 3)]})
    catalog = MemoryCatalog()
    load_into(catalog)
    assert len(catalog.partitions[FACT]) == 2


@pytest.fixture
def data_catalog(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a Data Catalog with the tables of *processed*."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    with mock_aws():
        client = boto3.client("glue")
        client.create_database(DatabaseInput={"Name": "test_processed_g1"})
        for name in glue.tables()["processed"]:
            client.create_table(
                DatabaseName="test_processed_g1",
                TableInput={"Name": name, "StorageDescriptor": {"Location": f"s3://{name}/"}},
            )
        yield client


@pytest.fixture
def job(
    connection: Connection,
    processed: ProcessedLake,
    warehouse_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
) -> list[str]:
    """Return the arguments of a load without a catalog."""
    monkeypatch.setenv("WAREHOUSE", warehouse_dsn)
    monkeypatch.setattr(load_warehouse, "publish_loaded", lambda *_: "")  # tests of its own
    lake = ["--ingestion", processed.ingestion, "--processed", processed.processed]
    return [*lake, "--warehouse", "env:WAREHOUSE"]


def batches(data_catalog: Any) -> list[int]:
    found = data_catalog.get_partitions(DatabaseName="test_processed_g1", TableName=FACT.name)
    return [int(partition["Values"][0].partition("-")[0]) for partition in found["Partitions"]]


@pytest.mark.parametrize(
    ("catalog", "registered"),
    [(["--catalog", "test"], [1, 2]), (["--catalog", ""], []), (["--catalog"], []), ([], [])],
)
def test_job_registers_with_the_catalog_of_its_argument(
    job: list[str],
    processed: ProcessedLake,
    data_catalog: Any,
    catalog: list[str],
    registered: list[int],
):
    main([*job[:4], *catalog, *job[4:]], no_spark)
    assert processed.lake.loads.last_batch() == 2
    assert batches(data_catalog) == registered


def test_job_registers_batches_again_on_request(job: list[str], data_catalog: Any):
    main(job, no_spark)
    main([*job, "--catalog", "test", "--register-from", "2"], no_spark)
    assert batches(data_catalog) == [2]
