"""A warehouse on another machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from glue_jobs.load_warehouse import main
from postgres import Connection, connected, from_dsn
from tests.integration.glue_jobs.conftest import no_spark
from tests.processed import ProcessedLake, calendar, version_row
from tests.tls_front import elsewhere


@pytest.fixture
def remote_dsn(migrated: Connection, warehouse_dsn: str, tmp_path: Path) -> Iterator[str]:
    """Return the DSN of a migrated warehouse that appears to be on another machine, with TLS."""
    with elsewhere(warehouse_dsn, tmp_path) as dsn:
        yield dsn


def orders(dsn: str) -> int:
    with connected(from_dsn(dsn), "tests") as connection:
        [[count]] = connection.run("select count(*) from warehouse.fact_sales_order_current")
    return int(count)


def test_ca_bundle_in_a_folder_is_read_from_there(
    tmp_path: Path, remote_dsn: str, warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE", remote_dsn)
    processed = ProcessedLake(tmp_path / "lake")
    processed.add({**calendar(), "fact_sales_order": [version_row(1, 1)]})
    lake = [f"--ingestion={processed.ingestion}", f"--processed={processed.processed}"]
    main([*lake, "--warehouse=env:WAREHOUSE", f"--ca-bundle={tmp_path / 'ca.pem'}"], no_spark)
    assert orders(warehouse_dsn) == 1
