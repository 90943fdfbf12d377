"""The migration as a Glue job: one script, with arguments of Glue among those of the project."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from artifacts.scripts import copy_scripts
from lake import open_lake
from lake.attempts import MIGRATE, Attempt
from postgres import InvalidReference, Unverified, connected, from_dsn
from tests.certificates import Authority
from tests.tls_front import elsewhere
from warehouse.migrate_warehouse import main

ROOT = Path(__file__).parents[3]
SCHEMA = "select schema_name from etl.warehouse"
GLUE_ARGUMENTS = [
    "true",
    "--JOB_ID",
    "j_1",
    "--JOB_RUN_ID",
    "jr_1",
    "--JOB_NAME",
    "migrate-warehouse",
]
GLUE_ARGUMENTS += [
    "--TempDir",
    "s3://t/",
    "--enable-metrics",
    "true",
    "--ware",
    "x",
    "--extra-files",
    "y",
]


def attempts_in(store: Path) -> list[Attempt]:
    return open_lake(store.as_uri(), store.as_uri()).attempts.latest([MIGRATE], 5)


def test_script_creates_the_warehouse_a_second_run_changes_nothing_and_both_are_recorded(
    warehouse_dsn: str, tmp_path: Path
) -> None:
    [script] = [s for s in copy_scripts(tmp_path) if s.name == "migrate_warehouse.py"]

    def output() -> list[str]:
        done = subprocess.run(
            [
                sys.executable,
                script,
                *GLUE_ARGUMENTS,
                "--warehouse",
                "env:OWNER",
                "--schema",
                "stars",
                "--processed",
                tmp_path.as_uri(),
            ],
            cwd=tmp_path,
            env={**os.environ, "OWNER": warehouse_dsn, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=550,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    assert "0001_etl.sql applied" in output()
    with connected(from_dsn(warehouse_dsn), "tests") as connection:
        assert connection.run(SCHEMA) == [["stars"]]
    up_to_date = "The warehouse in schema stars is up to date."
    assert output() == [up_to_date]
    attempts = attempts_in(tmp_path)
    assert [attempt.outcome for attempt in attempts] == ["succeeded", "succeeded"]
    assert [line.text for line in attempts[0].lines] == [up_to_date]


def test_certificate_of_a_remote_warehouse_is_verified_with_the_bundle(
    warehouse_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Authority("Somebody else").write(tmp_path / "other.pem")
    with elsewhere(warehouse_dsn, tmp_path) as dsn:
        monkeypatch.setenv("OWNER", dsn)
        monkeypatch.setenv("PGSSLROOTCERT", str(other))  # the argument has priority
        main([*GLUE_ARGUMENTS, "--warehouse", "env:OWNER", "--ca-bundle", str(tmp_path / "ca.pem")])
        with pytest.raises(Unverified):
            main(["--warehouse", "env:OWNER"])
    with connected(from_dsn(warehouse_dsn), "tests") as connection:
        assert connection.run(SCHEMA) == [["warehouse"]]


def test_failure_raises_the_typed_error_and_is_recorded(tmp_path: Path) -> None:
    arguments = [*GLUE_ARGUMENTS, "--warehouse", "nowhere", "--processed", tmp_path.as_uri()]
    with pytest.raises(InvalidReference):
        main(arguments)
    [attempt] = attempts_in(tmp_path)
    assert (attempt.outcome, attempt.error) == ("failed", "InvalidReference")


def test_run_without_a_warehouse_fails() -> None:
    with pytest.raises(SystemExit) as exit_:
        main(GLUE_ARGUMENTS)
    assert exit_.value.code == 2
