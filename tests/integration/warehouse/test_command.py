"""`python -m warehouse`, which an operator or a job runs before the first load."""

import json
import logging
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from postgres import InvalidReference, connected, from_dsn
from warehouse.command import main

ROOT = Path(__file__).parents[3]
SCHEMA = "select schema_name from etl.warehouse"


def program(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "warehouse", *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )


def test_first_run_creates_the_warehouse_and_a_second_run_changes_nothing(
    warehouse_dsn: str,
) -> None:
    arguments = "migrate", "--warehouse", "env:OWNER", "--schema", "stars"
    first = program(*arguments, OWNER=warehouse_dsn)
    assert first.returncode == 0, first.stderr
    assert "0001_etl.sql applied" in first.stderr
    assert "fact_payment_wide applied" in first.stderr
    with connected(from_dsn(warehouse_dsn), "tests") as connection:
        assert connection.run(SCHEMA) == [["stars"]]
    second = program(*arguments, OWNER=warehouse_dsn)
    assert second.returncode == 0
    assert second.stderr.splitlines() == ["The warehouse in schema stars is up to date."]


def test_secret_contains_the_address_of_the_warehouse(
    warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    address = asdict(from_dsn(warehouse_dsn))
    keys = {"database": "dbname", "user": "username"}
    secret = {keys.get(name, name): part for name, part in address.items()}
    with mock_aws(), caplog.at_level(logging.INFO):
        secrets = boto3.client("secretsmanager")
        secrets.create_secret(Name="owner", SecretString=json.dumps(secret))
        main(["migrate", "--warehouse", "secretsmanager:owner"])
    with connected(from_dsn(warehouse_dsn), "tests") as connection:
        assert connection.run(SCHEMA) == [["warehouse"]]
    assert address["password"] not in caplog.text


def test_failure_is_one_line_without_password_and_an_exit_status(warehouse_dsn: str) -> None:
    missing = program("migrate", "--warehouse", "env:OWNER", OWNER=f"{warehouse_dsn}_not")
    assert missing.returncode == 1
    assert "does not exist" in missing.stderr
    as_dsn = program("migrate", "--warehouse", warehouse_dsn)
    assert as_dsn.returncode == 2
    assert "secretsmanager:NAME or env:VARIABLE" in as_dsn.stderr
    password = from_dsn(warehouse_dsn).password
    assert password
    for result in (missing, as_dsn):
        assert len(result.stderr.splitlines()) == 1
        assert password not in result.stderr


def test_main_raises_the_typed_error() -> None:
    with pytest.raises(InvalidReference):
        main(["migrate", "--warehouse", "nowhere"])


@pytest.mark.parametrize("arguments", [[], ["migrate"], ["nothing"]], ids=" ".join)
def test_wrong_usage_ends_with_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
