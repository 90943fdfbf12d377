"""The entry of the load: its arguments, and how it finds the warehouse."""

import json
import logging
from dataclasses import asdict
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from glue_jobs.errors import InvalidArguments
from glue_jobs.load_warehouse import main
from postgres import Connection, connected, from_dsn
from tests.integration.glue_jobs.conftest import no_spark
from tests.processed import ProcessedLake, calendar, version_row


@pytest.fixture
def processed(tmp_path: Path, migrated: Connection) -> ProcessedLake:
    """Return a lake with a batch, which an empty warehouse waits for."""
    processed = ProcessedLake(tmp_path)
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    return processed


def arguments(processed: ProcessedLake, reference: str) -> list[str]:
    return [
        f"--ingestion={processed.ingestion}",
        f"--processed={processed.processed}",
        f"--warehouse={reference}",
    ]


def orders(dsn: str) -> int:
    with connected(from_dsn(dsn), "tests") as connection:
        [[count]] = connection.run("select count(*) from warehouse.fact_sales_order_current")
    return int(count)


def test_warehouse_is_found_by_a_variable_and_secrets_are_not_logged(
    processed: ProcessedLake,
    warehouse_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("WAREHOUSE", warehouse_dsn)
    with caplog.at_level(logging.INFO):
        main(arguments(processed, "env:WAREHOUSE"), no_spark)
    assert orders(warehouse_dsn) == 1
    [record] = [r for r in caplog.records if r.getMessage() == "warehouse loaded"]
    assert (vars(record)["from_seq"], vars(record)["through_seq"]) == (1, 1)
    password = from_dsn(warehouse_dsn).password
    assert password
    assert not any(password in str(vars(record)) for record in caplog.records)


def test_warehouse_is_found_by_a_secret(
    processed: ProcessedLake,
    warehouse_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    address = asdict(from_dsn(warehouse_dsn))
    names = {"host": "host", "port": "port", "database": "dbname", "user": "username"}
    secret = {names.get(name, name): value for name, value in address.items()}
    with mock_aws():
        boto3.client("secretsmanager").create_secret(
            Name="warehouse/loader", SecretString=json.dumps(secret)
        )
        main(arguments(processed, "secretsmanager:warehouse/loader"), no_spark)
    assert orders(warehouse_dsn) == 1


def test_load_without_a_warehouse_is_refused() -> None:
    with pytest.raises(InvalidArguments, match="--warehouse"):
        main(["--ingestion=file:///a", "--processed=file:///b"])
